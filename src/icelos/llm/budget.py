"""What a run may spend on models: calls, tokens, seconds, money. Safe to share between threads.

A call is one request sent to the endpoint, repairs and repeated tries included. It is counted before it is
sent, so that calls never exceed their bound; tokens, seconds and money are known only afterwards, so that
the calls under way at that moment may exceed theirs, each by its own size.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import msgspec

from icelos.contracts import Usage
from icelos.errors import BudgetError
from icelos.settings import LLMSettings


class Spent(msgspec.Struct, frozen=True):
    """What was spent so far; money in the currency of the settings' prices."""

    calls: int = 0
    tokens: int = 0
    seconds: float = 0.0
    cost: float = 0.0


class Budget:
    """Bounds of one run; a bound of 0 is none."""

    def __init__(self, *, calls: int = 0, tokens: int = 0, seconds: float = 0.0, cost: float = 0.0) -> None:
        self.limit = Spent(calls, tokens, seconds, cost)
        self._spent = Spent()
        self._lock = threading.Lock()

    @classmethod
    def of(cls, settings: LLMSettings) -> Budget:
        """The budget that the settings name for one run."""
        return cls(
            calls=settings.max_calls,
            tokens=settings.max_tokens,
            seconds=settings.max_seconds,
            cost=settings.max_cost,
        )

    @property
    def spent(self) -> Spent:
        return self._spent

    def start(self) -> None:
        """Count one call that is about to be sent. Raises BudgetError: which bound, and how much."""
        with self._lock:
            for name, used, limit in self._bounds():
                if limit and used >= limit:
                    raise BudgetError(
                        f"the budget of model {name} is used up: {used:g} of {limit:g}",
                        hint=f"raise llm.max_{name}, or 0 for no bound",
                    )
            self._spent = msgspec.structs.replace(self._spent, calls=self._spent.calls + 1)

    def charge(self, usage: Usage) -> None:
        """Add what a call has cost."""
        with self._lock:
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
        return max(0.0, self.limit.seconds - self._spent.seconds)

    def _bounds(self) -> Iterator[tuple[str, float, float]]:
        for name in Spent.__struct_fields__:
            yield name, getattr(self._spent, name), getattr(self.limit, name)
