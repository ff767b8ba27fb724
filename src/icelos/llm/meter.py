"""What this process has used of models since it began: a count that never goes back, for monitoring.

A budget bounds a run, or a day of a server; this is what all of them together came to. It is kept for the
process, as its CPU time is, so that it holds what any job and any plug-in calls through `llm/`. What other
processes call, theirs tell.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

import msgspec

from icelos.contracts import Usage
from icelos.errors import BudgetError

Outcome = Literal["ok", "cached", "failed", "budget", "given up"]
OUTCOMES: tuple[Outcome, ...] = ("ok", "cached", "failed", "budget", "given up")


class Used(msgspec.Struct, frozen=True):
    """Requests sent, repairs and repeated tries included; what they cost; replies by their outcome.

    Tokens, seconds on the wall and money as in `Usage`. "given up" is a stream that its reader left.
    """

    calls: int = 0
    usage: Usage = Usage()
    replies: Mapping[Outcome, int] = {}


class Meter:
    """Counts models' use. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls = 0
        self._usage = Usage()
        self._replies: Counter[Outcome] = Counter()

    @property
    def used(self) -> Used:
        """All until now."""
        with self._lock:
            return Used(self._calls, self._usage, dict(self._replies))

    def sent(self) -> None:
        """A request goes to the endpoint."""
        with self._lock:
            self._calls += 1

    def charge(self, usage: Usage) -> None:
        """Add what a request has cost."""
        with self._lock:
            had = self._usage
            self._usage = Usage(
                had.prompt_tokens + usage.prompt_tokens,
                had.completion_tokens + usage.completion_tokens,
                had.seconds + usage.seconds,
                had.cost + usage.cost,
            )
        part = _PART.get()
        if self is PROCESS and part is not None:
            part.charge(usage)

    def replied(self, *, cached: bool = False, error: BaseException | None = None) -> None:
        """A reply was given to who asked, or `error` was raised instead."""
        with self._lock:
            self._replies[_outcome(cached, error)] += 1


_PART: ContextVar[Meter | None] = ContextVar("part", default=None)


@contextmanager
def counted() -> Iterator[Meter]:
    """A meter of what this thread alone calls from here on, for the cost of one answer.

    It may stand in a generator, which has to be closed in the thread that runs it.
    """
    before, part = _PART.get(), Meter()
    _PART.set(part)
    try:
        yield part
    finally:
        _PART.set(before)


def _outcome(cached: bool, error: BaseException | None) -> Outcome:
    if error is None:
        return "cached" if cached else "ok"
    if isinstance(error, BudgetError):
        return "budget"
    return "failed" if isinstance(error, Exception) else "given up"


PROCESS = Meter()
"""That of this process, which every budget and every door counts in unless it is given another."""
