"""Sources: bytes from files, folders, standard input, databases as records.

A source never raises for one bad record: it yields a Failure in its place and goes on. It raises
InputError only where there is nothing to read at all.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import re
import sqlite3
import struct
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from glob import has_magic, iglob
from pathlib import Path
from typing import IO, cast

import msgspec

from icelos.data.parse.mail import mail_id, split_mbox_at
from icelos.data.reading import (
    Line,
    files_below,
    lines_as_they_come,
    open_input,
    read_lines,
    stream_errors,
)
from icelos.errors import IcelosError, InputError
from icelos.findings import Failure, failure
from icelos.records import LogLine, Mail, Record, record_id

MAIL_LIMIT = 64 * 1024 * 1024
OUTLOOK = b"\xd0\xcf\x11\xe0"
"""How a .msg file begins."""
_WORDS = struct.Struct("<4I").unpack
ROW_ID_FIELDS = ("id", "Id", "eventID", "EventID_GUID", "uuid")


class Spot(msgspec.Struct, frozen=True):
    """Where a file was left: behind the line, message or row of this number, which ends at the byte `offset`
    of its content (-1: not known). `ids` are those of its rows so far, packed."""

    number: int = 0
    offset: int = -1
    ids: bytes = b""


class _Place(msgspec.Struct, frozen=True):
    """Where a source was left: `done` are the names of files that were read to their end, 8 bytes of a hash
    each; `head` is a hash of the first `sized` bytes of the file that was being read."""

    done: bytes = b""
    file: str = ""
    sized: int = 0
    head: str = ""
    spot: Spot = Spot()


_HEAD = 4096


class _Files(ABC):
    """Shared by file sources: which files, what each is called, and what a broken one becomes."""

    def __init__(self, location: str | Path) -> None:
        self.location = None if str(location) == "-" else Path(location)
        self._pattern = ""
        if self.location is not None and is_pattern(self.location):
            self.location, self._pattern = _split(self.location)
        self._begin = _Place()
        self._done: dict[bytes, None] = {}
        self._reading: tuple[Path, str] | None = None
        self._number, self._stream = 0, cast("IO[bytes] | None", None)

    def __iter__(self) -> Iterator[Record | Failure | None]:
        if self.location is None:
            yield from self._guarded(None, "stdin", Spot())
            return
        begin, self._begin = self._begin, _Place()
        self._done = dict.fromkeys(begin.done[i : i + 8] for i in range(0, len(begin.done), 8))
        if begin.file:  # before files that came meanwhile, wherever they stand
            path = self.location / begin.file if self.location.is_dir() else self.location
            yield from self._whole(path, begin.file, _checked(path, begin))
        unlisted: list[tuple[Path, OSError]] = []
        for path in self._paths(self.location, unlisted):
            name = self._name(path)
            if self._is_wanted(path) and _hashed(name) not in self._done:
                yield from self._whole(path, name, Spot())
        for path, error in unlisted:
            name = self._name(path)
            reason = f"cannot list the folder: {error.strerror}"
            yield failure(record_id=record_id(name, "folder"), job="", error=reason, source=name)

    def _paths(self, location: Path, unlisted: list[tuple[Path, OSError]]) -> Iterator[Path]:
        """The files in a stable order; folders that cannot be listed are added to `unlisted`."""
        tops = [location]
        if self._pattern:
            found = iglob(self._pattern, root_dir=location, recursive=True)  # noqa: PTH207 - names below it
            tops = [location / name for name in sorted(found)]
            if not tops:
                raise InputError("no file is called so", source=str(location / self._pattern))
        seen: set[Path] = set()
        for top in tops:
            if top.is_dir() and self._pattern and "**" in self._pattern:
                continue  # its files match by themselves
            for path in files_below(top, unreadable=lambda *what: unlisted.append(what)):
                if path not in seen:
                    yield path
                if self._pattern:
                    seen.add(path)

    def _whole(self, path: Path, name: str, begin: Spot) -> Iterator[Record | Failure | None]:
        """A file from a spot on to its end."""
        self._reading = (path, name)
        yield from self._guarded(path, name, begin)
        self._done[_hashed(name)] = None
        self._reading = None

    def position(self) -> bytes | None:
        """Behind the item that came last; None for standard input."""
        if self.location is None:
            return None
        done = b"".join(self._done)
        if self._reading is None:
            return msgspec.msgpack.encode(msgspec.structs.replace(self._begin, done=done or self._begin.done))
        path, name = self._reading
        sized = min(_HEAD, path.stat().st_size) if path.exists() else 0
        return msgspec.msgpack.encode(_Place(done, name, sized, _head(path, sized), self._spot()))

    def resume(self, position: bytes) -> None:
        """Go on behind it. Files that came meanwhile are read, too. Raises InputError for what is none."""
        try:
            self._begin = msgspec.msgpack.decode(position, type=_Place)
        except msgspec.MsgspecError as error:
            raise InputError("no position of this source", source=str(self.location), hint=_ANEW) from error
        self._reading = None
        self._done.clear()

    def _spot(self) -> Spot:
        """Where the file that is being read stands."""
        try:
            offset = self._stream.tell() if self._stream is not None else -1
        except OSError:  # a stream that does not know
            offset = -1
        return Spot(self._number, offset)

    def _is_wanted(self, path: Path) -> bool:  # noqa: ARG002 - for those who know their folders
        """Whether a file below the folder is one of those to be read."""
        return True

    def _name(self, path: Path) -> str:
        root = self.location
        name = path.relative_to(root).as_posix() if root is not None and root.is_dir() else path.name
        return name.encode("utf-8", "replace").decode("utf-8")  # file names may be any bytes

    def _guarded(self, path: Path | None, name: str, begin: Spot) -> Iterator[Record | Failure | None]:
        self._number, self._stream = begin.number, None
        try:
            yield from self._read(path, name, begin)
        except stream_errors() as error:
            reason = error if isinstance(error, IcelosError) else f"broken stream: {error}"
            yield failure(record_id=record_id(name, "stream"), job="", error=reason, source=name)
        finally:
            self._stream = None

    @abstractmethod
    def _read(self, path: Path | None, name: str, begin: Spot) -> Iterator[Record | Failure | None]:
        """The records of one file (None: standard input), called `name` in their sources, from a spot on."""


def is_pattern(path: Path) -> bool:
    """Whether it names files by a pattern ("logs/**/*.jsonl.gz") and not one that is there."""
    return has_magic(str(path)) and not path.exists()


def _split(path: Path) -> tuple[Path, str]:
    """The folder that is above all that a pattern names, and the rest."""
    parts = path.parts
    plain = next(number for number, part in enumerate(parts) if has_magic(part))
    return Path(*parts[:plain]), str(Path(*parts[plain:]))


_ANEW = "begin anew with --fresh"


def _hashed(name: str) -> bytes:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _head(path: Path, sized: int) -> str:
    """Of the first bytes of a file: another one has others."""
    if not sized:
        return ""
    with path.open("rb") as file:
        return hashlib.blake2b(file.read(sized), digest_size=8).hexdigest()


def _checked(path: Path, begin: _Place) -> Spot:
    """Where to go on in a file, if it is still the same. Raises InputError."""
    try:
        same = _head(path, begin.sized) == begin.head
    except OSError as error:
        raise InputError(f"cannot open: {error.strerror}", source=str(path)) from error
    if not same:
        raise InputError("has changed since the run was stopped", source=str(path), hint=_ANEW)
    return begin.spot


class LineSource(_Files):
    """Raw lines of log files as `LogLine`s without fields. Empty lines are passed over."""

    def _read(self, path: Path | None, name: str, begin: Spot) -> Iterator[Record | Failure | None]:
        with open_input(path) as stream:
            for line in self._lines(stream, begin):
                if line is None:
                    yield None
                    continue
                self._number = line.number
                if line.data or line.overlong:
                    yield self._record(line, name)

    def _lines(self, stream: IO[bytes], begin: Spot) -> Iterator[Line | None]:
        if self.location is None and (waiting := lines_as_they_come(stream)) is not None:
            return waiting
        self._stream = stream
        if begin.offset < 0:
            return (line for line in read_lines(stream) if line.number > begin.number)
        stream.seek(begin.offset)
        return read_lines(stream, number=begin.number)

    def _record(self, line: Line, name: str) -> Record | Failure:
        if line.overlong:
            return _failed(name, line, "line is too long")
        try:
            text = line.data.decode("utf-8-sig" if line.number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            return _failed(name, line, f"not UTF-8 at byte {error.start}")
        return self._parse(text, name, line)

    def _parse(self, text: str, name: str, line: Line) -> Record | Failure:
        return LogLine(id=_line_id(name, line), source=f"{name}:{line.number}", text=text)


def _failed(name: str, line: Line, reason: str) -> Failure:
    where = f"{name}:{line.number}"
    return failure(record_id=_line_id(name, line), job="", error=reason, source=where, raw=line.data)


def _line_id(name: str, line: Line) -> str:
    """Name, number and content: tomorrow's app.log:17 is another record than today's."""
    return record_id(name, str(line.number), line.data)


class JsonLinesSource(LineSource):
    """JSON objects, one a line, as `LogLine`s with fields, whose ids are those of `RowIds`."""

    def __init__(self, location: str | Path) -> None:
        super().__init__(location)
        self._decoder = msgspec.json.Decoder(dict[str, object])
        self._ids = RowIds()

    def _read(self, path: Path | None, name: str, begin: Spot) -> Iterator[Record | Failure | None]:
        self._ids = RowIds(begin.ids)
        yield from super()._read(path, name, begin)

    def _spot(self) -> Spot:
        return msgspec.structs.replace(super()._spot(), ids=self._ids.packed())

    def _parse(self, text: str, name: str, line: Line) -> Record | Failure:
        try:
            fields = self._decoder.decode(text)
        except (msgspec.MsgspecError, RecursionError) as error:
            return _failed(name, line, f"not a JSON object: {error}")
        identity = self._ids.of(fields, text) or _line_id(name, line)
        return LogLine(id=identity, source=f"{name}:{line.number}", text=text, fields=fields)


class RowIds:
    """Ids for the rows of one file or table that say one themselves.

    A row's own id alone will not do: a field of that name may say the same in every row, and whoever can
    write to a log could give a row the id of another one, to hide it. The row's whole text, its id included,
    is the id of one event, in whatever file that stands. Where the same text comes again within a file, it
    tells no rows apart: the row then goes by its place, as one without an id.

    What has come is kept in a Bloom filter, for its bounded memory. A row that it takes for one that has come
    (1 of 200 among ten million) goes by its place, too.
    """

    SIZE = 1 << 24

    def __init__(self, packed: bytes = b"") -> None:
        """`packed` are those of an earlier run. Raises InputError where they are none."""
        self._bits: mmap.mmap | None = None
        if packed:
            import zstandard

            try:
                bits = zstandard.ZstdDecompressor().decompress(packed, max_output_size=self.SIZE)
            except zstandard.ZstdError as error:
                raise InputError(f"ids of an earlier run cannot be read: {error}", hint=_ANEW) from error
            self._bits = mmap.mmap(-1, self.SIZE)
            self._bits[: len(bits)] = bits

    def packed(self) -> bytes:
        """What has come so far, to go on with; nothing where no row had an id."""
        if self._bits is None:
            return b""
        import zstandard

        return zstandard.ZstdCompressor(level=1).compress(memoryview(self._bits))

    def of(self, fields: Mapping[str, object], text: str) -> str:
        """The row's id, "" where it must go by its place."""
        if not _has_id(fields):
            return ""
        identity = record_id("row", text)
        return "" if self._came(bytes.fromhex(identity)) else identity

    def _came(self, digest: bytes) -> bool:
        """Whether it has come before; from now on it has."""
        bits = self._bits
        if bits is None:
            bits = self._bits = mmap.mmap(-1, self.SIZE)  # pages that are not touched cost nothing
        came = True
        for word in _WORDS(digest):
            place, bit = (word >> 3) % self.SIZE, 1 << (word & 7)
            byte = bits[place]
            if not byte & bit:
                came = False
                bits[place] = byte | bit
        return came


