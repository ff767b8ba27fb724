"""Shift reports: what has changed since somebody's last shift ended, the worst first, each line with its ref.

When a shift ends, the findings of concern are remembered by id and digest. So the next report can tell what
is new, what says something else, and what is no longer of concern. Until a shift has ended once, everything
written since the given time counts as new. Reporting changes nothing; only `end` moves the mark.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from icelos.contracts import Principal
from icelos.data.casework.model import Case
from icelos.data.recent import Recent, digest_of
from icelos.errors import InputError
from icelos.findings import Failure, Finding, Verdict
from icelos.jobs.copilot.learning.notes import COLLECTION
from icelos.jobs.copilot.learning.questions import Difference
from icelos.knowledge.store import KnowledgeStore

FIRST = timedelta(hours=24)
"""How far back the first report looks."""
MOST_LINES = 50
"""Lines of one section; its total counts all."""
MOST_READ = 5_000
"""Findings written since then that are read."""

What = Literal["new", "changed", "closed"]
_ORDER = {verdict: place for place, verdict in enumerate(Verdict)}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened. `ref` names it for good, as a fact of a tool does."""

    ref: str
    what: What
    text: str
    verdict: str = ""
    score: float | None = None
    source: str = ""


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """Lines on one subject ("findings of vulns", "documents" …); `total` counts those left out as well."""

    name: str
    total: int
    lines: tuple[Line, ...]


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """A report of the time after `since` up to `until`. `ended` says whether a shift had ended before."""

    since: datetime
    until: datetime
    ended: bool
    sections: tuple[Topic, ...]


def report(
    database: sqlite3.Connection, findings: Path, store: KnowledgeStore, changes: Iterable[Difference], *,
    principal: Principal, cases: Sequence[Case] = (), since: datetime | None = None,
    now: datetime | None = None,
) -> Shift:  # fmt: skip
    """What has changed since `since`, or else since the last shift ended. Raises StoreError.

    `changes` are the saved questions, asked again; `cases` what people have done about findings.
    """
    until = now or datetime.now(UTC)
    mark, known = _mark(database, principal.name)
    start = since or mark or until - FIRST
    recent = Recent(findings, principal)
    sections = [
        *_findings(recent, start, known, {case.finding_id for case in cases if not case.is_open}),
        _cases(recent, cases, start, principal.name),
        _failures(recent, start),
        *_documents(store, start, principal),
        _questions(changes),
    ]
    kept = tuple(section for section in sections if section.total)
    return Shift(since=start, until=until, ended=mark is not None, sections=kept)


def end(
    database: sqlite3.Connection, findings: Path, *, principal: Principal, until: datetime | None = None
) -> datetime:
    """The shift has ended at `until` (now): the next report begins there. The same time again: no change.

    Inside a transaction. Raises InputError for a time to come.
    """
    now = datetime.now(UTC)
    moment = until or now
    if moment > now + timedelta(minutes=1):
        raise InputError("a shift cannot end in the future")
    mark, _ = _mark(database, principal.name)
    if mark is not None and moment <= mark:
        return mark
    known = Recent(findings, principal).concerns()
    packed = b"".join(key + value for key, value in known.items())
    database.execute(
        "INSERT OR REPLACE INTO shifts VALUES (?, ?, ?)",
        (principal.name, moment.astimezone(UTC).isoformat(timespec="microseconds"), packed),
    )
    return moment


def _mark(database: sqlite3.Connection, person: str) -> tuple[datetime | None, dict[bytes, bytes] | None]:
    row = database.execute("SELECT ended, known FROM shifts WHERE person = ?", (person,)).fetchone()
    if row is None:
        return None, None
    packed = row[1]
    known = {packed[i : i + 8]: packed[i + 8 : i + 16] for i in range(0, len(packed), 16)}
    return datetime.fromisoformat(row[0]), known


