"""A simulated organisation with what Icelos would know of it: findings, cases, log events, documents.

Everything is drawn from one seed and dated before `rows.NOW`. `organisation()` gives plain rows, from which
gold answers are computed; `seed(home)` writes the same into a workspace.

    from tests.quality.agent.organisation import organisation, seed
    written = seed(Path("home"))            # findings, cases, documents; written.logs are files to keep
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeVar

from tests.quality.agent.alerts import alerts
from tests.quality.agent.events import as_row, events
from tests.quality.agent.messages import messages
from tests.quality.agent.papers import PAPERS
from tests.quality.agent.rows import NOW, Alert, Broken, Case, Event, Message, Paper, Weakness
from tests.quality.agent.weaknesses import weaknesses

from icelos.data import visibility
from icelos.data.casework.model import Reason
from icelos.data.casework.store import CaseStore
from icelos.data.sinks import SqliteSink
from icelos.findings import Evidence, Failure, Finding, How, Outcome, Verdict
from icelos.knowledge.store import KnowledgeStore
from icelos.records import Document, Section

SEED = 20261120
LOGS = ("signins", "hosts")
Row = TypeVar("Row", Weakness, Message, Alert)
_ANALYSTS = ("petra.holm", "noor.haddad", "yusuf.demir", "idris.falk")
_REASONS = ("true_positive", "false_positive", "benign_positive", "fixed", "accepted_risk")


class Organisation(NamedTuple):
    """The tables."""

    weaknesses: tuple[Weakness, ...]
    messages: tuple[Message, ...]
    alerts: tuple[Alert, ...]
    events: tuple[Event, ...]
    failures: tuple[Broken, ...]
    papers: tuple[Paper, ...]

    @property
    def found(self) -> list[Weakness | Message | Alert]:
        """What the findings are made of, of all jobs."""
        return [*self.weaknesses, *self.messages, *self.alerts]


class Written(NamedTuple):
    """What `seed` wrote: the log files by name, which a test keeps with Icelos' own commands."""

    home: Path
    logs: dict[str, Path]


@cache
def organisation(seed: int = SEED) -> Organisation:
    """The organisation of a seed; the same rows every time."""
    draw = random.Random(seed)
    found, mail, logs = weaknesses(seed), messages(seed + 1), alerts(seed + 2)
    concerning = [one for one in found if one.verdict == "alert"]
    worked = _worked(draw, concerning, 36, ("fixed", "accepted_risk", "false_positive"))
    return Organisation(
        tuple(one._replace(case=worked.get(one.record, one.case)) for one in found),
        tuple(_with_cases(draw, mail, 30)),
        tuple(_with_cases(draw, logs, 44)),
        tuple(events(seed + 3)),
        tuple(_failures()),
        PAPERS,
    )


def _with_cases(draw: random.Random, rows: Sequence[Row], number: int) -> list[Row]:
    worked = _worked(draw, rows, number, _REASONS[:3])
    return [one._replace(case=worked.get(one.record, one.case)) for one in rows]


def _worked(draw: random.Random, rows: Sequence[Row], number: int, reasons: Sequence[str]) -> dict[str, Case]:
    """Cases of some rows: about half are closed, the rest are open with somebody."""
    chosen = draw.sample(rows, number)
    return {
        row.record: Case("closed" if closed else "open", draw.choice(_ANALYSTS),
                         draw.choice(reasons) if closed else "")
        for row in chosen
        for closed in (draw.random() < 0.5,)
    }  # fmt: skip


def _failures() -> Iterator[Broken]:
    for job, number, error in (
        ("vulns", 7, "the package database is cut short"),
        ("mail", 5, "not a mail: no header"),
        ("logs", 6, "not JSON: the line ends in mid-value"),
    ):
        for place in range(number):
            yield Broken(job, f"broken-{job}-{place}", error, f"{job}/input:{place + 1}")


# ---- as Icelos has it


def outcomes(known: Organisation) -> list[tuple[Outcome, datetime]]:
    """Findings and failures as the jobs make them, each with the time at which it was written."""
    found: list[tuple[Outcome, datetime]] = [(finding_of(one), written_at(one)) for one in known.found]
    found += [
        (Failure(record_id=one.record, job=one.job, error=one.error, source=one.source), NOW)
        for one in known.failures
    ]
    return sorted(found, key=lambda pair: pair[1])


def finding_of(row: Weakness | Message | Alert) -> Finding:
    """A row as its job's finding."""
    if isinstance(row, Weakness):
        return _of_weakness(row)
    return _of_message(row) if isinstance(row, Message) else _of_alert(row)


def written_at(row: Weakness | Message | Alert) -> datetime:
    """When the job would have written it: mail and logs are scored a minute after they came."""
    return row.seen if isinstance(row, Weakness) else row.time + timedelta(minutes=1)