def _has_id(fields: Mapping[str, object]) -> bool:
    """Whether a row says what its id is."""
    for name in ROW_ID_FIELDS:
        value = fields.get(name)
        if isinstance(value, str) and len(value) >= 8:
            return True
    return False


class MailSource(_Files):
    """Mail from .eml, .msg and mbox files, Maildirs and folders of them, as `Mail` records.

    An Outlook file is one record, as it is. Of a Maildir its "new" and "cur" are read, with its subfolders;
    what lies in "tmp" has not arrived, and what lies beside them is of the server.
    """

    def __init__(self, location: str | Path) -> None:
        super().__init__(location)
        self._maildirs: dict[Path, bool] = {}
        self._end = 0

    def __iter__(self) -> Iterator[Record | Failure]:
        return (item for item in super().__iter__() if item is not None)

    def _spot(self) -> Spot:
        return Spot(self._number, self._end)

    def _is_wanted(self, path: Path) -> bool:
        if path == self.location:
            return True
        folder = path.parent
        return not (self._is_maildir(folder) or (folder.name == "tmp" and self._is_maildir(folder.parent)))

    def _is_maildir(self, folder: Path) -> bool:
        if folder not in self._maildirs:
            if len(self._maildirs) > 10_000:
                self._maildirs.clear()
            self._maildirs[folder] = all((folder / name).is_dir() for name in ("cur", "new", "tmp"))
        return self._maildirs[folder]

    def _read(self, path: Path | None, name: str, begin: Spot) -> Iterator[Record | Failure | None]:
        with open_input(path) as stream:
            number, before = begin.number, max(begin.offset, 0)
            self._end = before
            if before:
                stream.seek(before)
            for message, end in _messages(stream):
                number += 1
                self._number, self._end = number, before + end
                if message is None:
                    yield _no_mail(name, number, f"message is larger than {MAIL_LIMIT >> 20} MiB")
                elif message.strip():
                    yield Mail(id=mail_id(message), source=f"{name}:{number}", raw=message)
                else:
                    yield _no_mail(name, number, "empty message")
            if number == 0:
                self._number = 1
                yield _no_mail(name, 1, "empty file")


