"""Sources: bytes from files, folders, standard input, databases as records.

A source never raises for one bad record: it yields a Failure in its place and goes on. It raises
InputError only where there is nothing to read at all.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from icelos.data.file_source import ANEW, FileSource, Spot
from icelos.data.lazy_fields import LazyFields
from icelos.data.parse.mail import mail_id, split_mbox_at
from icelos.data.reading import Line, lines_as_they_come, open_input, read_lines
from icelos.data.row_ids import RowIds, names_itself, names_of, row_names
from icelos.errors import InputError
from icelos.findings import Failure, failure
from icelos.records import LogLine, Mail, Record, record_id

MAIL_LIMIT = 64 * 1024 * 1024
OUTLOOK = b"\xd0\xcf\x11\xe0"
"""How a .msg file begins."""


class LineSource(FileSource):
    """Raw lines of log files as `LogLine`s without fields. Empty lines are passed over."""

    def __init__(self, location: str | Path) -> None:
        super().__init__(location)
        self.blocking = False  # of a pipe it says that nothing comes

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
            named = names_itself(names_of(row_names(text)))
        except (msgspec.MsgspecError, RecursionError) as error:
            return _failed(name, line, f"not a JSON object: {self._reason(text, error)}")
        identity = (self._ids.of_text(text) if named else "") or _line_id(name, line)
        return LogLine(id=identity, source=f"{name}:{line.number}", text=text, fields=LazyFields(text))

    def _reason(self, text: str, error: Exception) -> Exception:
        """As decoding all of the row says it."""
        try:
            self._decoder.decode(text)
        except (msgspec.MsgspecError, RecursionError) as reason:
            return reason
        return error


class MailSource(FileSource):
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
            raise InputError("no position of this source", source=str(self.location), hint=ANEW) from error
        self._number = self._begin.number

    def __iter__(self) -> Iterator[Record | Failure]:
        if not self.location.is_file():
            raise InputError("no such file", source=str(self.location))
        uri = f"{self.location.absolute().as_uri()}?mode=ro"
        # A reading that is given up in one thread may be closed in another.
        with contextlib.closing(sqlite3.connect(uri, uri=True, check_same_thread=False)) as database:
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


class ParquetSource(FileSource):
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
