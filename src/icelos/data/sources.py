"""Sources: bytes from files, folders, standard input, databases as records.

A source never raises for one bad record: it yields a Failure in its place and goes on. It raises
InputError only where there is nothing to read at all.
"""

from __future__ import annotations

import contextlib
import mmap
import re
import sqlite3
import struct
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import msgspec

from icelos.data.parse.mail import mail_id, split_mbox
from icelos.data.reading import Line, files_below, open_input, read_lines, stream_errors
from icelos.errors import IcelosError, InputError
from icelos.findings import Failure, failure
from icelos.records import LogLine, Mail, Record, record_id

MAIL_LIMIT = 64 * 1024 * 1024
OUTLOOK = b"\xd0\xcf\x11\xe0"
"""How a .msg file begins."""
_WORDS = struct.Struct("<4I").unpack
ROW_ID_FIELDS = ("id", "Id", "eventID", "EventID_GUID", "uuid")


class _Files(ABC):
    """Shared by file sources: which files, what each is called, and what a broken one becomes."""

    def __init__(self, location: str | Path) -> None:
        self.location = None if str(location) == "-" else Path(location)

    def __iter__(self) -> Iterator[Record | Failure]:
        if self.location is None:
            yield from self._guarded(None, "stdin")
            return
        unlisted: list[tuple[Path, OSError]] = []
        for path in files_below(self.location, unreadable=lambda *what: unlisted.append(what)):
            if self._is_wanted(path):
                yield from self._guarded(path, self._name(path))
        for path, error in unlisted:
            name = self._name(path)
            reason = f"cannot list the folder: {error.strerror}"
            yield failure(record_id=record_id(name, "folder"), job="", error=reason, source=name)

    def _is_wanted(self, path: Path) -> bool:  # noqa: ARG002 - for those who know their folders
        """Whether a file below the folder is one of those to be read."""
        return True

    def _name(self, path: Path) -> str:
        root = self.location
        name = path.relative_to(root).as_posix() if root is not None and root.is_dir() else path.name
        return name.encode("utf-8", "replace").decode("utf-8")  # file names may be any bytes

    def _guarded(self, path: Path | None, name: str) -> Iterator[Record | Failure]:
        try:
            yield from self._read(path, name)
        except stream_errors() as error:
            reason = error if isinstance(error, IcelosError) else f"broken stream: {error}"
            yield failure(record_id=record_id(name, "stream"), job="", error=reason, source=name)

    @abstractmethod
    def _read(self, path: Path | None, name: str) -> Iterator[Record | Failure]:
        """The records of one file (None: standard input), called `name` in their sources."""


class LineSource(_Files):
    """Raw lines of log files as `LogLine`s without fields. Empty lines are passed over."""

    def _read(self, path: Path | None, name: str) -> Iterator[Record | Failure]:
        with open_input(path) as stream:
            for line in read_lines(stream):
                if line.data or line.overlong:
                    yield self._record(line, name)

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

    def _read(self, path: Path | None, name: str) -> Iterator[Record | Failure]:
        self._ids = RowIds()
        yield from super()._read(path, name)

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

    def __init__(self) -> None:
        self._bits: mmap.mmap | None = None

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

    def _read(self, path: Path | None, name: str) -> Iterator[Record | Failure]:
        with open_input(path) as stream:
            number = 0
            for number, message in enumerate(_messages(stream), 1):
                if message is None:
                    yield _no_mail(name, number, f"message is larger than {MAIL_LIMIT >> 20} MiB")
                elif message.strip():
                    yield Mail(id=mail_id(message), source=f"{name}:{number}", raw=message)
                else:
                    yield _no_mail(name, number, "empty message")
            if number == 0:
                yield _no_mail(name, 1, "empty file")


def _messages(stream: IO[bytes]) -> Iterator[bytes | None]:
    """The messages of a stream; an Outlook file is one, whatever lines are in it."""
    peek = getattr(stream, "peek", None)
    if peek is None or peek(len(OUTLOOK))[: len(OUTLOOK)] != OUTLOOK:
        yield from split_mbox(stream, limit=MAIL_LIMIT)
        return
    data = stream.read(MAIL_LIMIT + 1)
    yield data if len(data) <= MAIL_LIMIT else None


def _no_mail(name: str, number: int, reason: str) -> Failure:
    return failure(record_id=record_id(name, str(number)), job="", error=reason, source=f"{name}:{number}")


class SqliteSource:
    """Rows of one table of a SQLite file, read-only, as `LogLine`s whose fields are the columns."""

    options = ("table",)

    def __init__(self, location: str | Path, *, table: str = "") -> None:
        self.location = Path(location)
        self.table = table

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
        number, ids = 0, RowIds()
        try:
            for number, row in enumerate(database.execute(f"SELECT * FROM {quoted}"), 1):  # noqa: S608
                yield _from_columns(dict(row), name, number, ids)
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

    def _read(self, path: Path | None, name: str) -> Iterator[Record | Failure]:
        import duckdb

        if path is None:
            raise InputError("Parquet cannot be read from standard input", hint="give a file")
        with duckdb.connect(config={"enable_external_access": True, "threads": 1}) as database:
            try:
                cursor = database.execute("SELECT * FROM read_parquet(?)", [_literal(path)])
                columns = [column[0] for column in cursor.description or []]
                number, ids = 0, RowIds()
                while rows := cursor.fetchmany(1024):
                    for row in rows:
                        number += 1
                        yield _from_columns(dict(zip(columns, row, strict=True)), name, number, ids)
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
