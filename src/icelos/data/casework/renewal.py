"""What jobs say anew of findings that people have dealt with: worse opens a case again, clear closes it.

A job that scores a record again overwrites its finding. Where that finding was closed and is worse now, the
case is opened; where it was open and is clear now, the case is closed as cleared. Both are steps of `ACTOR`.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec

from icelos.data.casework.model import COMMENT_LIMIT, Case, Judged, Reason
from icelos.data.casework.store import CaseStore
from icelos.data.databases import reading
from icelos.errors import InputError, StoreError
from icelos.findings import Finding, Verdict

ACTOR = "icelos"
MARK = "renewed"


def renew(cases: CaseStore, findings: Path) -> int:
    """Look at what was written into the findings store since the last time; how many cases changed.

    Costs what the touched cases cost, not what was written. Raises StoreError.
    """
    try:
        with reading(findings, "outcomes") as database:
            if database is None:
                return 0
            found, newest = _written(database, cases)
    except sqlite3.Error as error:
        raise StoreError(f"cannot read findings: {error}", source=str(findings)) from error
    changed = sum(_renewed(cases, finding) for finding in found)
    cases.set_mark(MARK, newest)
    return changed


def _written(database: sqlite3.Connection, cases: CaseStore) -> tuple[list[Finding], int]:
    """Touched findings that were written since the mark, and the newest row's number."""
    newest = int(database.execute("SELECT coalesce(max(rowid), 0) FROM outcomes").fetchone()[0])
    since = cases.mark(MARK)
    if newest == since:
        return [], newest
    if newest < since:  # the newest rows were deleted, and their numbers are given again
        since = 0
    database.execute("ATTACH ? AS cases", (f"{cases.path.resolve().as_uri()}?mode=ro",))
    rows = database.execute(
        "SELECT o.body FROM cases.current c CROSS JOIN outcomes o ON o.id = c.finding_id"
        " WHERE o.kind = 'finding' AND o.rowid > ?",
        (since,),
    )
    return [msgspec.json.decode(body, type=Finding) for (body,) in rows], newest


def _renewed(cases: CaseStore, finding: Finding) -> bool:
    case = cases.case(finding)
    try:
        if case.is_open:
            if finding.verdict is Verdict.CLEAR:
                why = finding.summary[:COMMENT_LIMIT].strip() or "clear now"
                cases.close_case(finding, Reason.CLEARED, by=ACTOR, comment=why, version=case.version)
                return True
        elif why := _why_open(case, finding):
            cases.reopen(finding, by=ACTOR, why=why, version=case.version)
            return True
    except InputError:
        return False  # somebody was quicker: what they did stands
    return False


def _why_open(case: Case, finding: Finding) -> str:
    if case.judged is None or case.reason is Reason.DUPLICATE:
        return ""
    return case.judged.worse(Judged.of(finding))
