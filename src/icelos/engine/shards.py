"""One of several equal runs over the same sources: `--shard 2/8` takes its part, and no other one takes it.

Which part a record is in follows from its id; for a job with state from the partition of its key, so that
what belongs together stays together. Every shard reads all and scores its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec

from icelos.contracts import Live, Resumable, Source
from icelos.engine.partitions import partition_of
from icelos.errors import InputError
from icelos.findings import Failure
from icelos.records import Record

_WRITTEN = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


class Shard(msgspec.Struct, frozen=True):
    """The part `number` (from 1) of `of`."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def parse_shard(text: str) -> Shard:
    """ "2/8" as a shard. Raises InputError."""
    match = _WRITTEN.fullmatch(text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise InputError(f"no shard {text!r}", hint="i/n, such as 2/8: the second of eight")
    return Shard(int(match[1]), int(match[2]))


class ShardSource:
    """Of another source what is in a shard. `part_of` gives the partition of a record of a job with state."""

    def __init__(self, inner: Source, shard: Shard, part_of: Callable[[Record], int] | None = None) -> None:
        self._inner, self._shard, self._part_of = inner, shard, part_of
        self.endless = getattr(inner, "endless", False)
        self.blocking = getattr(inner, "blocking", False)

    def __iter__(self) -> Iterator[Record | Failure | None]:
        mine, of = self._shard.number - 1, self._shard.of
        for item in self._inner:
            if item is None or self._part(item) % of == mine:
                yield item

    def _part(self, item: Record | Failure) -> int:
        if isinstance(item, Failure):
            return partition_of(item.record_id, self._shard.of)
        return partition_of(item.id, self._shard.of) if self._part_of is None else self._part_of(item)

    def position(self) -> bytes | None:
        """The other source's."""
        return self._inner.position() if isinstance(self._inner, Resumable) else None

    def resume(self, position: bytes) -> None:
        """As the other source does."""
        if isinstance(self._inner, Resumable):
            self._inner.resume(position)

    def confirm(self, position: bytes) -> None:
        """To the other source."""
        if isinstance(self._inner, Live):
            self._inner.confirm(position)

    def lag(self) -> int:
        """Of the other source, all shards together."""
        return self._inner.lag() if isinstance(self._inner, Live) else 0

    def close(self) -> None:
        """The other source."""
        if isinstance(self._inner, Live):
            self._inner.close()


class Chain:
    """Sources one after the other, as one."""

    def __init__(self, sources: list[Source]) -> None:
        self._sources = sources
        self._number = 0
        self.endless = any(getattr(source, "endless", False) for source in sources)
        self.blocking = any(getattr(source, "blocking", False) for source in sources)

    def __iter__(self) -> Iterator[Record | Failure | None]:
        for number in range(self._number, len(self._sources)):
            self._number = number
            yield from self._sources[number]

    def position(self) -> bytes | None:
        """Which source, and where that stands."""
        source = self._sources[self._number]
        inner = source.position() if isinstance(source, Resumable) else None
        return None if inner is None else msgspec.msgpack.encode((self._number, inner))

    def resume(self, position: bytes) -> None:
        """Go on there. Raises InputError for what is no position."""
        try:
            self._number, inner = msgspec.msgpack.decode(position, type=tuple[int, bytes])
            source = self._sources[self._number]
        except (msgspec.MsgspecError, IndexError) as error:
            hint = "begin anew with --fresh"
            raise InputError(f"no position of these sources: {error}", hint=hint) from error
        if isinstance(source, Resumable):
            source.resume(inner)
