"""What of a scan can be read apart: files, read and scored where the worker is.

The place in a scan is the part and how many of its items are behind one. A part yields the same items, under
the same ids and in the same order, whether it is read alone or with all others; so where a batch is cut does
not matter, and an item is neither lost nor doubled when another worker goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import msgspec

from icelos.contracts import Scored, Stateful
from icelos.data.file_source import FileSource, Spot
from icelos.engine.jobs import open_source
from icelos.engine.ray.parcels import sendable
from icelos.engine.run import score_safely
from icelos.engine.workers import Host
from icelos.errors import InputError, RunError
from icelos.findings import Failure, failure
from icelos.records import Record, record_id


@runtime_checkable
class Divisible(Protocol):
    """A source whose parts can be read apart, in any order, on any machine that reaches them."""

    def parts(self) -> Iterator[str | Failure]:
        """The names of the parts, in the order in which iteration has them; what cannot be listed."""
        ...

    def part(self, name: str) -> Iterator[Record | Failure | None]:
        """The items of one part, the same as in an iteration of the whole."""
        ...


Part = tuple[int, str]
"""The number of a location, and the name of one of its parts."""


class Readings(msgspec.Struct, frozen=True):
    """What is to be read, and how it is cut. `clear_ids` is false where the sink has no use for them."""

    job: str
    locations: tuple[str, ...]
    source_format: str = ""
    options: dict[str, str] = {}
    batch_size: int = 64
    batch_bytes: int = 1 << 24
    clear_ids: bool = True

    def sources(self) -> list[Divisible]:
        """The source of each location. Raises InputError where one is not there, or cannot be read apart."""
        if "-" in self.locations:
            raise InputError("standard input cannot be read by several workers", hint="give files or folders")
        return [divisible(self._open(location)) for location in self.locations]

    def _open(self, location: str) -> Any:
        return open_source(location, job=self.job, source_format=self.source_format, options=self.options)


class Group(msgspec.Struct, frozen=True):
    """Parts for one worker to read; `skip` items of the first are done.

    The next `careful` items are scored one by one. The first of all, where it is `fatal`, becomes a failure
    without being scored: it has ended workers before.
    """

    parts: tuple[Part, ...]
    skip: int = 0
    careful: int = 0
    fatal: bool = False


class Piece(msgspec.Struct, frozen=True):
    """What came of some items: up to `within` items of the part number `part` of the group.

    `last` says that the group has no more. `clear` are ids of records that are clear.
    """

    part: int
    within: int
    outcomes: list[Scored]
    clear: list[str]
    last: bool


class _Place(NamedTuple):
    part: int
    within: int
    item: Record | Failure


FATAL = "a worker ended each time that this record was scored"


def divisible(source: Any) -> Divisible:
    """The source by its parts; one that has none is one part."""
    if isinstance(source, Divisible):
        return source
    return _FileParts(source) if isinstance(source, FileSource) else _Whole(source)


class _FileParts:
    """The files of a source of files."""

    def __init__(self, source: FileSource) -> None:
        self._source = source

    def parts(self) -> Iterator[str | Failure]:
        source = self._source
        assert source.location is not None  # noqa: S101 - standard input is refused before
        unlisted: list[tuple[Path, OSError]] = []
        for path in source._paths(source.location, unlisted):
            if source._is_wanted(path):
                yield str(path)
        for path, error in unlisted:
            name = source._name(path)
            reason = f"cannot list the folder: {error.strerror}"
            yield failure(record_id=record_id(name, "folder"), job="", error=reason, source=name)

    def part(self, name: str) -> Iterator[Record | Failure | None]:
        path = Path(name)
        yield from self._source._guarded(path, self._source._name(path), Spot())


class _Whole:
    def __init__(self, source: Any) -> None:
        self._source = source

    def parts(self) -> Iterator[str | Failure]:
        yield ""

    def part(self, name: str) -> Iterator[Record | Failure | None]:  # noqa: ARG002 - there is one
        return iter(self._source)


class PartReader:
    """Where the worker is: reads a group and scores what it reads, a piece at a time."""

    def __init__(self, host: Host, readings: Readings) -> None:
        self._host = host
        self._readings = readings
        self._sources: list[Divisible] | None = None
        self._group = Group(())
        self._places: Iterator[_Place] = iter(())
        self._end = (0, 0)

    def read(self, group: Group) -> Piece:
        """The first piece of a group. Raises RunError for a job with state, and what sources raise."""
        if isinstance(self._host.job(0), Stateful):
            raise RunError("a job with state cannot read in its workers", hint="its source decides the order")
        self._group, self._end = group, (0, group.skip)
        self._places = self._items(group)
        return self.more()

    def more(self) -> Piece:
        """The next piece; an empty, last one where there is none."""
        careful = self._group.careful > 0
        places, last = self._cut(1 if careful else self._readings.batch_size)
        items = [place.item for place in places]
        fatal = self._group.fatal
        self._group = msgspec.structs.replace(
            self._group, fatal=False, careful=max(0, self._group.careful - len(items))
        )
        outcomes, clear = self._scored(items, fatal=fatal)
        return Piece(*self._end, outcomes, clear, last)

    def _cut(self, size: int) -> tuple[list[_Place], bool]:
        """The next items, and whether they are the last."""
        places: list[_Place] = []
        weight = 0
        for place in self._places:
            places.append(place)
            self._end = (place.part, place.within)
            weight += weight_of(place.item)
            if len(places) >= size or weight >= self._readings.batch_bytes:
                return places, False
        return places, True

    def _items(self, group: Group) -> Iterator[_Place]:
        if self._sources is None:
            self._sources = self._readings.sources()
        for number, (location, name) in enumerate(group.parts):
            within = 0
            for item in self._sources[location].part(name):
                if item is None:
                    continue
                within += 1
                if number or within > group.skip:
                    yield _Place(number, within, item)

    def _scored(
        self, items: Sequence[Record | Failure], *, fatal: bool
    ) -> tuple[list[Scored], list[str]]:  # fmt: skip
        job = self._host.job(0)
        if fatal and items:
            return [_died_of(items[0], job.name)], []
        records = [item for item in items if not isinstance(item, Failure)]
        results = sendable(score_safely(job, records), records, job.name)
        clear = [record.id for record, result in zip(records, results, strict=True) if result is None]
        scored = iter(results)
        outcomes = [
            msgspec.structs.replace(item, job=job.name) if isinstance(item, Failure) else next(scored)
            for item in items
        ]
        return outcomes, clear if self._readings.clear_ids else []


def _died_of(item: Record | Failure, job: str) -> Failure:
    if isinstance(item, Failure):
        return msgspec.structs.replace(item, job=job)
    raw = getattr(item, "text", None) or getattr(item, "raw", None) or ""
    return failure(record_id=item.id, job=job, error=FATAL, source=item.source, raw=raw)


def weight_of(item: Record | Failure) -> int:
    """About how many bytes an item has."""
    raw = getattr(item, "raw", None) or getattr(item, "text", None) or ""
    return len(raw) + 200
