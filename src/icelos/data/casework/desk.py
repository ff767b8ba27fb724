"""Findings with their cases, as one desk: found by name, and looked at again whenever jobs have written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from types import TracebackType
from typing import Self

import msgspec
from msgspec.structs import replace

from icelos.contracts import Principal
from icelos.data.casework.duplicates import Repeated, repeated
from icelos.data.casework.model import Case, CaseEvent, State, finding_id
from icelos.data.casework.renewal import ACTOR, renew
from icelos.data.casework.store import CaseStore
from icelos.data.sinks import SqliteSink
from icelos.data.workspace import Workspace
from icelos.errors import InputError
from icelos.findings import Finding, Verdict

PAGE = 500
SHORTEST = 6
"""Characters of an id that may stand for the whole."""


class Worked(msgspec.Struct, frozen=True, kw_only=True):
    """A finding, where it stands and every step so far; `repeated_by` are ids of what was merged into it."""

    finding: Finding
    case: Case
    events: tuple[CaseEvent, ...]
    repeated_by: tuple[str, ...] = ()


class Desk:
    """The findings store and the cases beside it. Raises StoreError where they cannot be opened."""

    def __init__(self, findings: SqliteSink, cases: CaseStore) -> None:
        self.findings = findings
        self.cases = cases

    @classmethod
    def open(cls, workspace: Workspace) -> Self:
        """Of a workspace; what jobs wrote since the last time is looked at."""
        desk = cls(SqliteSink(workspace.findings), CaseStore(workspace.casework))
        desk.renew()
        return desk

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close both."""
        self.findings.close()
        self.cases.close()

    def renew(self) -> int:
        """Open what is worse now and close what is clear now; how many cases changed."""
        return renew(self.cases, self.findings.path)

    def find(self, name: str) -> Finding:
        """One by its id, the beginning of that, or JOB/RECORD. Raises InputError for none or several."""
        name = name.strip()
        job, slash, record = name.partition("/")
        found = self.findings.finding(finding_id(job, record) if slash else name)
        if found is not None:
            return found
        ids = self.findings.ids_from(name) if len(name) >= SHORTEST and not slash else []
        if len(ids) > 1:
            raise InputError(f"several findings begin with {name!r}", hint=f"such as {', '.join(ids[:2])}")
        found = self.findings.finding(ids[0]) if ids else None
        if found is None:
            raise InputError(
                f"no finding {name[:80]!r}", hint="its id, or JOB/RECORD, as `icelos findings` has them"
            )
        return found

    def listed(
        self, *, job: str = "", verdict: str = "", state: State | None = None, assignee: str = "",
        limit: int = 100,
    ) -> list[tuple[Finding, Case]]:  # fmt: skip
        """Findings with where they stand, the newest first. What is clear is neither open nor closed."""
        if assignee or state is State.CLOSED:
            cases = self.cases.listed(state=state, assignee=assignee or None, limit=-1)
            found = ((self.findings.finding(case.finding_id), case) for case in cases)
            pairs = ((f, case) for f, case in found if f is not None and job in {"", f.job})
            return list(islice((p for p in pairs if verdict in {"", p[0].verdict.value}), limit))
        return list(islice(self._newest(job, verdict, state), limit))

    def _newest(self, job: str, verdict: str, state: State | None) -> Iterator[tuple[Finding, Case]]:
        before: int | None = None
        while True:
            found, before = self.findings.page(job=job, verdict=verdict, limit=PAGE, before=before)
            cases = self.cases.cases(f.id for f in found)
            for finding in found:
                case = cases.get(finding.id) or Case.untouched(finding)
                if state is None or (case.state is state and finding.verdict is not Verdict.CLEAR):
                    yield finding, case
            if before is None:
                return

    def worked(self, finding: Finding, *, principal: Principal | None = None) -> Worked:
        """Everything that is known of a finding; of others, only what the principal may see as well."""
        case = self.cases.case(finding)
        events = self.cases.events(finding.id)
        repeated_by = (self._shown(one, principal) for one in self.cases.merged_into(finding.id))
        return Worked(
            finding=finding, case=replace(case, duplicate_of=self._shown(case.duplicate_of, principal)),
            events=tuple(replace(one, other=self._shown(one.other, principal)) for one in events),
            repeated_by=tuple(one for one in repeated_by if one),
        )  # fmt: skip

    def _shown(self, finding_id: str, principal: Principal | None) -> str:
        if finding_id and self.findings.finding(finding_id, principal=principal) is None:
            return ""
        return finding_id

    def duplicates(self, *, job: str = "") -> list[Repeated]:
        """What repeats an earlier open finding, and is not merged with it."""
        closed = {case.finding_id for case in self.cases.listed(limit=-1) if not case.is_open}
        return repeated(self._open(job, closed))

    def merge_duplicates(self, groups: Iterable[Repeated], *, by: str = ACTOR) -> int:
        """Merge each group into its first; how many findings were merged."""
        merged = 0
        for group in groups:
            for finding in group.others:
                self.cases.merge(finding, group.first, by=by)
                merged += 1
        return merged

    def _open(self, job: str, closed: set[str]) -> Iterable[tuple[Finding, datetime]]:
        return ((f, written) for f, written in self.findings.oldest_first(job) if f.id not in closed)
