"""What a run tells while it goes: for metrics, structured logs and the live view."""

from __future__ import annotations

from collections.abc import Sequence

from icelos.contracts import Scored
from icelos.engine.run import Report


class Observer:
    """Is told of everything that happens in a run, from one thread; does nothing with it.

    `lag` is how many records, or bytes where the source counts those, wait at the source.
    """

    def began(self, report: Report, *, engine: str) -> None:
        """The run starts, or goes on where an earlier one stopped: `report` has that one's counts."""

    def scored(self, outcomes: Sequence[Scored], seconds: float) -> None:
        """A batch came back: seconds from when it was given to a worker."""

    def stored(self, report: Report, seconds: float) -> None:
        """Outcomes are durable and counted in `report`; how long writing took."""

    def sink_failed(self, error: Exception, *, again_in: float) -> None:
        """The sink could not write; it is tried again in so many seconds."""

    def worker_died(self) -> None:
        """A worker was replaced."""

    def checkpointed(self, seconds: float, size: int) -> None:
        """State and position are saved: how long it took, and bytes."""

    def lagging(self, lag: int) -> None:
        """What waits at the source."""

    def waiting(self) -> None:
        """A wait for the source or a worker goes on: told about once a second meanwhile."""

    def draining(self) -> None:
        """The run is asked to stop: what is under way is finished, and nothing more is read."""

    def ended(self, report: Report, error: BaseException | None = None) -> None:
        """The run is over; `error` is what ended it, None where it ended well."""


class Observers(Observer):
    """Tells several."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    def began(self, report: Report, *, engine: str) -> None:
        for one in self._observers:
            one.began(report, engine=engine)

    def scored(self, outcomes: Sequence[Scored], seconds: float) -> None:
        for one in self._observers:
            one.scored(outcomes, seconds)

    def stored(self, report: Report, seconds: float) -> None:
        for one in self._observers:
            one.stored(report, seconds)

    def sink_failed(self, error: Exception, *, again_in: float) -> None:
        for one in self._observers:
            one.sink_failed(error, again_in=again_in)

    def worker_died(self) -> None:
        for one in self._observers:
            one.worker_died()

    def checkpointed(self, seconds: float, size: int) -> None:
        for one in self._observers:
            one.checkpointed(seconds, size)

    def lagging(self, lag: int) -> None:
        for one in self._observers:
            one.lagging(lag)

    def waiting(self) -> None:
        for one in self._observers:
            one.waiting()

    def draining(self) -> None:
        for one in self._observers:
            one.draining()

    def ended(self, report: Report, error: BaseException | None = None) -> None:
        for one in self._observers:
            one.ended(report, error)
