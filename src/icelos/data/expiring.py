"""Kinds of the findings store, the cases and the caches, for retention."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from icelos.data.casework.model import State
from icelos.data.casework.store import CaseStore
from icelos.data.databases import WAIT
from icelos.data.retention import Kind
from icelos.errors import StoreError
from icelos.settings import Settings

_CACHED = (".sqlite", ".sqlite-wal", ".sqlite-shm")


@contextlib.contextmanager
def writing(path: Path, what: str) -> Iterator[sqlite3.Connection | None]:
    """One transaction over a database that is there; None where there is none. Raises StoreError."""
    if not path.is_file():
        yield None
        return
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=WAIT, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            finally:
                if database.in_transaction:
                    database.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise StoreError(f"cannot expire {what}: {error}", source=str(path)) from error


def rows_of(path: Path, table: str, where: str, what: str) -> Kind:
    """A kind that is rows of one table; `where` compares with the moment, ?1, as RFC 3339 in UTC.

    `table` and `where` are words of our own. A table that is not there has none.
    """

    def run(statement: str, before: datetime) -> int:
        moment = before.astimezone(UTC).isoformat(timespec="seconds")
        with writing(path, what) as database:
            if database is None or not _has(database, table):
                return 0
            done = database.execute(f"{statement} FROM {table} WHERE {where}", (moment,))
            return int(done.fetchone()[0]) if statement.startswith("SELECT") else done.rowcount

    return Kind(what, lambda before: run("SELECT count(*)", before), lambda before: run("DELETE", before))


def _has(database: sqlite3.Connection, table: str) -> bool:
    return database.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone() is not None


def failures(settings: Settings) -> Kind:
    """Records that could not be read or scored."""
    where = "kind = 'failure' AND seen < ?1"
    return rows_of(settings.home / "findings.sqlite", "outcomes", where, "failures")


def clear_findings(settings: Settings) -> Kind:
    """Findings that say that something is ruled out, and have not been said again since."""
    where = "kind = 'finding' AND verdict = 'clear' AND seen < ?1"
    return rows_of(settings.home / "findings.sqlite", "outcomes", where, "findings that are ruled out")


def closed_findings(settings: Settings) -> Kind:
    """Findings whose case was closed, with the case; not those that a job has said again since.

    Those would come back open. The case goes after its finding, so that a kill between the two leaves a case
    without a finding, which the next run takes.
    """
    home = settings.home

    def due(before: datetime) -> list[str]:
        if not (home / "casework.sqlite").is_file():
            return []
        with CaseStore(home / "casework.sqlite") as cases:
            closed = [
                case.finding_id
                for case in cases.listed(state=State.CLOSED, limit=-1)
                if case.changed is not None and case.changed < before
            ]
        return _not_said_since(home / "findings.sqlite", closed, before)

    def expire(before: datetime) -> int:
        gone = due(before)
        with writing(home / "findings.sqlite", "findings") as database:
            if database is not None:
                database.executemany("DELETE FROM outcomes WHERE id = ?", [(one,) for one in gone])
                database.executemany("DELETE FROM finding_groups WHERE id = ?", [(one,) for one in gone])
        if gone:
            with CaseStore(home / "casework.sqlite") as cases:
                cases.forget(gone)
        return len(gone)

    return Kind("findings whose case is closed, with the case", lambda before: len(due(before)), expire)


def _not_said_since(path: Path, ids: list[str], before: datetime) -> list[str]:
    moment = before.astimezone(UTC).isoformat(timespec="seconds")
    with writing(path, "findings") as database:
        if database is None:
            return ids
        said = "SELECT 1 FROM outcomes WHERE id = ? AND seen >= ?"
        return [one for one in ids if database.execute(said, (one, moment)).fetchone() is None]


def cache(settings: Settings) -> Kind:
    """Files of cache/ that were not written since: pages, unpacked trees. Databases bound themselves."""
    folder = settings.home / "cache"
    return _files(folder, "files of caches", but=folder / "trace")


def traces(settings: Settings) -> Kind:
    """Traces of calls of models; `llm.trace_days` bounds them, too, where calls are made."""
    return _files(settings.home / "cache" / "trace", "days of traced calls of models")


def _files(folder: Path, what: str, *, but: Path | None = None) -> Kind:
    """Plain files below a folder by when they were written; hidden ones and databases stay."""

    def old(before: datetime) -> list[Path]:
        if not folder.is_dir():
            return []
        found = (p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())
        return [
            p
            for p in found
            if not (p.name.startswith(".") or p.name.endswith(_CACHED) or (but and p.is_relative_to(but)))
            and _written(p) < before.timestamp()
        ]

    def expire(before: datetime) -> int:
        gone = old(before)
        for path in gone:
            with contextlib.suppress(OSError):  # it is a cache: what went meanwhile is gone
                path.unlink()
        return len(gone)

    return Kind(what, lambda before: len(old(before)), expire)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return float("inf")
