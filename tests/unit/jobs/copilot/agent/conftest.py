"""A small organisation: three hosts, four people, a few mails and alerts; all of it ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.unit.jobs.copilot.agent.tables import Row, TableTool, TimelineTool, as_tools

from icelos.contracts import LLM, Principal, ReadTool
from icelos.jobs.copilot.agent.toolset import Toolset
from icelos.jobs.copilot.answer import Copilot
from icelos.jobs.copilot.answers import Answer
from icelos.jobs.copilot.history import History
from icelos.knowledge.store import KnowledgeStore
from icelos.records import Document, Section
from icelos.settings import CopilotSettings, KnowledgeSettings, Settings

NOW = datetime(2026, 5, 6, 14, 30, tzinfo=UTC)  # a Wednesday
ANN = Principal("ann")

_number = 0


def _finding(job: str, verdict: str, label: str, summary: str, seen: str, **more: Any) -> Row:
    global _number
    _number += 1
    return {
        "id": f"f{_number}",
        "job": job,
        "record_id": f"r{_number}",
        "verdict": verdict,
        "label": label,
        "score": None,
        "summary": summary,
        "source": f"{job}.src:{_number}",
        "seen": seen,
        "state": "open",
        "assignee": None,
        **more,
    }


def _vuln(cve: str, target: str, package: str, version: str, status: str, **more: Any) -> Row:
    verdict = {"affected": "alert", "under_investigation": "unknown"}.get(status, "clear")
    label = {"affected": "vulnerable", "under_investigation": "uncertain"}.get(status, "code_not_reachable")
    why = {
        "affected": "is affected by",
        "fixed": "has the fix of",
        "not_affected": "is not affected by",
        "under_investigation": "may be affected by",
    }[status]
    values = {
        "vulnerability": cve,
        "advisory": f"GHSA-{cve[-4:]}",
        "purl": f"pkg:deb/{package}@{version}",
        "package": package,
        "version": version,
        "fixed_in": "9.9",
        "status": status,
        "exploitable": status == "affected",
        "kev": None,
        "epss": 0.01,
        "target": target,
    }
    reason = more.pop("why", "the version is in the range")
    summary = f"{package} {version} on {target} {why} {cve}: {reason}"
    return _finding("vulns", verdict, label, summary, "2026-05-05T06:00:00Z", **(values | more))


def _mail(sender: str, to: str, subject: str, intents: str, time: str, verdict: str = "alert") -> Row:
    return _finding(
        "mail",
        verdict,
        intents.split(", ")[0],
        f"Mail from {sender} to {to}, {subject!r}: intent {intents}",
        time,
        sender=sender,
        recipients=to,
        subject=subject,
        intents=intents,
        time=time,
    )


def _alert(entity: str, technique: str, summary: str, time: str, **more: Any) -> Row:
    return _finding(
        "logs",
        "alert",
        "unusual-sign-in",
        f"{entity}: {summary}",
        time,
        entity=entity,
        time=time,
        technique=technique,
        incident=f"inc-{entity}",
        resembles="",
        rule=None,
        **more,
    )


def _log(row: int, time: str, user: str, host: str, outcome: str = "success", **more: Any) -> Row:
    return {
        "log": "signins",
        "row": row,
        "time": time,
        "user": user,
        "source_ip": "10.0.0.5",
        "host": host,
        "application": "portal",
        "action": "sign-in",
        "outcome": outcome,
        "text": "",
        **more,
    }


VULNERABILITIES = [
    _vuln("CVE-2024-3094", "web-01", "xz-utils", "5.6.0", "affected", kev="2024-04-01", epss=0.85),
    _vuln(
        "CVE-2024-3094",
        "db-01",
        "xz-utils",
        "5.4.1",
        "not_affected",
        kev="2024-04-01",
        epss=0.85,
        why="5.4.1 is before the range",
    ),
    _vuln(
        "CVE-2023-4911", "web-01", "glibc", "2.36", "affected", kev="2023-11-21", epss=0.42, assignee="bob"
    ),
    _vuln("CVE-2023-4911", "web-02", "glibc", "2.36", "affected", kev="2023-11-21", epss=0.42),
    _vuln("CVE-2022-1111", "web-02", "openssl", "3.0.1", "affected", epss=0.07, fixed_in=None),
    _vuln("CVE-2022-2222", "db-01", "postgresql", "14.1", "under_investigation", epss=0.02),
    _vuln("CVE-2021-3333", "db-01", "openssl", "3.0.1", "fixed", epss=0.3),
    _vuln(
        "CVE-2020-4444", "web-01", "zlib", "1.2.11", "affected", epss=0.6, state="closed", assignee="carol"
    ),
]
MAIL = [
    _mail(
        "it@evil.example",
        "ann@corp.example",
        "Your password expires",
        "credential-theft",
        "2026-05-05T08:00:00Z",
    ),
    _mail(
        "it@evil.example",
        "bob@corp.example",
        "Your password expires",
        "credential-theft",
        "2026-05-05T08:01:00Z",
    ),
    _mail(
        "ceo@c0rp.example",
        "carol@corp.example",
        "Urgent payment",
        "payment-change, reconnaissance",
        "2026-05-01T09:00:00Z",
        "review",
    ),
    _mail("pay@evil.example", "dave@corp.example", "Invoice 4711", "invoice", "2026-04-20T10:00:00Z"),
]
ALERTS = [
    _alert("ann", "T1110.003", "many failed sign-ins from one address", "2026-05-05T23:10:00Z"),
    _alert("ann", "T1078", "sign-in from a new country", "2026-05-06T01:20:00Z", assignee="bob"),
    _alert("dave", "T1078", "sign-in from a new country", "2026-04-29T04:00:00Z", state="closed"),
]
LOGS = [
    _log(1, "2026-05-05T07:55:00Z", "ann", "web-01"),
    _log(2, "2026-05-05T09:00:00Z", "bob", "web-01"),
    _log(3, "2026-05-05T23:00:00Z", "ann", "web-02", "failure", source_ip="203.0.113.7"),
    _log(4, "2026-05-05T23:01:00Z", "ann", "web-02", "failure", source_ip="203.0.113.7"),
    _log(5, "2026-05-05T23:02:00Z", "ann", "web-02", "failure", source_ip="203.0.113.7"),
    _log(6, "2026-05-06T01:20:00Z", "ann", "db-01", source_ip="198.51.100.9"),
    _log(7, "2026-05-06T08:00:00Z", "carol", "web-02"),
    _log(8, "2026-05-06T08:30:00Z", "dave", "db-01", "failure"),
    _log(9, "2026-05-03T10:00:00Z", "ann", "db-01"),
    _log(10, "2026-05-03T11:00:00Z", "bob", "db-01", application="vpn"),
]
DOCUMENTS = [
    Document(
        id="runbook/kev",
        source="kev.md:1",
        title="Runbook: exploited vulnerability",
        kind="runbook",
        sections=(
            Section(
                "Containment",
                "1. Isolate the host from the network within four hours.\n"
                "2. Patch the package or switch the service off.",
                "line 3",
            ),
        ),
    ),
    Document(
        id="runbook/phishing",
        source="phishing.md:1",
        title="Runbook: phishing",
        kind="runbook",
        sections=(
            Section(
                "Containment",
                "1. Block the sender at the mail gateway.\n2. Reset the password of whoever clicked.",
                "line 3",
            ),
        ),
    ),
    Document(
        id="technique/T1110.003",
        source="attack.json:T1110.003",
        title="T1110.003 Password Spraying",
        kind="technique",
        identifiers=("T1110.003",),
        aliases=("Password Spraying",),
        sections=(
            Section("Description", "Adversaries may try one password on many accounts.", "T1110.003"),
            Section(
                "Mitigations", "Account Use Policies (M1036): Lock accounts after failed tries.", "T1110.003"
            ),
        ),
    ),
]


@pytest.fixture
def tools() -> dict[str, ReadTool]:
    cases = [
        {
            key: row[key]
            for key in (
                "id",
                "job",
                "record_id",
                "verdict",
                "label",
                "score",
                "summary",
                "source",
                "seen",
                "state",
                "assignee",
            )
        }
        for row in (*VULNERABILITIES, *MAIL, *ALERTS)
    ]
    findings = TableTool(
        "query_findings",
        {"findings": cases, "vulnerabilities": VULNERABILITIES, "mail": MAIL, "log_alerts": ALERTS},
    )
    logs = TableTool("search_logs", {"logs": LOGS})
    return as_tools(findings, logs, TimelineTool(findings, logs))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[KnowledgeStore]:
    with KnowledgeStore(tmp_path / "knowledge.sqlite") as opened:
        opened.add(DOCUMENTS)
        yield opened


Ask = Callable[..., Answer]


@pytest.fixture
def pilot(store: KnowledgeStore, tools: dict[str, ReadTool], tmp_path: Path) -> Callable[..., Copilot]:
    def made(llm: LLM | None = None, *, more: dict[str, ReadTool] | None = None, **settings: Any) -> Copilot:
        chosen = Settings(copilot=CopilotSettings(**settings), knowledge=KnowledgeSettings(encoder="off"))
        return Copilot(
            store,
            llm=llm,
            settings=chosen,
            tools=Toolset(chosen, tools if more is None else more),
            history=History(tmp_path / "history.sqlite"),
            now=lambda: NOW,
        )

    return made


@pytest.fixture
def ask(pilot: Callable[..., Copilot]) -> Ask:
    def asked(question: str, llm: LLM | None = None, **more: Any) -> Answer:
        return pilot(llm, **more).ask(question, principal=ANN)

    return asked
