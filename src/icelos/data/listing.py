"""Pages and counts of a findings store, quick at any size: the SQL, and the indexes that it rests on.

The newest outcome is the one with the highest rowid: what is written, or written again, gets the next one.
A page is merged from one run of an index per verdict and audience, each in the order of rowids already, so
that only the rows of the page itself are read. Where some jobs are hidden from who asks, there is a run for
each job that is not.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

from icelos.data.visibility import EVERYBODY, Seen
from icelos.findings import Verdict

INDEXES = """
DROP INDEX IF EXISTS outcomes_listed;
DROP INDEX IF EXISTS outcomes_of_job;
DROP INDEX IF EXISTS outcomes_of_verdict;
CREATE INDEX IF NOT EXISTS outcomes_by_job ON outcomes (kind, job, verdict, audience);
CREATE INDEX IF NOT EXISTS outcomes_by_verdict ON outcomes (kind, verdict, audience);
"""

TOLERANCE, LONGEST = 20, 10.0
"""While others write, a count may be as old as this many times what it takes, up to so many seconds."""

NEWEST = 2**63 - 1
MOST_RUNS = 400
"""SQLite merges up to 500 queries; where it would take more, the index is walked instead."""
ALL = Seen(frozenset(), (EVERYBODY,), True)
"""Where nothing in the store is kept from anybody."""
_JOBS = """
WITH RECURSIVE found (job) AS (
  SELECT min(job) FROM outcomes WHERE kind = :kind UNION ALL
  SELECT (SELECT min(job) FROM outcomes WHERE kind = :kind AND job > found.job)
  FROM found WHERE found.job NOT NULL)
SELECT job FROM found WHERE job NOT NULL"""


class Page(NamedTuple):
    """Bodies of outcomes, the newest first, and where the next page begins: None at the end."""

    bodies: list[bytes]
    next: int | None


def page(
    database: sqlite3.Connection, kind: str, *, job: str = "", verdict: str = "", limit: int, offset: int = 0,
    before: int | None = None, seen: Seen = ALL,
) -> Page:  # fmt: skip
    """One page of kind "finding" or "failure"; `before` is the `next` of the page before it.

    An `offset` is walked through; `before` is not.
    """
    verdicts = (verdict,) if verdict else tuple(map(str, Verdict)) if kind == "finding" else ("",)
    jobs = jobs_of(database, kind, job, seen)
    rows = database.execute(
        select(jobs, len(verdicts), seen.audiences),
        {
            "kind": kind, "limit": limit, "offset": offset,
            "before": NEWEST if before is None else min(before, NEWEST),
            **{f"verdict{number}": one for number, one in enumerate(verdicts)},
            **{f"job{number}": one for number, one in enumerate(jobs or ())},
        },
    ).fetchall()  # fmt: skip
    return Page([body for body, _ in rows], rows[-1][1] if len(rows) == limit else None)


def jobs_of(database: sqlite3.Connection, kind: str, job: str, seen: Seen) -> tuple[str, ...] | None:
    """The jobs to look at: None for all, () where there is none to see."""
    if job:
        return () if job in seen.hidden_jobs else (job,)
    if not seen.hidden_jobs:
        return None
    return tuple(row[0] for row in database.execute(_JOBS, {"kind": kind}) if row[0] not in seen.hidden_jobs)


def select(jobs: Sequence[str] | None, verdicts: int, audiences: Sequence[int]) -> str:
    """The query of a page: of these jobs or all, of so many verdicts, and of these audiences."""
    many = len(audiences) * verdicts * (1 if jobs is None else len(jobs))
    if many == 0:
        return "SELECT NULL, NULL WHERE 0"
    if many > MOST_RUNS:
        return _walked(jobs, verdicts, audiences)
    numbers: Sequence[int | None] = (None,) if jobs is None else range(len(jobs))
    runs = " UNION ALL ".join(
        "SELECT rowid AS place FROM outcomes WHERE kind = :kind"  # noqa: S608 - our own words
        f"{'' if one is None else f' AND job = :job{one}'} AND verdict = :verdict{verdict}"
        f" AND audience = {int(audience)} AND rowid < :before"
        for one, verdict, audience in product(numbers, range(verdicts), audiences)
    )
    return (
        f"SELECT body, place FROM ({runs} ORDER BY place DESC LIMIT :limit OFFSET :offset)"  # noqa: S608 - our own words
        " JOIN outcomes ON outcomes.rowid = place ORDER BY place DESC"
    )


def _walked(jobs: Sequence[str] | None, verdicts: int, audiences: Sequence[int]) -> str:
    of_job = "" if jobs is None else f" AND job IN ({_named('job', len(jobs))})"
    return (
        f"SELECT body, rowid FROM outcomes WHERE +kind = :kind{of_job}"  # noqa: S608 - our own words
        f" AND verdict IN ({_named('verdict', verdicts)}) AND audience IN ({_numbers(audiences)})"
        " AND rowid < :before ORDER BY rowid DESC LIMIT :limit OFFSET :offset"
    )


def _named(name: str, many: int) -> str:
    return ", ".join(f":{name}{number}" for number in range(many))


def _numbers(audiences: Sequence[int]) -> str:
    return ", ".join(str(int(one)) for one in audiences)


class Counts:
    """How many outcomes there are, remembered until the store changes. For one connection, under its lock."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, Seen], tuple[int, tuple[int, int], float]] = {}

    def count(self, database: sqlite3.Connection, kind: str, job: str, seen: Seen = ALL) -> int:
        """Of one kind that may be seen, and of one job where it is named.

        Exact but for what others write at this moment.
        """
        state = _state(database)
        number, then, until = self._known.get((kind, job, seen), (0, (-1, -1), 0.0))
        began = time.monotonic()
        if then == state or (then[1] == state[1] and began < until):
            return number
        number = _counted(database, kind, job, seen)
        ended = time.monotonic()
        if len(self._known) >= 256:
            self._known.clear()
        self._known[kind, job, seen] = (number, state, ended + min(TOLERANCE * (ended - began), LONGEST))
        return number


def _counted(database: sqlite3.Connection, kind: str, job: str, seen: Seen) -> int:
    """Counted in ranges of the index: of all that there is, less what is hidden."""
    jobs = jobs_of(database, kind, job, seen)
    if jobs == ():
        return 0
    of_job = "" if jobs is None else f" AND job IN ({', '.join('?' * len(jobs))})"
    query = f"SELECT count(*) FROM outcomes WHERE kind = ?{of_job}"  # noqa: S608 - our own words
    if not seen.whole:
        query += f" AND audience IN ({_numbers(seen.audiences)})"
    return int(database.execute(query, (kind, *(jobs or ()))).fetchone()[0])


def _state(database: sqlite3.Connection) -> tuple[int, int]:
    """Changes with every commit of another connection, and with every row that this one has written."""
    return int(database.execute("PRAGMA data_version").fetchone()[0]), database.total_changes
