"""When a run has failed too often to go on."""

from __future__ import annotations

from collections.abc import Iterable

from icelos.contracts import Scored
from icelos.engine.run import Options
from icelos.findings import Failure

ENOUGH = 1000
"""Records before a ratio says anything."""


class Limits:
    """Counts outcomes in their order."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._read = self._failed = self._row = self._longest = 0

    def count(self, outcomes: Iterable[Scored]) -> str:
        """The reason to stop with these, "" where there is none."""
        for outcome in outcomes:
            self._read += 1
            if not isinstance(outcome, Failure):
                self._row = 0
                continue
            self._failed += 1
            self._row += 1
            self._longest = max(self._longest, self._row)
        return self._reason()

    def _reason(self) -> str:
        options = self._options
        if options.max_failures and self._failed > options.max_failures:
            return f"stopped after {self._failed} failures"
        if options.max_consecutive_failures and self._longest > options.max_consecutive_failures:
            return f"stopped after {self._longest} failures one behind the other"
        if self._read >= ENOUGH and self._failed > options.max_failure_ratio * self._read:
            return f"stopped after {self._failed} failures of {self._read} records"
        return ""
