"""Who may see which findings, as one SQL condition that every query of the findings store carries.

A finding is seen by a principal where its job is open to all or shared with a group of theirs, and so is the
finding itself, and where they are in every group that the finding needs (those whose documents it was made
from). Failures are seen as findings are. Access is that of now, also for old findings; it fails closed:
without a principal there is an error.

What one finding needs and whom it is shared with is its audience, a number in a column of its row, so that
pages and counts go by index. 0 is everybody.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from icelos.contracts import Principal
from icelos.errors import StoreError
from icelos.findings import Outcome

SCHEMA = """
CREATE TABLE IF NOT EXISTS job_groups (job TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (job, name)) STRICT;
CREATE TABLE IF NOT EXISTS finding_groups (
  id TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (id, name)) STRICT;
CREATE TABLE IF NOT EXISTS audiences (
  number INTEGER PRIMARY KEY, needs TEXT NOT NULL, shared TEXT NOT NULL, UNIQUE (needs, shared)) STRICT;
"""

_MINE = "(SELECT value FROM json_each(:groups))"
VISIBLE = f"""(outcomes.job NOT IN (SELECT job FROM job_groups)
    OR outcomes.job IN (SELECT job FROM job_groups WHERE name IN {_MINE}))
  AND outcomes.id NOT IN (SELECT kept.id FROM outcomes AS kept WHERE kept.audience <> 0
    AND kept.audience NOT IN (SELECT number FROM audiences WHERE
      NOT EXISTS (SELECT 1 FROM json_each(needs) WHERE value NOT IN {_MINE})
      AND (shared = '[]' OR EXISTS (SELECT 1 FROM json_each(shared) WHERE value IN {_MINE}))))"""  # noqa: S608 - our own words
"""Needs `outcomes` in the query, or another table with `id` and `job` by this name, and `parameters`."""
INDEX = "CREATE INDEX IF NOT EXISTS outcomes_restricted ON outcomes (id, audience) WHERE audience <> 0;"

EVERYBODY = 0


class Seen(NamedTuple):
    """What may be seen: all jobs but these, and these audiences; `whole` where no audience is left out."""

    hidden_jobs: frozenset[str]
    audiences: tuple[int, ...]
    whole: bool

    def shows(self, job: str, audience: int) -> bool:
        """Whether a finding of this job and audience may be seen."""
        return job not in self.hidden_jobs and audience in self.audiences


def parameters(principal: Principal) -> dict[str, object]:
    """What `VISIBLE` needs bound. Raises StoreError without a principal."""
    return {"groups": json.dumps(sorted(_groups(principal)))}


def _groups(principal: Principal) -> frozenset[str]:
    if not isinstance(principal, Principal):
        raise StoreError("no principal: nothing may be read", hint="say who asks")
    return principal.groups


def seen_by(database: sqlite3.Connection, principal: Principal | None) -> Seen:
    """What a principal may see; None is the owner's own command line, which sees all."""
    rows = database.execute("SELECT number, needs, shared FROM audiences").fetchall()
    if principal is None:
        return Seen(frozenset(), (EVERYBODY, *(row[0] for row in rows)), True)
    mine = _groups(principal)
    open_to: dict[str, set[str]] = {}
    for job, name in database.execute("SELECT job, name FROM job_groups"):
        open_to.setdefault(job, set()).add(name)
    hidden = frozenset(job for job, names in open_to.items() if not names & mine)
    audiences = [
        number for number, needs, shared in rows if _is_in(mine, json.loads(needs), json.loads(shared))
    ]
    return Seen(hidden, (EVERYBODY, *audiences), len(audiences) == len(rows))


def _is_in(mine: frozenset[str], needs: Sequence[str], shared: Sequence[str]) -> bool:
    return mine.issuperset(needs) and (not shared or not mine.isdisjoint(shared))


def set_job_groups(database: sqlite3.Connection, job: str, groups: Iterable[str]) -> None:
    """Who may see a job's findings; no group: everyone. Inside a transaction."""
    database.execute("DELETE FROM job_groups WHERE job = ?", (job,))
    rows = [(job, name) for name in _names(groups)]
    database.executemany("INSERT INTO job_groups VALUES (?, ?)", rows)


def set_finding_groups(database: sqlite3.Connection, finding_id: str, groups: Iterable[str]) -> None:
    """Who may see one finding besides; no group: who may see the job's. Inside a transaction."""
    names = _names(groups)
    database.execute("DELETE FROM finding_groups WHERE id = ?", (finding_id,))
    rows = [(finding_id, name) for name in names]
    database.executemany("INSERT INTO finding_groups VALUES (?, ?)", rows)
    query = "SELECT needs FROM outcomes LEFT JOIN audiences ON number = audience WHERE id = ?"
    row = database.execute(query, (finding_id,)).fetchone()
    if row is not None:
        audience = _audience(database, json.loads(row[0] or "[]"), names)
        database.execute("UPDATE outcomes SET audience = ? WHERE id = ?", (audience, finding_id))


def audiences_of(database: sqlite3.Connection, outcomes: Sequence[Outcome]) -> list[int]:
    """The audience of each outcome that is about to be written. Inside a transaction.

    Whom a finding is shared with outlasts that it is written again.
    """
    shared: dict[str, list[str]] = {}
    if database.execute("SELECT 1 FROM finding_groups LIMIT 1").fetchone():
        ids = json.dumps([one.id for one in outcomes])
        query = "SELECT id, name FROM finding_groups WHERE id IN (SELECT value FROM json_each(?))"
        for finding_id, name in database.execute(query, (ids,)):
            shared.setdefault(finding_id, []).append(name)
    return [
        _audience(database, one.needs_groups, shared.get(one.id, ()) if shared else ()) for one in outcomes
    ]


def _audience(database: sqlite3.Connection, needs: Iterable[str], shared: Iterable[str]) -> int:
    texts = (json.dumps(_names(needs)), json.dumps(_names(shared)))
    if texts == ("[]", "[]"):
        return EVERYBODY
    query = "SELECT number FROM audiences WHERE needs = ? AND shared = ?"
    row = database.execute(query, texts).fetchone()
    if row is not None:
        return int(row[0])
    return int(database.execute("INSERT INTO audiences (needs, shared) VALUES (?, ?)", texts).lastrowid or 0)


def _names(groups: Iterable[str]) -> list[str]:
    return sorted({str(one) for one in groups if str(one)})
