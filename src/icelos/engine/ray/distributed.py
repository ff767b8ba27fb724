"""Reading in the workers: parts of a scan are handed out, and what comes back is in order of its places.

The driver lists, the workers read and score. What a dead worker had not handed over is read again by another
one, from the last item that came. An item that ends its worker each time becomes a failure, and so does a
part that ends those that only read it.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from icelos.contracts import Scored
from icelos.engine.ray.parts import Group, Part, Piece, Readings
from icelos.engine.workers import WorkerDied
from icelos.errors import InputError
from icelos.findings import Failure, failure
from icelos.records import record_id

DEATHS = 2
"""Ends of a worker at one place before what is there is suspected."""
AHEAD = 2
"""Pieces that a worker is asked for at once, so that it does not wait for the driver."""
NOTHING = Group(())
GROUP_BYTES, GROUP_PARTS = 1 << 24, 256
"""Where a group is closed."""
EQUAL = 16
"""Groups of one size; the first are single parts and the next twice as large, for all to have work soon."""


class PendingPiece(Protocol):
    """A piece that is being read and scored."""

    def done(self) -> bool: ...

    def result(self) -> Piece:
        """Waits for it. Raises WorkerDied, and what the worker says is wrong."""
        ...


class Reader(Protocol):
    """A worker that reads; both calls do not wait, and what goes wrong is told by the result."""

    def read(self, group: Group) -> PendingPiece: ...

    def more(self) -> PendingPiece: ...

    def close(self) -> None: ...


class Readers(Protocol):
    """Where readers come from."""

    def start(self) -> Reader:
        """Waits until one answers. Raises RunError where none does."""
        ...

    def grown(self, waiting: int, workers: int) -> Sequence[Reader]:
        """Those that have come since, where `waiting` groups wait for one of `workers`; does not wait."""
        ...

    def wait(self, pending: Sequence[PendingPiece]) -> None:
        """Until one of them is done, or some time."""
        ...


class ScoredBatch(NamedTuple):
    """An outcome for each item, the ids of the records that are clear, and how long it was with a worker.

    One without outcomes says that there was nothing for a while.
    """

    outcomes: list[Scored]
    clear: list[str]
    seconds: float = 0.0


@dataclass
class _Open:
    """A group that is not finished: what is left of it, from the last item that came."""

    parts: tuple[Part, ...]
    within: int = 0
    careful: int = 0
    fatal: bool = False
    deaths: int = 0

    def group(self) -> Group:
        return Group(self.parts, skip=self.within, careful=self.careful, fatal=self.fatal)

    def came(self, handed: Group, piece: Piece) -> None:
        before = (self.parts, self.within)
        self.parts, self.within = handed.parts[piece.part :], piece.within
        if (self.parts, self.within) != before:
            self.careful = max(0, self.careful - len(piece.outcomes))
            self.fatal, self.deaths = False, 0

    def died(self, careful: int) -> Part | None:
        """A worker ended: what is suspected next. Gives the part that is given up, if that is so."""
        self.deaths += 1
        if self.deaths < DEATHS:
            return None
        self.deaths = 0
        if self.fatal:
            lost, self.parts = self.parts[0], self.parts[1:]
            self.within, self.careful, self.fatal = 0, 0, False
            return lost
        if self.careful:
            self.fatal = True
        else:
            self.careful = careful
        return None


@dataclass
class _Lane:
    """A worker and what it was asked for, in that order."""

    reader: Reader
    number: int = -1
    handed: Group = NOTHING
    pending: deque[tuple[PendingPiece, float]] = field(default_factory=deque)

    def ask(self, pending: PendingPiece) -> None:
        self.pending.append((pending, time.perf_counter()))


class Reading:
    """Iterates over what the workers have scored; a Resumable source whose items are batches.

    Raises what the readers raise, and InputError where a location is not there, or where the part at which an
    earlier run stood is gone.
    """

    def __init__(self, readers: Readers, readings: Readings) -> None:
        self._readers = readers
        self._readings = readings
        self._sources = readings.sources()
        self._numbers = count()
        self._open: dict[int, _Open] = {}
        self._waiting: deque[int] = deque()
        self._lanes: list[_Lane] = []
        self._last: Part | None = None
        self._listed = False
        self._unlisted: list[Scored] = []
        self._listing: Iterator[tuple[Part, ...]] = iter(())
        self.died = 0
        """How many workers have ended."""

    def position(self) -> bytes:
        """Behind the batch that was yielded last: the last part listed, and what is left of groups."""
        left = [[one.parts, one.within] for one in self._open.values()]
        told = {"last": self._last, "listed": self._listed, "open": left}
        return json.dumps(told).encode()  # which, unlike msgspec, takes file names of any bytes

    def resume(self, position: bytes) -> None:
        """Go on from there; before the first batch. Raises ValueError for what is no position."""
        try:
            told = json.loads(position)
            last, self._listed = told["last"], bool(told["listed"])
            self._last = None if last is None else (int(last[0]), str(last[1]))
            left = [
                (tuple((int(i), str(n)) for i, n in parts), int(within)) for parts, within in told["open"]
            ]
        except (TypeError, KeyError, IndexError) as error:
            raise ValueError("no position of a distributed reading") from error
        for parts, within in left:
            self._add(_Open(parts, within))

    def __iter__(self) -> Generator[ScoredBatch, None, None]:
        self._listing = self._groups()
        try:
            self._fill()
            while self._open or self._unlisted:
                yield from self._step()
        finally:
            for lane in self._lanes:
                lane.reader.close()
            self._lanes.clear()

    def _step(self) -> Iterator[ScoredBatch]:
        """Hand out, wait, and take what has come."""
        self._fill()
        if self._unlisted:  # before any other batch: the position says that they are told
            outcomes, self._unlisted = self._unlisted, []
            yield ScoredBatch(outcomes, [])
        self._staff()
        self._hand_out()
        busy = [lane for lane in self._lanes if lane.pending]
        if busy:
            self._readers.wait([lane.pending[0][0] for lane in busy])
        idle = True
        for lane in busy:
            while lane.pending and lane.pending[0][0].done():
                batch = self._take(lane)
                if batch.outcomes:
                    idle = False
                    yield batch
        if idle:
            yield ScoredBatch([], [])

    def _staff(self) -> None:
        """Workers that have come; where there is none, the wait for one."""
        if self._waiting:
            grown = self._readers.grown(len(self._waiting), len(self._lanes))
            self._lanes += [_Lane(reader) for reader in grown]
        if self._open and not self._lanes:
            self._lanes.append(_Lane(self._readers.start()))

    def _hand_out(self) -> None:
        for lane in self._lanes:
            if lane.number < 0 and self._waiting:
                lane.number = self._waiting.popleft()
                lane.handed = self._open[lane.number].group()
                lane.ask(lane.reader.read(lane.handed))
            if lane.number >= 0:
                # one by one, so that a worker that ends has ended of the first item that has not come
                ahead = 1 if self._open[lane.number].careful else AHEAD
                while len(lane.pending) < ahead:
                    lane.ask(lane.reader.more())

    def _take(self, lane: _Lane) -> ScoredBatch:
        """The next piece of a worker: behind it is the position from now on."""
        group = self._open[lane.number]
        pending, asked = lane.pending.popleft()
        try:
            piece = pending.result()
        except WorkerDied:
            return ScoredBatch(self._bury(lane, group), [])
        group.came(lane.handed, piece)
        if piece.last:
            del self._open[lane.number]
            lane.number = -1
            lane.pending.clear()  # it was asked for more ahead, and answers that with nothing
        return ScoredBatch(piece.outcomes, piece.clear, time.perf_counter() - asked)

    def _bury(self, lane: _Lane, group: _Open) -> list[Scored]:
        """Its group goes to another worker. Gives the failure of a part that is given up."""
        lane.reader.close()
        self._lanes.remove(lane)
        lane.pending.clear()
        self.died += 1
        lost = group.died(self._readings.batch_size)
        if group.parts:
            self._waiting.appendleft(lane.number)
        else:
            del self._open[lane.number]
        return [] if lost is None else [self._given_up(lost)]

    def _given_up(self, part: Part) -> Failure:
        name = part[1] or self._readings.locations[part[0]]
        reason = "given up: a worker ended each time that it read on here"
        return failure(record_id=record_id(name, "stream"), job=self._readings.job, error=reason, source=name)

    def _add(self, group: _Open) -> None:
        number = next(self._numbers)
        self._open[number] = group
        self._waiting.append(number)

    def _fill(self) -> None:
        """List ahead, but not far: a folder may have any number of files."""
        while len(self._waiting) < 2 * len(self._lanes) + 2:
            parts = next(self._listing, None)
            if parts is None:
                return
            self._last = parts[-1]
            self._add(_Open(parts))

    def _groups(self) -> Iterator[tuple[Part, ...]]:
        listed = self._parts() if not self._listed else iter(())
        for number in count():
            larger = 1 << min(number // EQUAL, 8)
            parts = _taken(listed, max_parts=min(larger, GROUP_PARTS), max_bytes=GROUP_BYTES * larger >> 8)
            if not parts:
                return
            yield parts

    def _parts(self) -> Iterator[Part]:
        """Those behind the last one that was listed; then what cannot be listed."""
        unlisted: list[Scored] = []
        last = self._last
        behind = last is None
        for number, source in enumerate(self._sources):
            for part in source.parts():
                if isinstance(part, Failure):
                    unlisted.append(msgspec.structs.replace(part, job=self._readings.job))
                elif behind:
                    yield (number, part)
                else:
                    behind = (number, part) == last
        if last is not None and not behind:
            raise InputError("where the last run stood is gone", source=last[1], hint="start it anew")
        self._unlisted, self._listed = unlisted, True


def _taken(parts: Iterator[Part], *, max_parts: int, max_bytes: int) -> tuple[Part, ...]:
    taken: list[Part] = []
    weight = 0
    while len(taken) < max_parts and weight < max_bytes and (part := next(parts, None)) is not None:
        taken.append(part)
        weight += _bytes_of(part[1])
    return tuple(taken)


def _bytes_of(name: str) -> int:
    try:
        return Path(name).stat().st_size
    except (OSError, ValueError):  # not a file of this machine
        return 0