def _messages(stream: IO[bytes]) -> Iterator[tuple[bytes | None, int]]:
    """The messages of a stream, each with its end; an Outlook file is one, whatever lines are in it."""
    peek = getattr(stream, "peek", None)
    if peek is None or peek(len(OUTLOOK))[: len(OUTLOOK)] != OUTLOOK:
        yield from split_mbox_at(stream, limit=MAIL_LIMIT)
        return
    data = stream.read(MAIL_LIMIT + 1)
    yield (data if len(data) <= MAIL_LIMIT else None), len(data)


def _no_mail(name: str, number: int, reason: str) -> Failure:
    return failure(record_id=record_id(name, str(number)), job="", error=reason, source=f"{name}:{number}")


class SqliteSource:
    """Rows of one table of a SQLite file, read-only, as `LogLine`s whose fields are the columns."""

    options = ("table",)

    def __init__(self, location: str | Path, *, table: str = "") -> None:
        self.location = Path(location)
        self.table = table
        self._begin, self._ids, self._number = Spot(), RowIds(), 0

    def position(self) -> bytes:
        """Behind the row that came last, by its number."""
        return msgspec.msgpack.encode(Spot(self._number, ids=self._ids.packed()))

    def resume(self, position: bytes) -> None:
        """Go on behind it: rows before are read again, and not given. Raises InputError for what is none."""
        try:
            self._begin = msgspec.msgpack.decode(position, type=Spot)
        except msgspec.MsgspecError as error:
            raise InputError("no position of this source", source=str(self.location), hint=_ANEW) from error
        self._number = self._begin.number

    def __iter__(self) -> Iterator[Record | Failure]:
        if not self.location.is_file():
            raise InputError("no such file", source=str(self.location))
        uri = f"{self.location.absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as database:
            database.row_factory = sqlite3.Row
            database.text_factory = lambda data: data.decode("utf-8", "replace")
            try:
                table = self._checked_table(database)
            except sqlite3.DatabaseError as error:
                raise InputError(f"cannot read: {error}", source=str(self.location)) from error
            yield from self._rows(database, table)

    def _rows(self, database: sqlite3.Connection, table: str) -> Iterator[Record | Failure]:
        name = f"{self.location.name}:{table}"
        quoted = '"' + table.replace('"', '""') + '"'
        begin, number = self._begin.number, 0
        self._ids, self._begin = RowIds(self._begin.ids), Spot()
        try:
            for number, row in enumerate(database.execute(f"SELECT * FROM {quoted}"), 1):  # noqa: S608
                if number > begin:
                    self._number = number
                    yield _from_columns(dict(row), name, number, self._ids)
        except sqlite3.DatabaseError as error:  # a broken page: what came before it was read
            where = f"{name}:{number + 1}"
            reason = f"cannot read on: {error}"
            yield failure(record_id=record_id(where, "stream"), job="", error=reason, source=where)

    def _checked_table(self, database: sqlite3.Connection) -> str:
        query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
        tables = [row[0] for row in database.execute(query)]
        if self.table in tables:
            return self.table
        if not self.table and len(tables) == 1:
            return str(tables[0])
        raise InputError(
            f"no table {self.table!r}" if self.table else "say which table",
            source=str(self.location),
            hint=f"tables: {', '.join(tables[:20])}",
        )


