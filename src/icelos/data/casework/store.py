"""Cases in one SQLite file (WAL): every step is a row that is never changed, and where each case stands.

A step is one transaction with the state that follows from it, durable when the call returns; two processes
share the file. Whether somebody may see a finding is decided before it gets here.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from icelos.data.casework.model import (
    Case,
    CaseEvent,
    Changed,
    Judged,
    Reason,
    State,
    Step,
    checked_name,
    checked_text,
)
from icelos.data.databases import open_shared
from icelos.errors import InputError, StoreError
from icelos.findings import Finding

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
  number INTEGER PRIMARY KEY AUTOINCREMENT, finding_id TEXT NOT NULL, step TEXT NOT NULL, actor TEXT NOT NULL,
  at TEXT NOT NULL, text TEXT NOT NULL, reason TEXT NOT NULL, other TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS events_of_finding ON events (finding_id, number);
CREATE TABLE IF NOT EXISTS current (
  finding_id TEXT PRIMARY KEY, job TEXT NOT NULL, record_id TEXT NOT NULL, state TEXT NOT NULL,
  assignee TEXT NOT NULL, reason TEXT NOT NULL, duplicate_of TEXT NOT NULL, changed TEXT NOT NULL,
  version INTEGER NOT NULL, judged BLOB) STRICT;
CREATE INDEX IF NOT EXISTS current_by_state ON current (state, changed);
CREATE INDEX IF NOT EXISTS current_by_assignee ON current (assignee, state);
CREATE INDEX IF NOT EXISTS current_by_first ON current (duplicate_of) WHERE duplicate_of <> '';
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
"""
_COLUMNS = "finding_id, job, record_id, state, assignee, reason, duplicate_of, changed, version, judged"
_STEP = "step, actor, at, text, reason, other"

Clock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


