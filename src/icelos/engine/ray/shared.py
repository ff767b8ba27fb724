"""Several workers as one pool for a job without state: whoever is free takes the next batch.

What the run loop sees are seats, as many as it wants; how many workers are behind them follows from what
waits and from what there is room for. A worker that dies costs the batch that it was at; what waited for it
goes to another one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from icelos.contracts import Scored
from icelos.engine.workers import Pending, Worker, WorkerDied
from icelos.records import Record

_AHEAD = 2
"""Batches that a worker has at once: one that is scored, and one that waits for it."""


class Growing(Protocol):
    """Where workers come from."""

    name: str

    def start(self) -> Worker:
        """Waits until one answers. Raises RunError where none does."""
        ...

    def grown(self, waiting: int, workers: int) -> Sequence[Worker]:
        """Those that have come since, where `waiting` batches wait for one of `workers`; does not wait."""
        ...

    def wanted(self, waiting: int, workers: int) -> int: ...

    def wait(self, pending: Sequence[object]) -> None:
        """Until one of them is done, or some time."""
        ...

    def close(self) -> None: ...


@dataclass
class _Real:
    """A worker, and the batches that it has, in their order."""

    worker: Worker
    given: deque[tuple[_Shared, Pending]] = field(default_factory=deque)


class SharedWorkers:
    """Starts seats at a pool."""

    def __init__(self, makers: Growing) -> None:
        self.name = makers.name
        self._makers = makers
        self._real: list[_Real] = []
        self._waiting: deque[_Shared] = deque()

    def start(self) -> Worker:
        """A seat; waits only where there is no worker at all. Raises RunError where none comes in time."""
        self._staff()
        return _Seat(self)

    def close(self) -> None:
        """End all workers."""
        for real in self._real:
            real.worker.close()
        self._real.clear()
        self._makers.close()

    def add(self, batch: _Shared) -> None:
        """A batch for whoever is free."""
        self._waiting.append(batch)
        self.move()

    def forget(self, seat: _Seat) -> None:
        """What waits from a seat that is closed is not wanted any more."""
        self._waiting = deque(batch for batch in self._waiting if batch.seat is not seat)

    def move(self) -> None:
        """Take what is done, and give what waits; does not wait."""
        for real in list(self._real):
            self._take(real)
        self._real += [_Real(one) for one in self._makers.grown(len(self._waiting), len(self._real))]
        self._let_go()
        while self._waiting and self._real:
            real = min(self._real, key=lambda one: len(one.given))
            if len(real.given) >= _AHEAD:
                return
            batch = self._waiting.popleft()
            real.given.append((batch, real.worker.submit(batch.partition, batch.records)))

    def rest(self) -> None:
        """Wait until something is done. Raises RunError where no worker comes."""
        self._staff()
        under_way = [real.given[0][1] for real in self._real if real.given]
        if under_way:
            self._makers.wait(under_way)
        self.move()

    def _staff(self) -> None:
        if not self._real:
            self._real.append(_Real(self._makers.start()))

    def _let_go(self) -> None:
        """An idle worker that is not wanted any more."""
        idle = [real for real in self._real if not real.given]
        if idle and not self._waiting and self._makers.wanted(0, len(self._real)) < len(self._real):
            idle[0].worker.close()
            self._real.remove(idle[0])

    def _take(self, real: _Real) -> None:
        while real.given and real.given[0][1].done():
            batch, pending = real.given.popleft()
            try:
                batch.outcomes = pending.result()
            except WorkerDied as error:
                batch.error = error
                self._bury(real)
            except Exception as error:  # noqa: BLE001 - told where the result is asked for
                batch.error = error

    def _bury(self, real: _Real) -> None:
        """It was at the first of what it had; the others had not begun."""
        real.worker.close()
        self._real.remove(real)
        self._waiting.extendleft(batch for batch, _ in reversed(real.given))
        real.given.clear()


class _Seat:
    """A worker as the loop sees it."""

    def __init__(self, pool: SharedWorkers) -> None:
        self._pool = pool

    def submit(self, partition: int, batch: Sequence[Record]) -> Pending:
        shared = _Shared(self._pool, self, partition, batch)
        self._pool.add(shared)
        return shared

    def snapshot(self) -> dict[int, bytes]:
        return {}

    def restore(self, states: Mapping[int, bytes]) -> None:
        """There is no state."""

    def close(self) -> None:
        self._pool.forget(self)


@dataclass(eq=False)
class _Shared:
    """A batch that waits, or is with a worker."""

    pool: SharedWorkers
    seat: _Seat
    partition: int
    records: Sequence[Record]
    outcomes: list[Scored] | None = None
    error: Exception | None = None

    def done(self) -> bool:
        if not self._settled():
            self.pool.move()
        return self._settled()

    def result(self) -> list[Scored]:
        while not self._settled():
            self.pool.rest()
        if self.outcomes is None:
            raise self.error or WorkerDied("its worker ended")
        return self.outcomes

    def _settled(self) -> bool:
        return self.outcomes is not None or self.error is not None
