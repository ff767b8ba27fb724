"""Who may see which findings, as one SQL condition that every query of the findings store carries.

A finding is seen by a principal where its job is open to all or shares a group with them, and so is the
finding itself. Failures are seen as findings are. Access is that of now, also for old findings; it fails
closed: without a principal there is an error.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from icelos.contracts import Principal
from icelos.errors import StoreError

SCHEMA = """
CREATE TABLE IF NOT EXISTS job_groups (job TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (job, name)) STRICT;
CREATE TABLE IF NOT EXISTS finding_groups (
  id TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (id, name)) STRICT;
"""

_MINE = "name IN (SELECT value FROM json_each(:groups))"
VISIBLE = f"""(outcomes.job NOT IN (SELECT job FROM job_groups)
    OR outcomes.job IN (SELECT job FROM job_groups WHERE {_MINE}))
  AND (outcomes.id NOT IN (SELECT id FROM finding_groups)
    OR outcomes.id IN (SELECT id FROM finding_groups WHERE {_MINE}))"""  # noqa: S608 - our own words
"""Needs the table `outcomes` by this name in the query, and `parameters`."""


def parameters(principal: Principal) -> dict[str, object]:
    """What `VISIBLE` needs bound. Raises StoreError without a principal."""
    if not isinstance(principal, Principal):
        raise StoreError("no principal: nothing may be read", hint="say who asks")
    return {"groups": json.dumps(sorted(principal.groups))}


def set_job_groups(database: sqlite3.Connection, job: str, groups: Iterable[str]) -> None:
    """Who may see a job's findings; no group: everyone. Inside a transaction."""
    database.execute("DELETE FROM job_groups WHERE job = ?", (job,))
    rows = [(job, name) for name in sorted({str(one) for one in groups if str(one)})]
    database.executemany("INSERT INTO job_groups VALUES (?, ?)", rows)


def set_finding_groups(database: sqlite3.Connection, finding_id: str, groups: Iterable[str]) -> None:
    """Who may see one finding besides; no group: who may see the job's. Inside a transaction."""
    database.execute("DELETE FROM finding_groups WHERE id = ?", (finding_id,))
    rows = [(finding_id, name) for name in sorted({str(one) for one in groups if str(one)})]
    database.executemany("INSERT INTO finding_groups VALUES (?, ?)", rows)
