"""Whether a run is alive and ready, by what it told last; `icelos.engine.serving` tells it to others."""
# ruff: noqa: ARG002 - an observer is told all, and uses some

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from icelos.contracts import Scored
from icelos.engine.observing import Observer
from icelos.engine.run import Report

STALLED_AFTER = 300.0
"""Seconds without a word from the run: longer than the longest batch takes."""


class Health(Observer):
    """What the run told last. May be asked from any thread; times are of a monotonic clock, in seconds."""

    def __init__(
        self, *, stalled_after: float = STALLED_AFTER, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stalled_after = stalled_after
        self._clock = clock
        self._heard = clock()
        self._phase = "starting"
        self._sink_failing = False

    def alive(self) -> str:
        """ "ok", or "stalled" where the run should have told something by now.

        Until it has begun, it may take its time: workers load models then.
        """
        if self._phase in {"starting", "ended"} or self._clock() - self._heard <= self._stalled_after:
            return "ok"
        return "stalled"

    def ready(self) -> str:
        """ "ready", or the reason why not: "starting", "sink", "draining", "stalled", "ended"."""
        if self._phase != "running":
            return self._phase
        return "sink" if self._sink_failing else "ready" if self.alive() == "ok" else "stalled"

    def began(self, report: Report, *, engine: str) -> None:
        self._heard = self._clock()
        self._phase = "running"

    def scored(self, outcomes: Sequence[Scored], seconds: float) -> None:
        self._heard = self._clock()

    def stored(self, report: Report, seconds: float) -> None:
        self._heard = self._clock()
        self._sink_failing = False

    def sink_failed(self, error: Exception, *, again_in: float) -> None:
        self._heard = self._clock() + again_in
        self._sink_failing = True

    def worker_died(self) -> None:
        self._heard = self._clock()

    def checkpointed(self, seconds: float, size: int) -> None:
        self._heard = self._clock()

    def lagging(self, lag: int) -> None:
        self._heard = self._clock()

    def waiting(self) -> None:
        self._heard = self._clock()

    def draining(self) -> None:
        self._heard = self._clock()
        self._phase = "draining"

    def ended(self, report: Report, error: BaseException | None = None) -> None:
        self._phase = "ended"
