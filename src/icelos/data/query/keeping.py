"""Rows of logs as files that can be searched: Parquet, each whole or absent, each row once.

    with LogKeeper(folder, "signins", groups=["soc"], days=90) as keeper:
        for row in rows:
            keeper.add(row)

Rows come into force batch by batch: a file is durable under its name, and then the catalogue names it. A run
that is killed loses the batch that it was at; the same command brings the rest, and what is there already is
passed over by its id. One process writes a log at a time.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from icelos.data.atomic import open_alone, sync_folder
from icelos.data.query.catalogue import Catalogue, Part, checked_name
from icelos.errors import InputError, StoreError

if TYPE_CHECKING:
    import duckdb

BATCH_ROWS = 200_000
BATCH_BYTES = 256 << 20
MEMORY = "1GB"
"""What duckdb may use while it sorts a batch; it goes to the disk above that."""
SMALL = 50_000
"""Rows below which a file is worth joining with others."""
MANY_SMALL = 16
ROW_GROUP = 50_000
TEXT_LIMIT = 8192


class KeptRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row as it is kept. `row` is its id, 32 hexadecimal digits; `time` RFC 3339 in UTC, or None;
    `source` its place ("signins.jsonl:17"); `fields` its own, flat, as text."""

    row: str
    time: str | None
    user: str
    source_ip: str
    host: str
    application: str
    action: str
    outcome: str
    text: str
    source: str
    fields: dict[str, str]


_COLUMNS = (
    "{row: 'UUID', time: 'TIMESTAMP', user: 'VARCHAR', source_ip: 'VARCHAR', host: 'VARCHAR',"
    " application: 'VARCHAR', action: 'VARCHAR', outcome: 'VARCHAR', text: 'VARCHAR', source: 'VARCHAR',"
    " fields: 'MAP(VARCHAR, VARCHAR)'}"
)
_STAGED = f"""SELECT *, CAST($log AS VARCHAR) AS log, CAST($kept AS TIMESTAMP) AS kept
FROM read_json($staged, format='newline_delimited', columns={_COLUMNS}, maximum_object_size=67108864)"""
_COPY = (
    "COPY ({query} ORDER BY time, row) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {group})"
)
_TIME = "strftime({}, '%Y-%m-%dT%H:%M:%S.%fZ')"
_MEASURE = f"""SELECT count(*), coalesce({_TIME.format("min(time)")}, ''),
coalesce({_TIME.format("max(time)")}, ''),
count(*) FILTER (time IS NULL) FROM read_parquet($path)"""


