"""Connections to a store of findings that can read the tables of its views, for a time, and do nothing
else."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from icelos.contracts import Principal
from icelos.data import visibility
from icelos.errors import InputError

CACHE_KIB = 32 * 1024
STEPS = 10_000
"""Instructions of SQLite between two looks at the clock."""
TOO_LONG, LESS = "this takes too long", "ask for less: more conditions, or a count"
Rows = list[tuple[Any, ...]]


class Rights(NamedTuple):
    """SQL of what may be seen of `facts AS outcomes`, and what it binds."""

    condition: str
    parameters: dict[str, object]


class Reading:
    """One connection to a store. `casework` is the file of what people do about findings."""

    def __init__(self, path: Path, casework: Path | None) -> None:
        self.has_casework = is_there(casework)
        self._deadline = 0.0
        self._database = sqlite3.connect(
            uri_of(path), uri=True, isolation_level=None, check_same_thread=False
        )
        try:
            self._set_up(casework)
        except BaseException:
            self._database.close()
            raise

    def _set_up(self, casework: Path | None) -> None:
        database = self._database
        if self.has_casework and casework is not None:
            database.execute("ATTACH ? AS casework", (uri_of(casework),))
        else:
            database.execute("ATTACH ':memory:' AS casework")
            database.execute(
                "CREATE TABLE casework.current"
                " (finding_id TEXT PRIMARY KEY, state TEXT, assignee TEXT, reason TEXT)"
            )
            database.execute(
                "CREATE TABLE casework.events"
                " (number INTEGER, finding_id TEXT, step TEXT, actor TEXT, at TEXT)"
            )
        database.execute("PRAGMA query_only = ON")
        database.execute("PRAGMA trusted_schema = OFF")
        database.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        database.execute("SELECT value FROM json_each('[]')")  # it declares its columns as a table is created
        database.set_progress_handler(self._is_late, STEPS)
        database.set_authorizer(_allowed)

    def _is_late(self) -> bool:
        return time.monotonic() > self._deadline

    @contextlib.contextmanager
    def as_seen_by(self, principal: Principal, seconds: float) -> Iterator[Rights]:
        """One state of the store, for so long, and what a principal may see of it. Raises StoreError without
        one, InputError where the time is over."""
        visibility.parameters(principal)
        self._deadline = time.monotonic() + seconds
        try:
            self._database.execute("BEGIN")
            yield _rights(visibility.seen_by(self._database, principal))
        except sqlite3.OperationalError as error:
            if not is_interrupted(error):
                raise
            raise InputError(TOO_LONG, hint=LESS) from error
        finally:
            self._deadline = time.monotonic() + 1.0
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")

    def rows(self, sql: str, parameters: Mapping[str, object]) -> Rows:
        """What a query of our own gives. Raises sqlite3.Error."""
        return self._database.execute(sql, parameters).fetchall()

    def close(self) -> None:
        """Close the connection."""
        self._database.close()


def is_interrupted(error: sqlite3.Error) -> bool:
    """Whether the time was over."""
    return error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT


def _rights(seen: visibility.Seen) -> Rights:
    """What nobody is kept from is not asked of each row."""
    parts, parameters = ["true"], dict[str, object]()
    if seen.hidden_jobs:
        parts.append("outcomes.job NOT IN (SELECT value FROM json_each($hidden_jobs))")
        parameters["hidden_jobs"] = json.dumps(sorted(seen.hidden_jobs))
    if not seen.whole:
        parts.append("outcomes.audience IN (SELECT value FROM json_each($audiences))")
        parameters["audiences"] = json.dumps(seen.audiences)
    return Rights(" AND ".join(parts), parameters)


_TABLES = frozenset({"facts", "outcomes", "job_groups", "audiences", "current", "events", "json_each"})
_FUNCTIONS = frozenset(
    {"coalesce", "count", "instr", "json_extract", "length", "lower", "min", "replace", "rtrim", "substr"}
)


def _allowed(action: int, first: str | None, second: str | None, base: str | None, _: str | None) -> int:
    """For sqlite3.set_authorizer: https://www.sqlite.org/c3ref/c_alter_table.html lists the arguments."""
    del base
    if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_TRANSACTION):
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_READ and (not first or first in _TABLES):
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and second in _FUNCTIONS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def uri_of(path: Path) -> str:
    """A file to be read only."""
    return f"{path.absolute().as_uri()}?mode=ro"


def is_there(path: Path | None) -> bool:
    """Whether there is such a file."""
    return path is not None and path.is_file()
