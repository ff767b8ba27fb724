"""Objects of a store as records: the same ones, of the same names and ids, that a folder of such files gives.

icelos scan logs 's3://bucket/logs/2026-*/*.jsonl.gz'
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, cast

import msgspec

from icelos.data.reading import stream_errors
from icelos.data.resuming import Resuming
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


class _Position(msgspec.Struct, frozen=True):
    """Behind how many items of which object; `tag` is that of its content."""

    parts: tuple[str, ...] = ()
    done: int = 0
    tag: str = ""


class ObjectSource(Resuming[_Position, Record | Failure]):
    """Lines, JSON lines, mail or Parquet from the objects of a store, one after another, ordered by name.

    `location` is a folder (s3://bucket/logs/), a pattern (s3://bucket/logs/**/*.jsonl.gz) or an object; names
    are those below the folder, or below the part of a pattern that has no wildcards. Options, all as text:
    `format` is one of `FORMATS`, else Parquet by its suffix or JSON lines; `endpoint` is the URL of another
    S3; `anonymous` "yes" signs nothing. An object that is gone, broken or not for us is a Failure in its
    place; a store that does not answer, after the tries of its client, raises StoreError.

    Memory: a few blocks of an object, and the listing of a folder (about 1 KB an object). Parquet, which is
    read from its end, is copied to a temporary file. Resuming reads the object that it stopped in again, up
    to there, so that every row has the id that it would have had.
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
        super().__init__(_Position(), str(self.place))

    def _behind(self, position: _Position) -> Generator[tuple[_Position, Record | Failure], None, None]:
        bucket = Bucket(self.place, endpoint=self._endpoint, anonymous=self._anonymous)
        is_there = bool(position.parts)
        for entry in bucket.entries(after=position.parts, maildirs=self._kind is MailSource):
            is_there = True
            again = position.done if (entry.parts, entry.tag) == (position.parts, position.tag) else 0
            items = enumerate(self._guarded(bucket, entry), 1)
            for number, item in islice(items, again, None):
                yield _Position(entry.parts, number, entry.tag), item
        if not is_there:
            raise InputError("no object matches", source=str(self.place))

    def _guarded(self, bucket: Bucket, entry: Entry) -> Iterator[Record | Failure]:
        name = entry.name.encode("utf-8", "replace").decode("utf-8")
        try:
            yield from self._records(bucket, entry, name)
        except StoreError:
            raise
        except stream_errors() as error:
            reason = error if isinstance(error, IcelosError) else f"broken stream: {error}"
            yield failure(record_id=record_id(name, "stream"), job="", error=reason, source=name)

    def _records(self, bucket: Bucket, entry: Entry, name: str) -> Iterator[Record | Failure]:
        """As the source of files reads them; to that, an object is a path that can only be opened."""
        reader = self._kind("-")
        if self._kind is not ParquetSource:
            yield from reader._read(cast("Path", _Openable(bucket, entry)), name)
            return
        with tempfile.NamedTemporaryFile(suffix=".parquet") as copy:
            with bucket.open(entry) as stream:
                while block := stream.read(_COPIED):
                    copy.write(block)
            copy.flush()
            yield from reader._read(Path(copy.name), name)


class _Openable:
    def __init__(self, bucket: Bucket, entry: Entry) -> None:
        self._bucket = bucket
        self._entry = entry

    def open(self, mode: str) -> IO[bytes]:  # noqa: ARG002 - as that of a path
        return self._bucket.open(self._entry)
