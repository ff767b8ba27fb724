"""Pages and counts of a findings store, quick at any size: the SQL, and the indexes that it rests on.

The newest outcome is the one with the highest rowid: what is written, or written again, gets the next one.
A page is merged from one run of an index per verdict, each in the order of rowids already, so that only
the rows of the page itself are read.
"""

from __future__ import annotations

import sqlite3
import time
from typing import NamedTuple

from icelos.findings import Verdict

INDEXES = """
DROP INDEX IF EXISTS outcomes_listed;
CREATE INDEX IF NOT EXISTS outcomes_of_job ON outcomes (kind, job, verdict);
CREATE INDEX IF NOT EXISTS outcomes_of_verdict ON outcomes (kind, verdict);
"""

TOLERANCE, LONGEST = 20, 10.0
"""While others write, a count may be as old as this many times what it takes, up to so many seconds."""

NEWEST = 2**63 - 1


class Page(NamedTuple):
    """Bodies of outcomes, the newest first, and where the next page begins: None at the end."""

    bodies: list[bytes]
    next: int | None


def page(
    database: sqlite3.Connection, kind: str, *, job: str = "", verdict: str = "", limit: int, offset: int = 0,
    before: int | None = None,
) -> Page:  # fmt: skip
    """One page of kind "finding" or "failure"; `before` is the `next` of the page before it.

    An `offset` is walked through; `before` is not.
    """
    verdicts = (verdict,) if verdict else tuple(Verdict) if kind == "finding" else ("",)
    rows = database.execute(
        select(job, len(verdicts)),
        {
            "kind": kind, "job": job, "limit": limit, "offset": offset,
            "before": NEWEST if before is None else min(before, NEWEST),
            **{f"verdict{number}": str(one) for number, one in enumerate(verdicts)},
        },
    ).fetchall()  # fmt: skip
    return Page([body for body, _ in rows], rows[-1][1] if len(rows) == limit else None)


def select(job: str, verdicts: int) -> str:
    """The query of a page: of one job where it is named, and of so many verdicts."""
    one = "job = :job AND " if job else ""
    runs = " UNION ALL ".join(
        f"SELECT rowid AS place FROM outcomes WHERE kind = :kind AND {one}verdict = :verdict{number}"  # noqa: S608 - our own words
        " AND rowid < :before"
        for number in range(verdicts)
    )
    return (
        f"SELECT body, place FROM ({runs} ORDER BY place DESC LIMIT :limit OFFSET :offset)"  # noqa: S608 - our own words
        " JOIN outcomes ON outcomes.rowid = place ORDER BY place DESC"
    )


class Counts:
    """How many outcomes there are, remembered until the store changes. For one connection, under its lock."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[int, tuple[int, int], float]] = {}

    def count(self, database: sqlite3.Connection, kind: str, job: str) -> int:
        """Of one kind, and of one job where it is named; exact but for what others write at this moment."""
        state = _state(database)
        number, then, until = self._known.get((kind, job), (0, (-1, -1), 0.0))
        began = time.monotonic()
        if then == state or (then[1] == state[1] and began < until):
            return number
        one = " AND job = ?" if job else ""
        query = f"SELECT count(*) FROM outcomes WHERE kind = ?{one}"  # noqa: S608 - our own words
        number = int(database.execute(query, (kind, job) if job else (kind,)).fetchone()[0])
        ended = time.monotonic()
        if len(self._known) >= 256:
            self._known.clear()
        self._known[kind, job] = (number, state, ended + min(TOLERANCE * (ended - began), LONGEST))
        return number


def _state(database: sqlite3.Connection) -> tuple[int, int]:
    """Changes with every commit of another connection, and with every row that this one has written."""
    return int(database.execute("PRAGMA data_version").fetchone()[0]), database.total_changes