class ParquetSource(_Files):
    """Rows of Parquet files as `LogLine`s whose fields are the columns."""

    def __init__(self, location: str | Path) -> None:
        super().__init__(location)
        self._ids = RowIds()

    def _spot(self) -> Spot:
        return Spot(self._number, ids=self._ids.packed())

    def _read(self, path: Path | None, name: str, begin: Spot) -> Iterator[Record | Failure | None]:
        import duckdb

        if path is None:
            raise InputError("Parquet cannot be read from standard input", hint="give a file")
        with duckdb.connect(config={"enable_external_access": True, "threads": 1}) as database:
            try:
                cursor = database.execute("SELECT * FROM read_parquet(?)", [_literal(path)])
                columns = [column[0] for column in cursor.description or []]
                self._number, self._ids = 0, RowIds(begin.ids)
                while rows := cursor.fetchmany(1024):
                    for row in rows:
                        self._number += 1
                        if self._number > begin.number:
                            found = dict(zip(columns, row, strict=True))
                            yield _from_columns(found, name, self._number, self._ids)
            except duckdb.Error as error:
                raise InputError(f"cannot read: {error}", source=name) from error


def _literal(path: Path) -> str:
    """A file name in which duckdb's wildcards stand for themselves."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def _from_columns(columns: dict[str, object], name: str, number: int, ids: RowIds) -> Record | Failure:
    where = f"{name}:{number}"
    try:
        text = msgspec.json.encode(columns).decode()
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        identity = record_id(name, str(number))
        return failure(record_id=identity, job="", error=f"a column is not JSON: {error}", source=where)
    identity = ids.of(columns, text) or record_id(name, str(number), text)
    return LogLine(id=identity, source=where, text=text, fields=columns)