class CaseStore:
    """What people do about findings. Safe to share between threads; close it or use it as a context."""

    def __init__(self, path: Path, *, clock: Clock = _now) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.RLock()
        with self._told("open"):
            self._database = open_shared(path, SCHEMA, check_same_thread=False)
            with contextlib.suppress(OSError):
                path.chmod(0o600)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    # ---- what people do

    def assign(self, finding: Finding, assignee: str, *, by: str, version: int | None = None) -> Case:
        """Give a finding to somebody; "" takes it from whoever has it.

        Here and below `version` is the one that the caller has seen: Changed is raised where the case is a
        step further. Raises InputError for what cannot be done, StoreError.
        """
        name = checked_name(assignee, "assignee") if assignee else ""
        with self._step(finding, version) as (_, write):
            write(Step.ASSIGNED, by, name, assignee=name)
        return self.case(finding)

    def comment(self, finding: Finding, text: str, *, by: str, version: int | None = None) -> Case:
        """Say something of a finding."""
        said = checked_text(text)
        with self._step(finding, version) as (_, write):
            write(Step.COMMENTED, by, said)
        return self.case(finding)

    def close_case(
        self, finding: Finding, reason: Reason, *, by: str, comment: str = "", version: int | None = None
    ) -> Case:  # fmt: skip
        """Close a finding for a reason. Raises InputError where it is closed already."""
        if reason is Reason.DUPLICATE:
            raise InputError("a duplicate of what?", hint="merge it with the finding that it repeats")
        said = checked_text(comment) if comment else ""
        with self._step(finding, version) as (case, write):
            if not case.is_open:
                raise InputError(f"already closed as {case.reason}", source=case.record_id)
            write(Step.CLOSED, by, said, state=State.CLOSED, reason=reason, judged=Judged.of(finding))
        return self.case(finding)

    def reopen(self, finding: Finding, *, by: str, why: str, version: int | None = None) -> Case:
        """Open a closed finding again. Raises InputError where it is open."""
        said = checked_text(why)
        with self._step(finding, version) as (case, write):
            if case.is_open:
                raise InputError("it is open", source=case.record_id)
            write(Step.REOPENED, by, said, state=State.OPEN, reason=None, duplicate_of="", judged=None)
        return self.case(finding)

    def merge(self, finding: Finding, first: Finding, *, by: str, version: int | None = None) -> Case:
        """Close a finding as a repetition of `first`, and with it those that were merged into it before.

        Where `first` itself was merged, what counts is the finding that it repeats. Raises InputError for a
        finding and itself, and where it is merged already.
        """
        with self._step(finding, version) as (case, write):
            kept = self.case(first)
            target = kept.duplicate_of or kept.finding_id
            if target == case.finding_id:
                raise InputError("a finding does not repeat itself", source=case.record_id)
            if case.duplicate_of:
                raise InputError("already merged", source=case.record_id, hint="reopen it first")
            write(
                Step.MERGED, by, "", other=target, state=State.CLOSED, reason=Reason.DUPLICATE,
                duplicate_of=target, judged=Judged.of(finding),
            )  # fmt: skip
            self._database.execute(
                "UPDATE current SET duplicate_of = ? WHERE duplicate_of = ?", (target, case.finding_id)
            )
        return self.case(finding)

    # ---- where things stand

    def case(self, finding: Finding) -> Case:
        """Where a finding stands."""
        return self.cases([finding.id]).get(finding.id) or Case.untouched(finding)

    def cases(self, finding_ids: Iterable[str]) -> dict[str, Case]:
        """Those of the findings that somebody has touched, by id."""
        wanted = msgspec.json.encode(list(finding_ids)).decode()
        query = f"SELECT {_COLUMNS} FROM current WHERE finding_id IN (SELECT value FROM json_each(?))"  # noqa: S608 - our own words
        with self._told("read"), self._lock:
            return {row[0]: _case(row) for row in self._database.execute(query, (wanted,))}

    def listed(
        self, *, state: State | None = None, assignee: str | None = None, limit: int = 1000
    ) -> list[Case]:
        """Cases that somebody has touched, those changed last first."""
        conditions, values = ["1"], list[object]()
        for column, value in (("state", state), ("assignee", assignee)):
            if value is not None:
                conditions.append(f"{column} = ?")
                values.append(str(value))
        query = (
            f"SELECT {_COLUMNS} FROM current WHERE {' AND '.join(conditions)}"  # noqa: S608 - our own words
            " ORDER BY changed DESC, version DESC LIMIT ?"
        )
        with self._told("read"), self._lock:
            return [_case(row) for row in self._database.execute(query, (*values, limit))]

    def events(self, finding_id: str) -> list[CaseEvent]:
        """Every step of a finding, in order."""
        query = f"SELECT number, {_STEP} FROM events WHERE finding_id = ? ORDER BY number"  # noqa: S608 - our own words
        with self._told("read"), self._lock:
            rows = self._database.execute(query, (finding_id,)).fetchall()
        return [
            CaseEvent(
                number=number, step=Step(step), actor=actor, at=datetime.fromisoformat(at), text=text,
                reason=Reason(reason) if reason else None, other=other,
            )
            for number, step, actor, at, text, reason, other in rows
        ]  # fmt: skip

    def merged_into(self, finding_id: str) -> list[str]:
        """The ids of the findings that repeat this one."""
        query = "SELECT finding_id FROM current WHERE duplicate_of = ? ORDER BY version"
        with self._told("read"), self._lock:
            return [row[0] for row in self._database.execute(query, (finding_id,))]

    def mark(self, name: str) -> int:
        """A number kept under a name; 0 where there is none."""
        with self._told("read"), self._lock:
            row = self._database.execute("SELECT value FROM marks WHERE name = ?", (name,)).fetchone()
            return int(row[0]) if row else 0

    def set_mark(self, name: str, value: int) -> None:
        """Keep a number under a name."""
        with self._told("write"), self._lock:
            self._database.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (name, value))

    def forget(self, finding_ids: Sequence[str]) -> int:
        """Remove cases with all their steps, as of findings that are gone; how many there were."""
        wanted = msgspec.json.encode(list(finding_ids)).decode()
        which = "WHERE finding_id IN (SELECT value FROM json_each(?))"
        with self._transaction():
            self._database.execute(f"DELETE FROM events {which}", (wanted,))  # noqa: S608 - our own words
            return self._database.execute(f"DELETE FROM current {which}", (wanted,)).rowcount  # noqa: S608

    # ---- inside

    @contextlib.contextmanager
    def _step(self, finding: Finding, version: int | None) -> Iterator[tuple[Case, Callable[..., None]]]:
        with self._transaction():
            case = self.case(finding)
            if version is not None and version != case.version:
                raise Changed(
                    "somebody else has changed it meanwhile", hint="look at it again", source=case.record_id
                )

            def write(step: Step, by: str, text: str, *, other: str = "", **changes: Any) -> None:
                self._write(case, step, checked_name(by, "name of who does it"), text, other, changes)

            yield case, write

    def _write(
        self, case: Case, step: Step, by: str, text: str, other: str, changes: dict[str, Any]
    ) -> None:  # fmt: skip
        at = self._clock()
        reason = changes.get("reason") or ""
        number = self._database.execute(
            f"INSERT INTO events (finding_id, {_STEP}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (case.finding_id, step.value, by, at.isoformat(), text, str(reason), other),
        ).lastrowid
        now = msgspec.structs.replace(case, **changes, changed=at, version=int(number or 0))
        judged = msgspec.json.encode(now.judged) if now.judged is not None else None
        self._database.execute(
            f"INSERT OR REPLACE INTO current ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (
                now.finding_id, now.job, now.record_id, now.state.value, now.assignee, str(now.reason or ""),
                now.duplicate_of, at.isoformat(), now.version, judged,
            ),
        )  # fmt: skip

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._told("write"), self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"cannot {what} cases: {error}", source=str(self.path)) from error


def _case(row: Sequence[Any]) -> Case:
    identity, job, record, state, assignee, reason, first, changed, version, judged = row
    return Case(
        finding_id=identity, job=job, record_id=record, state=State(state), assignee=assignee,
        reason=Reason(reason) if reason else None, duplicate_of=first,
        changed=datetime.fromisoformat(changed), version=version,
        judged=msgspec.json.decode(judged, type=Judged) if judged is not None else None,
    )  # fmt: skip
