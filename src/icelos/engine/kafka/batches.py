"""Messages on their way to a batch, and batches on their way to the sink."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import NamedTuple

from icelos.engine.kafka.lanes import Judged, Owned
from icelos.engine.kafka.messages import Message
from icelos.engine.kafka.states import Snapshot


class Taken(NamedTuple):
    """A message, and the partition that it came by; `size` in bytes, roughly."""

    owned: Owned
    message: Message
    size: int


class Full(NamedTuple):
    """Messages that are scored together."""

    rows: list[Taken]
    size: int


@dataclass
class _Open:
    rows: list[Taken] = field(default_factory=list)
    size: int = 0
    since: float = 0.0


class Batcher:
    """Closes a batch by rows, bytes or seconds. Of a job with state, each partition has its own."""

    def __init__(self, *, rows: int, size: int, seconds: float, apart: bool) -> None:
        self._rows, self._size, self._seconds, self._apart = rows, size, seconds, apart
        self._open: dict[Owned | None, _Open] = {}

    def __len__(self) -> int:
        return sum(len(one.rows) for one in self._open.values())

    def add(self, taken: Taken) -> Full | None:
        """Put a message to its batch; the batch, if it is full now."""
        which = taken.owned if self._apart else None
        batch = self._open.get(which)
        if batch is None:
            batch = self._open[which] = _Open(since=time.monotonic())
        batch.rows.append(taken)
        batch.size += taken.size
        if len(batch.rows) < self._rows and batch.size < self._size:
            return None
        del self._open[which]
        return Full(batch.rows, batch.size)

    def due(self, *, all_of_them: bool = False) -> Iterator[Full]:
        """Batches that have waited long enough."""
        now = time.monotonic()
        for which, batch in list(self._open.items()):
            if all_of_them or now - batch.since >= self._seconds:
                del self._open[which]
                yield Full(batch.rows, batch.size)

    def drop(self, owned: Owned) -> None:
        """Forget the messages of a partition: whoever has it next reads them."""
        for which, batch in list(self._open.items()):
            batch.rows = [taken for taken in batch.rows if taken.owned is not owned]
            batch.size = sum(taken.size for taken in batch.rows)
            if not batch.rows:
                del self._open[which]


class Batch(NamedTuple):
    """Messages that are being scored; `ends` are the offsets behind them, by partition."""

    rows: list[Taken]
    ends: dict[Owned, int]
    result: Future[list[Judged]]
    size: int
    began: float

    def done(self) -> bool:
        return self.result.done()


class Barrier(NamedTuple):
    """States that are being taken: each behind all batches that stand before the barrier."""

    states: list[tuple[Owned, int, Future[bytes]]]
    began: float
    size: int = 0

    def done(self) -> bool:
        return all(state.done() for _, _, state in self.states)


class Row(NamedTuple):
    """A message and what became of it."""

    taken: Taken
    judged: Judged


@dataclass
class Group:
    """What is stored in one go: outcomes, states, and the offsets that may be committed when it is.

    `ends` are the offsets behind the messages, which of a job with state may not be committed without it.
    `reason` is why the run has to stop with it: then outcomes are stored and nothing is committed.
    """

    rows: list[Row] = field(default_factory=list)
    snapshots: dict[Owned, Snapshot] = field(default_factory=dict)
    offsets: dict[Owned, int] = field(default_factory=dict)
    ends: dict[Owned, int] = field(default_factory=dict)
    reason: str = ""
    began: float = 0.0

    def owned(self) -> Group:
        """Without what has become somebody else's meanwhile."""
        return Group(
            [row for row in self.rows if not row.taken.owned.gone],
            {one: snapshot for one, snapshot in self.snapshots.items() if not one.gone},
            {one: offset for one, offset in self.offsets.items() if not one.gone},
            {one: offset for one, offset in self.ends.items() if not one.gone},
            self.reason,
            self.began,
        )