class LogKeeper:
    """Adds rows to one log; a context. Raises InputError for a bad name, and where another process writes
    the log; StoreError (disk full, broken file)."""

    def __init__(
        self, folder: Path, name: str, *, groups: Sequence[str] | None = None, days: int | None = None
    ) -> None:
        self.name = checked_name(name)
        self.folder = folder / name
        self.kept = self.known = 0
        self._catalogue = Catalogue(folder)
        self._seen: set[str] = set()
        self._encode = msgspec.json.Encoder().encode
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self._stage = open_alone(self.folder / "staged.jsonl")
        except BlockingIOError as error:
            raise InputError(
                "another process is keeping this log", source=name, hint="wait for it"
            ) from error
        except OSError as error:
            raise StoreError(f"cannot write: {error.strerror}", source=str(self.folder)) from error
        self._catalogue.declare(name, groups=groups, days=days)
        self._remove_strays()

    def __enter__(self) -> LogKeeper:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.flush()
                self._expire()
                self._join()
        finally:
            self._close()

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            (self.folder / "staged.jsonl").unlink()
        self._stage.close()
        self._catalogue.__exit__()

    def add(self, row: KeptRow) -> None:
        """Take a row in; those of the log that are there already are passed over."""
        if row.row in self._seen:
            self.known += 1
            return
        line = self._encode(row)
        if b"\\u0000" in line:  # what no column can hold
            line = line.replace(b"\\u0000", "\ufffd".encode())
        self._seen.add(row.row)
        try:
            self._stage.write(line + b"\n")
            if len(self._seen) >= BATCH_ROWS or self._stage.tell() >= BATCH_BYTES:
                self.flush()
        except OSError as error:
            raise StoreError(f"cannot write: {error.strerror}", source=str(self.folder)) from error

    def flush(self) -> None:
        """Bring into force what was added."""
        if not self._seen:
            return
        self._stage.flush()
        old = [str(self.folder / part.file) for part in self._catalogue.parts(self.name)]
        known = " ANTI JOIN (SELECT row FROM read_parquet($old)) AS old USING (row)" if old else ""
        values = {"staged": str(self._stage.name), "log": self.name, "kept": _now()} | (
            {"old": old} if old else {}
        )
        with _database(self.folder) as database:
            part = self._written(database, f"SELECT * FROM ({_STAGED}) AS new{known}", values)
        if part is not None:
            self._catalogue.replace(self.name, [part])
        self.kept += part.rows if part else 0
        self.known += len(self._seen) - (part.rows if part else 0)
        self._seen.clear()
        self._stage.truncate(0)
        self._stage.seek(0)

    def _written(
        self, database: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any]
    ) -> Part | None:
        """A durable file of what a query gives, in the order of time; None where that is nothing."""
        file = f"{secrets.token_hex(8)}.parquet"
        path, partial = self.folder / file, self.folder / f"{file}.part"
        database.execute(_COPY.format(query=query, path=_quoted(partial), group=ROW_GROUP), values)
        rows, first, last, undated = database.execute(_MEASURE, {"path": str(partial)}).fetchall()[0]
        if not rows:
            partial.unlink()
            return None
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(path)
        sync_folder(self.folder)
        return Part(file, rows, path.stat().st_size, first, last, undated)

    def _rewrite(self, parts: Sequence[Part], condition: str = "true", **values: object) -> None:
        """One file in place of several, of the rows that meet a condition."""
        old = [str(self.folder / part.file) for part in parts]
        with _database(self.folder) as database:
            query = f"SELECT * FROM read_parquet($old) WHERE {condition}"
            made = self._written(database, query, {"old": old, **values})
        self._catalogue.replace(self.name, [made] if made else [], [part.file for part in parts])
        _remove(self.folder, [part.file for part in parts])

    def _expire(self) -> None:
        """Forget rows that are older than the log keeps them; those without a time, by when they were
        kept."""
        days = next(log.days for log in self._catalogue.logs() if log.name == self.name)
        if not days:
            return
        end = datetime.now(UTC) - timedelta(days=days)
        text = end.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for part in self._catalogue.parts(self.name):
            if part.undated or part.first < text:
                self._rewrite([part], "coalesce(time, kept) >= $end", end=end.replace(tzinfo=None))

    def _join(self) -> None:
        """Many small files as one: a log that is kept every hour would be as many files."""
        small = [part for part in self._catalogue.parts(self.name) if part.rows < SMALL]
        if len(small) >= MANY_SMALL:
            chosen: list[Part] = []
            for part in small:
                if sum(one.rows for one in chosen) + part.rows > BATCH_ROWS:
                    break
                chosen.append(part)
            self._rewrite(chosen)

    def _remove_strays(self) -> None:
        """Files of a process that was killed: nobody else writes here."""
        counted = {part.file for part in self._catalogue.parts(self.name)}
        strays = [path.name for path in self.folder.glob("*.parquet*") if path.name not in counted]
        _remove(self.folder, strays)


@contextlib.contextmanager
def _database(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory that reads and writes our own files."""
    import duckdb

    config: dict[str, Any] = {"memory_limit": MEMORY, "threads": 2, "temp_directory": str(folder / "spill")}
    try:
        with duckdb.connect(config=config | NO_EXTENSIONS) as database:
            database.execute("SET TimeZone = 'UTC'")
            yield database
    except duckdb.Error as error:
        reason = " ".join(str(error).split())[:300]
        raise StoreError(f"cannot write the log: {reason}", source=str(folder)) from error


NO_EXTENSIONS: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}


def drop(folder: Path, name: str) -> None:
    """Forget a log with its rows. Raises InputError for an unknown one."""
    with Catalogue(folder) as catalogue:
        files = catalogue.drop(name)
    _remove(folder / name, files)
    with contextlib.suppress(OSError):  # where another process has begun to keep it anew
        (folder / name).rmdir()


def expire(folder: Path) -> dict[str, int]:
    """Forget what every log keeps no longer; rows forgotten by log. For schedules; `keep` does it, too."""
    if not (folder / "catalogue.sqlite").is_file():
        return {}
    with Catalogue(folder) as catalogue:
        before = {log.name: log.rows for log in catalogue.logs() if log.days}
    for name in before:
        with contextlib.suppress(InputError), LogKeeper(folder, name):  # one that is written does it itself
            pass
    with Catalogue(folder) as catalogue:
        after = {log.name: log.rows for log in catalogue.logs()}
    return {name: rows - after.get(name, 0) for name, rows in before.items() if rows > after.get(name, 0)}


def _remove(folder: Path, files: Iterable[str]) -> None:
    for file in files:
        with contextlib.suppress(OSError):
            (folder / file).unlink()


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
