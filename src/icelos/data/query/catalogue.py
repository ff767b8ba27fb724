"""Which logs are kept, who may see them, for how long, and of which files each is made.

<home>/logs/catalogue.sqlite   names, groups, days, and the files that count
<home>/logs/NAME/*.parquet     rows; a file that the catalogue does not name does not count

A change is one transaction here, after its files are durable; a process that is killed before leaves files
that do not count, and the next one removes them.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from icelos.contracts import Principal
from icelos.data.databases import open_shared
from icelos.errors import InputError, StoreError

SCHEMA = """
CREATE TABLE IF NOT EXISTS logs (name TEXT PRIMARY KEY, days INTEGER NOT NULL, changed TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS log_groups (log TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (log, name)) STRICT;
CREATE TABLE IF NOT EXISTS parts (
  file TEXT PRIMARY KEY, log TEXT NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
  first TEXT NOT NULL, last TEXT NOT NULL, undated INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS parts_of_log ON parts (log, first, last);
"""
NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}", re.ASCII)


class Part(msgspec.Struct, frozen=True):
    """A file of a log: its rows, bytes, first and last time (RFC 3339; "" where no row has one)."""

    file: str
    rows: int
    bytes: int
    first: str
    last: str
    undated: int


class KeptLog(msgspec.Struct, frozen=True, kw_only=True):
    """A log that is kept. `days` is how long, 0 for good; `groups` who may see it, none: everyone."""

    name: str
    days: int
    groups: tuple[str, ...]
    rows: int
    bytes: int
    first: str
    last: str
    changed: str


def checked_name(name: str) -> str:
    """A name that can be a folder. Raises InputError."""
    if not NAME.fullmatch(name) or ".." in name:
        raise InputError(
            f"no name for a log: {name[:80]!a}", hint="small letters, digits, -, _ and ., at most 64"
        )
    return name


class Catalogue:
    """The catalogue of one folder. Not to be shared between threads; a context."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "catalogue.sqlite"
        with self._told("open"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._database = open_shared(self.path, SCHEMA)

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"cannot {what} the catalogue of logs: {error}", source=str(self.path)
            ) from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._told("write"):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    def declare(self, name: str, *, groups: Sequence[str] | None = None, days: int | None = None) -> None:
        """Have a log of this name; groups and days are changed only where they are given.

        They stand before its first row does, so that no row is ever seen by others.
        """
        checked_name(name)
        with self._writing() as database:
            database.execute(
                "INSERT INTO logs VALUES (?1, coalesce(?2, 0), ?3)"
                " ON CONFLICT (name) DO UPDATE SET days = coalesce(?2, days)",
                (name, days, _now()),
            )
            if groups is not None:
                database.execute("DELETE FROM log_groups WHERE log = ?", (name,))
                rows = [(name, group) for group in sorted({one for one in groups if one})]
                database.executemany("INSERT INTO log_groups VALUES (?, ?)", rows)

    def replace(self, name: str, added: Iterable[Part], removed: Iterable[str] = ()) -> None:
        """Let these files count, and those no more, in one step. Raises InputError where the log is gone."""
        with self._writing() as database:
            if database.execute("SELECT 1 FROM logs WHERE name = ?", (name,)).fetchone() is None:
                raise InputError("the log was dropped meanwhile", source=name)
            database.executemany(
                "DELETE FROM parts WHERE log = ? AND file = ?", [(name, one) for one in removed]
            )
            database.executemany(
                "INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(one.file, name, one.rows, one.bytes, one.first, one.last, one.undated) for one in added],
            )
            database.execute("UPDATE logs SET changed = ? WHERE name = ?", (_now(), name))

    def drop(self, name: str) -> list[str]:
        """Forget a log; the files that no longer count. Raises InputError for an unknown one."""
        with self._writing() as database:
            if database.execute("DELETE FROM logs WHERE name = ?", (name,)).rowcount == 0:
                raise InputError(f"no log called {name[:80]!a} is kept", hint="icelos logs kept lists them")
            files = [row[0] for row in database.execute("SELECT file FROM parts WHERE log = ?", (name,))]
            database.execute("DELETE FROM parts WHERE log = ?", (name,))
            database.execute("DELETE FROM log_groups WHERE log = ?", (name,))
        return files

    def parts(self, name: str) -> list[Part]:
        """The files of a log that count, by their first time."""
        with self._told("read"):
            rows = self._database.execute(
                "SELECT file, rows, bytes, first, last, undated FROM parts WHERE log = ?"
                " ORDER BY first, file",
                (name,),
            )
            return [Part(*row) for row in rows]

    def seen_by(self, principal: Principal) -> list[KeptLog]:
        """The logs that a principal may see, by name. Raises StoreError without one."""
        return [one for one in self.logs() if may_see(one, principal)]

    def logs(self) -> list[KeptLog]:
        """All logs by name: for the owner of the workspace."""
        with self._told("read"):
            rows = self._database.execute(_LOGS).fetchall()
            groups: dict[str, list[str]] = {}
            for log, group in self._database.execute("SELECT log, name FROM log_groups ORDER BY log, name"):
                groups.setdefault(log, []).append(group)
        return [_kept(row, tuple(groups.get(row[0], ()))) for row in rows]


def may_see(log: KeptLog, principal: Principal) -> bool:
    """Whether a log is open to all or shares a group with the principal. Raises StoreError without one."""
    if not isinstance(principal, Principal):
        raise StoreError("no principal: nothing may be read", hint="say who asks")
    return not log.groups or not principal.groups.isdisjoint(log.groups)


_LOGS = """
SELECT logs.name, days, coalesce(sum(rows), 0), coalesce(sum(bytes), 0), coalesce(min(nullif(first, '')), ''),
  coalesce(max(last), ''), changed
FROM logs LEFT JOIN parts ON parts.log = logs.name GROUP BY logs.name ORDER BY logs.name
"""


def _kept(row: Sequence[object], groups: tuple[str, ...]) -> KeptLog:
    name, days, rows, size, first, last, changed = row
    return msgspec.convert(
        {"name": name, "days": days, "groups": groups, "rows": rows, "bytes": size, "first": first,
         "last": last, "changed": changed}, KeptLog,
    )  # fmt: skip


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
