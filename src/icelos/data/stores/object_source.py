"""Objects of a store as records: the same ones, of the same names and ids, that a folder of such files gives.

icelos scan logs 's3://bucket/logs/2026-*/*.jsonl.gz'
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO, cast

import msgspec

from icelos.data.file_source import FileSource, Spot
from icelos.data.reading import stream_errors
from icelos.data.sources import JsonLinesSource, LineSource, MailSource, ParquetSource
from icelos.data.stores.objects import Bucket, Entry, place_of
from icelos.errors import IcelosError, InputError, SettingsError, StoreError
from icelos.findings import Failure, failure
from icelos.records import Record, record_id

FORMATS: dict[str, type[LineSource | MailSource | ParquetSource]] = {
    "lines": LineSource, "questions": LineSource, "jsonl": JsonLinesSource, "mail": MailSource,
    "parquet": ParquetSource,
}  # fmt: skip
_COPIED = 1 << 22
_ELSEWHERE = "objects"
"""What readers of files are told: they are asked for single objects only."""


class _Position(msgspec.Struct, frozen=True):
    """A spot in an object, whose content `tag` tells from another; or behind all of it."""

    parts: tuple[str, ...] = ()
    tag: str = ""
    spot: Spot = Spot()
    is_over: bool = False


class ObjectSource:
    """Lines, JSON lines, mail or Parquet from the objects of a store, one after another, ordered by name.

    `location` is a folder (s3://bucket/logs/), a pattern (s3://bucket/logs/**/*.jsonl.gz) or an object; names
    are those below the folder, or below the part of a pattern that has no wildcards. Options, all as text:
    `format` is one of `FORMATS`, else Parquet by its suffix or JSON lines; `endpoint` is the URL of another
    S3; `anonymous` "yes" signs nothing. An object that is gone, broken or not for us is a Failure in its
    place; a store that does not answer, after the tries of its client, raises StoreError.

    Memory: a few blocks of an object, and the listing of a folder (about 1 KB an object). Parquet, which is
    read from its end, is copied to a temporary file. An object that changed since is read again from its
    beginning; names that come before the one that was being read are not looked at again.
    """

    options = ("format", "endpoint", "anonymous")

    def __init__(self, location: str, *, format: str = "", endpoint: str = "", anonymous: str = "") -> None:
        self.place = place_of(str(location))
        if anonymous not in ("", "yes", "no"):
            raise SettingsError(f"anonymous is {anonymous!r}", hint='"yes" or "no"')
        name = format or ("parquet" if str(location).endswith(".parquet") else "jsonl")
        if name not in FORMATS:
            raise InputError(f"no format {name!r} for objects", hint=f"one of: {', '.join(FORMATS)}")
        self._kind = FORMATS[name]
        self._endpoint = endpoint
        self._anonymous = anonymous == "yes"
        self._begin = _Position()
        self._goings_back = 0
        self._reading: tuple[Entry, LineSource | MailSource | ParquetSource] | None = None
        self._is_over = False

    def position(self) -> bytes:
        """Behind the item that came last."""
        at = self._begin
        if self._reading is not None:
            entry, reader = self._reading
            spot = Spot() if self._is_over else reader._spot()
            at = _Position(entry.parts, entry.tag, spot, self._is_over)
        return msgspec.msgpack.encode(at)

    def resume(self, position: bytes) -> None:
        """Go on behind it, from now on. Raises InputError for what is no position of such a source."""
        try:
            self._begin = msgspec.msgpack.decode(position, type=_Position)
        except msgspec.MsgspecError as error:
            raise InputError("not a position in it", source=str(self.place)) from error
        self._reading = None
        self._goings_back += 1

    def __iter__(self) -> Iterator[Record | Failure]:
        before = -1
        while before != self._goings_back:
            before = self._goings_back
            with contextlib.closing(self._items(self._begin)) as items:
                for item in items:
                    yield item
                    if before != self._goings_back:
                        break

    def _items(self, begin: _Position) -> Generator[Record | Failure, None, None]:
        bucket = Bucket(self.place, endpoint=self._endpoint, anonymous=self._anonymous)
        is_there = bool(begin.parts)
        for entry in bucket.entries(after=begin.parts, maildirs=self._kind is MailSource):
            is_there = True
            spot = Spot()
            if (entry.parts, entry.tag) == (begin.parts, begin.tag):
                if begin.is_over:
                    continue
                spot = begin.spot
            yield from self._guarded(bucket, entry, spot)
        if not is_there:
            raise InputError("no object matches", source=str(self.place))

    def _guarded(self, bucket: Bucket, entry: Entry, begin: Spot) -> Iterator[Record | Failure]:
        name = entry.name.encode("utf-8", "replace").decode("utf-8")
        reader = self._kind(_ELSEWHERE)
        reader._number = begin.number
        self._reading, self._is_over = (entry, reader), False
        try:
            for item in self._records(reader, bucket, entry, name, begin):
                if item is not None:
                    yield item
        except StoreError:
            raise
        except stream_errors() as error:
            self._is_over = True
            reason = error if isinstance(error, IcelosError) else f"broken stream: {error}"
            yield failure(record_id=record_id(name, "stream"), job="", error=reason, source=name)
        finally:
            reader._stream = None
        self._is_over = True

    def _records(
        self, reader: FileSource, bucket: Bucket, entry: Entry, name: str, begin: Spot
    ) -> Iterator[Record | Failure | None]:
        """As the source of files reads them; to that, an object is a path that can only be opened."""
        if self._kind is not ParquetSource:
            yield from reader._read(cast("Path", _Openable(bucket, entry)), name, begin)
            return
        with tempfile.NamedTemporaryFile(suffix=".parquet") as copy:
            with bucket.open(entry) as stream:
                while block := stream.read(_COPIED):
                    copy.write(block)
            copy.flush()
            yield from reader._read(Path(copy.name), name, begin)


class _Openable:
    def __init__(self, bucket: Bucket, entry: Entry) -> None:
        self._bucket = bucket
        self._entry = entry

    def open(self, mode: str) -> IO[bytes]:  # noqa: ARG002 - as that of a path
        return self._bucket.open(self._entry)