def _findings(
    recent: Recent, since: datetime, known: Mapping[bytes, bytes] | None, closed: Set[str]
) -> list[Topic]:
    """A topic a job, the job with the worst finding first; what people have closed is told with the cases."""
    by_job: dict[str, list[Line]] = {}
    for one in recent.since(since, "finding", limit=MOST_READ):
        finding = one.outcome
        if finding.id in closed:
            continue
        if isinstance(finding, Finding) and (what := _what(finding, known)) is not None:
            by_job.setdefault(finding.job, []).append(_line(finding, what))
    sections = [_topic(f"findings of {job}", sorted(lines, key=_badness)) for job, lines in by_job.items()]
    return sorted(sections, key=lambda section: (_badness(section.lines[0]), section.name))


def _cases(recent: Recent, cases: Iterable[Case], since: datetime, person: str) -> Topic:
    """What people have done about findings since then, as far as they may be seen: one's own first."""
    lines = []
    for case in cases:
        if case.changed is None or case.changed <= since:
            continue
        finding = recent.finding(case.finding_id)
        if finding is not None:
            line = _line(finding, "changed" if case.is_open else "closed")
            told = f"{line.text} ({_state(case)})"
            lines.append((case.assignee != person, msgspec.structs.replace(line, text=told)))
    lines.sort(key=lambda one: (one[0], _badness(one[1])))
    return _topic("cases", [line for _, line in lines])


def _state(case: Case) -> str:
    parts = [f"closed: {case.reason}" if case.reason else case.state.value]
    return ", ".join([*parts, *([f"with {case.assignee}"] if case.assignee else [])])


def _what(finding: Finding, known: Mapping[bytes, bytes] | None) -> What | None:
    """What happened to a finding; None where it says what it said, or never was of concern."""
    concern = finding.verdict in (Verdict.ALERT, Verdict.REVIEW)
    if known is None:
        return "new" if concern else None
    key, digest = digest_of(finding)
    before = known.get(key)
    if before is None:
        return "new" if concern else None
    if not concern:
        return "closed"
    return "changed" if before != digest else None


def _line(finding: Finding, what: What) -> Line:
    return Line(
        ref=f"finding:{finding.job}/{finding.record_id}", what=what, text=finding.summary or finding.label,
        verdict=finding.verdict.value, score=finding.score, source=finding.source,
    )  # fmt: skip


def _badness(line: Line) -> tuple[int, int, float, str]:
    order = _ORDER[Verdict(line.verdict)]
    return ({"new": 0, "changed": 1, "closed": 2}[line.what] // 2, order, -(line.score or 0.0), line.ref)


def _failures(recent: Recent, since: datetime) -> Topic:
    found = [one.outcome for one in recent.since(since, "failure", limit=MOST_READ)]
    lines = [
        Line(ref=f"failure:{one.job}/{one.record_id}", what="new", text=one.error, source=one.source)
        for one in found
        if isinstance(one, Failure)
    ]
    return _topic("failures", lines)


def _documents(store: KnowledgeStore, since: datetime, principal: Principal) -> list[Topic]:
    """New and changed sources, by collection; notes are one of them."""
    found, total = store.changed(since, principal=principal, limit=MOST_READ)
    by_name: dict[str, list[Line]] = {}
    for one in found:
        name = "notes" if one.collection == COLLECTION else f"documents of {one.collection}"
        what: What = "new" if one.version == 1 else "changed"
        line = Line(ref=f"document:{one.id}", what=what, text=one.title, source=one.source)
        by_name.setdefault(name, []).append(line)
    sections = [_topic(name, lines) for name, lines in sorted(by_name.items())]
    if total > len(found):
        sections.append(Topic(name="more documents", total=total - len(found), lines=()))
    return sections


def _questions(changes: Iterable[Difference]) -> Topic:
    lines = [
        Line(ref=f"question:{one.name}", what="changed", text=f"{one.question} {_told(one)}")
        for one in changes
        if one.changed
    ]
    return _topic("saved questions", lines)


def _told(change: Difference) -> str:
    parts = [
        f"{len(some)} {name}"
        for some, name in (
            (change.added, "sentences new"), (change.gone, "gone"), (change.sources, "sources new or changed")
        )
        if some
    ]  # fmt: skip
    if change.status_before is not change.answer.status:
        parts.insert(0, f"{change.status_before.value} before, {change.answer.status.value} now")
    return f"({', '.join(parts)})"


def _topic(name: str, lines: Sequence[Line]) -> Topic:
    return Topic(name=name, total=len(lines), lines=tuple(lines[:MOST_LINES]))
