"""What a run, or a server in a day, may spend on models: calls, tokens, seconds, money. Safe between threads.

The budget of a command is that of one run. A server's would be used up once and for all if it were that, and
one for each question would bound nothing, since whoever asks can ask again: it has a budget for every window
of a day, which begins with the first use after the last one's end.

A call is one request sent to the endpoint, repairs and repeated tries included. It is counted before it is
sent, so that calls never exceed their bound; tokens, seconds and money are known only afterwards, so that
the calls under way at that moment may exceed theirs, each by its own size.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator

import msgspec

from icelos.contracts import Usage
from icelos.errors import BudgetError
from icelos.llm.meter import PROCESS, Meter
from icelos.settings import LLMSettings


class Spent(msgspec.Struct, frozen=True):
    """What was spent so far; money in the currency of the settings' prices."""

    calls: int = 0
    tokens: int = 0
    seconds: float = 0.0
    cost: float = 0.0


DAY = 86_400.0
"""The window of a server's budget, in seconds."""


class Budget:
    """Bounds of one run, or of every `window` seconds where that is not 0; a bound of 0 is none.

    A call that is under way when a window ends is charged to the next one. What is counted here is counted
    in `meter` too.
    """

    def __init__(
        self,
        *,
        calls: int = 0,
        tokens: int = 0,
        seconds: float = 0.0,
        cost: float = 0.0,
        window: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        meter: Meter = PROCESS,
    ) -> None:
        self.limit = Spent(calls, tokens, seconds, cost)
        self.window = window
        self._spent = Spent()
        self._clock = clock
        self._meter = meter
        self._ends = -math.inf
        self._lock = threading.Lock()

    @classmethod
    def of(cls, settings: LLMSettings, *, window: float = 0.0) -> Budget:
        """The budget that the settings name: for one run, or with `window=DAY` for each day of a server."""
        return cls(
            window=window,
            calls=settings.max_calls,
            tokens=settings.max_tokens,
            seconds=settings.max_seconds,
            cost=settings.max_cost,
        )

    @property
    def spent(self) -> Spent:
        """What was spent in this run, or in the window that is under way."""
        with self._lock:
            self._renew()
            return self._spent

    def start(self) -> None:
        """Count one call that is about to be sent. Raises BudgetError: which bound, and how much."""
        with self._lock:
            self._renew()
            for name, used, limit in self._bounds():
                if limit and used >= limit:
                    raise BudgetError(
                        f"the budget of model {name} is used up: {used:g} of {limit:g}{self._until()}",
                        hint=f"raise llm.max_{name}, or 0 for no bound",
                    )
            self._spent = msgspec.structs.replace(self._spent, calls=self._spent.calls + 1)
        self._meter.sent()

    def charge(self, usage: Usage) -> None:
        """Add what a call has cost."""
        self._meter.charge(usage)
        with self._lock:
            self._renew()
            self._spent = Spent(
                self._spent.calls,
                self._spent.tokens + usage.prompt_tokens + usage.completion_tokens,
                self._spent.seconds + usage.seconds,
                self._spent.cost + usage.cost,
            )

    def seconds_left(self) -> float | None:
        """Seconds until the bound of seconds, at least 0; None where there is none."""
        if not self.limit.seconds:
            return None
        return max(0.0, self.limit.seconds - self.spent.seconds)

    def _renew(self) -> None:
        """Begin a window where none is under way."""
        if self.window and self._clock() >= self._ends:
            self._spent, self._ends = Spent(), self._clock() + self.window

    def _until(self) -> str:
        if not self.window:
            return ""
        minutes = math.ceil((self._ends - self._clock()) / 60)
        return f", for another {minutes // 60} h {minutes % 60} min"

    def _bounds(self) -> Iterator[tuple[str, float, float]]:
        for name in Spent.__struct_fields__:
            yield name, getattr(self._spent, name), getattr(self.limit, name)