def _of_weakness(row: Weakness) -> Finding:
    words = {"affected": "is affected by", "fixed": "has the fix of", "not_affected": "is not affected by",
             "under_investigation": "may be affected by"}  # fmt: skip
    source = f"{row.target}/var/lib/packages"
    attributes = {
        "target": row.target, "target_id": row.target, "purl": f"pkg:generic/{row.package}@{row.version}",
        "name": row.package, "version": row.version, "location": "var/lib/packages",
        "advisory": row.advisory, "advisories": row.advisory, "vulnerability": row.vulnerability,
        "status": row.status, "why": row.why, "fixed_in": row.fixed_in, "severity": row.severity,
        "epss": "" if row.epss is None else f"{row.epss:.5f}", "kev": row.kev,
        "description": f"A flaw in {row.package} (simulated)", "match": "package URL and versions",
    }  # fmt: skip
    return Finding(
        record_id=row.record, job="vulns", verdict=Verdict(row.verdict), label=row.label,
        score=None if row.verdict == "clear" else round(min(1.0, 0.2 + (row.epss or 0.0)), 4),
        summary=f"{row.package} {row.version} {words[row.status]} {row.vulnerability}: {row.why}",
        evidence=(
            Evidence(f"{row.package} {row.version}", source, How.TOOL),
            Evidence(f"{row.advisory}: fixed in {row.fixed_in}", f"advisories/{row.advisory}.json",
                How.RETRIEVAL),
        ),
        made_by={"job": "vulns", "method": "version ranges"}, source=source,
        attributes={name: value for name, value in attributes.items() if value},
    )  # fmt: skip


def _of_message(row: Message) -> Finding:
    place = f"inbox.mbox:{row.record}"
    return Finding(
        record_id=row.record, job="mail", verdict=Verdict(row.verdict), label=row.intent, score=row.score,
        summary="; ".join(said for _, _, said in row.symbols),
        evidence=(
            *(Evidence(f"{weight:+.2f} {name}: {said}", f"{place} header", How.RULE)
              for name, weight, said in row.symbols),
            Evidence("-1.20 any mail", place, How.RULE),
        ),
        made_by={"model": "simulated"}, source=place,
        attributes={
            "intents": ", ".join(row.intents), "sender": row.sender, "recipients": ", ".join(row.recipients),
            "subject": row.subject, "time": _text(row.time),
        },
    )  # fmt: skip


def _of_alert(row: Alert) -> Finding:
    attributes = {
        "entity": row.entity, "time": _text(row.time), "technique": row.technique, "rule": row.rule,
        "incident": row.incident, "resembles": row.resembles,
    }  # fmt: skip
    return Finding(
        record_id=row.record, job="logs", verdict=Verdict.ALERT, label=row.label, score=row.score,
        summary=row.summary, evidence=(Evidence(row.summary, f"signins.jsonl:{row.record}", How.RULE),),
        made_by={"rules": "simulated"}, source=f"signins.jsonl:{row.record}",
        attributes={name: value for name, value in attributes.items() if value},
    )  # fmt: skip


def document_of(paper: Paper) -> Document:
    """A paper as a document of the knowledge store."""
    number = paper.id.partition("/")[2]
    return Document(
        id=paper.id, source=f"{paper.id}.md", title=paper.title, kind=paper.kind,
        identifiers=(number,) if paper.kind == "ticket" or number.startswith("INC-") else (),
        sections=tuple(Section(heading, text) for heading, text in paper.sections), groups=paper.groups,
    )  # fmt: skip


def _text(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def seed(home: Path, *, attack: bool = False, known: Organisation | None = None) -> Written:
    """Write an organisation into a workspace. `attack` adds the bundled ATT&CK, which takes longer.

    Findings get the time at which their job would have written them, not that of now.
    """
    known = known or organisation()
    home.mkdir(parents=True, exist_ok=True)
    _write_findings(home / "findings.sqlite", known)
    _write_cases(home / "casework.sqlite", known)
    with KnowledgeStore(home / "knowledge.sqlite") as store:
        store.add([document_of(paper) for paper in known.papers], collection="organisation")
        if attack:
            from icelos.data.feeds.attack import bundled_documents

            store.add(bundled_documents(), collection="attack")
    logs = {name: _write_log(home / "logs-to-keep", name, known) for name in LOGS}
    return Written(home, logs)


def _write_findings(path: Path, known: Organisation) -> None:
    rows = outcomes(known)
    with SqliteSink(path) as sink:
        sink.write([outcome for outcome, _ in rows])
    with closing(sqlite3.connect(path)) as database, database:
        seen = [(time.isoformat(timespec="seconds"), outcome.id) for outcome, time in rows]
        database.executemany("UPDATE outcomes SET seen = ? WHERE id = ?", seen)
        for one in known.found:
            if one.groups:
                visibility.set_finding_groups(database, finding_of(one).id, one.groups)


def _write_cases(path: Path, known: Organisation) -> None:
    clock = iter(NOW - timedelta(hours=20) + timedelta(minutes=step) for step in range(1000))
    with CaseStore(path, clock=lambda: next(clock)) as cases:
        for one in known.found:
            if not one.case.assignee:
                continue
            finding = finding_of(one)
            cases.assign(finding, one.case.assignee, by="petra.holm")
            if one.case.state == "closed":
                cases.close_case(finding, Reason(one.case.reason), by=one.case.assignee)


def _write_log(folder: Path, name: str, known: Organisation) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.jsonl"
    rows = [one for one in known.events if one.log == name]
    lines = (json.dumps(as_row(one, number)) for number, one in enumerate(rows))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path
