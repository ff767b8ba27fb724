"""How EPSS scores moved between two fetches: only the last scores are kept, so that moves are written down.

Inside of the advisory database, in the transaction that brings the new scores: both are there, or neither.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec

from icelos.data.advisory_schema import unpack
from icelos.data.parse.intelligence import Facts

RISE = 0.1
"""A rise of the probability from which it is worth telling; on most days a few dozen of 300,000 make it."""
KEPT_DAYS = 400

_TABLE = """CREATE TABLE IF NOT EXISTS epss_change (
  seen TEXT NOT NULL, name TEXT NOT NULL, before REAL NOT NULL, after REAL NOT NULL,
  PRIMARY KEY (seen, name)) WITHOUT ROWID"""
Rows = Callable[..., Sequence[Sequence[object]]]


class Jump(msgspec.Struct, frozen=True):
    """A score that rose by `RISE` or more; `seen` is when that was fetched (RFC 3339)."""

    name: str
    before: float
    after: float
    seen: str


def scores(database: sqlite3.Connection, source_name: str) -> dict[str, float]:
    """The scores in force of one source; none where it is no source of EPSS."""
    if not source_name.startswith("epss/"):
        return {}
    rows = database.execute(
        "SELECT f.name, f.content FROM facts f JOIN source s ON s.number = f.source WHERE s.name = ?",
        (source_name,),
    )
    found = ((name, unpack(content, Facts).epss) for name, content in rows)
    return {name: score for name, score in found if score is not None}


def write_down(database: sqlite3.Connection, source_name: str, before: dict[str, float]) -> int:
    """Keep what rose since `before`; how many. Inside the transaction that brought the new scores."""
    if not before:
        return 0
    seen = datetime.now(UTC).isoformat(timespec="seconds")
    rows = [
        (seen, name, before[name], after)
        for name, after in scores(database, source_name).items()
        if name in before and after - before[name] >= RISE
    ]
    database.execute(_TABLE)
    database.execute("DELETE FROM epss_change WHERE seen < datetime('now', ?)", (f"-{KEPT_DAYS} days",))
    database.executemany("INSERT OR REPLACE INTO epss_change VALUES (?, ?, ?, ?)", rows)
    return len(rows)


def jumps(rows: Rows, since: datetime) -> list[Jump]:
    """What rose since then, of each name from its first to its last score. `rows` asks the database."""
    if not rows("SELECT 1 FROM sqlite_schema WHERE name = 'epss_change'"):
        return []
    found: dict[str, Jump] = {}
    asked = since.astimezone(UTC).isoformat(timespec="seconds")
    for seen, name, before, after in rows(
        "SELECT seen, name, before, after FROM epss_change WHERE seen >= ? ORDER BY seen, name", asked
    ):
        first = found.get(str(name))
        begin = first.before if first else float(str(before))
        found[str(name)] = Jump(str(name), begin, float(str(after)), str(seen))
    return [jump for jump in found.values() if jump.after - jump.before >= RISE]
