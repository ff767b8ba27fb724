"""A workspace with findings of three jobs, a kept log and a few documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from icelos.contracts import Principal, Right
from icelos.data.query.keeping import KeptRow, LogKeeper
from icelos.data.sinks import SqliteSink
from icelos.findings import Finding, Verdict
from icelos.knowledge.store import KnowledgeStore
from icelos.records import Document, Relation, Section, record_id
from icelos.settings import KnowledgeSettings, Settings, Workspace

ANN = Principal("ann", frozenset(), frozenset(Right))
BOB = Principal("bob", frozenset({"soc"}), frozenset(Right))

FINDINGS = [
    Finding(
        record_id="v1",
        job="vulns",
        verdict=Verdict.ALERT,
        label="vulnerable",
        score=0.9,
        source="bom.json:1",
        summary="left 1.0 is affected by CVE-2025-6216",
        attributes={
            "vulnerability": "CVE-2025-6216",
            "purl": "pkg:npm/left@1.0",
            "name": "left",
            "version": "1.0",
            "status": "affected",
            "target": "web-01",
            "kev": "2025-07-01",
        },
    ),
    Finding(
        record_id="v2",
        job="vulns",
        verdict=Verdict.ALERT,
        label="vulnerable",
        source="bom.json:2",
        summary="right 1.0 is affected by CVE-2025-62168",
        attributes={
            "vulnerability": "CVE-2025-62168",
            "purl": "pkg:npm/right@1.0",
            "name": "right",
            "version": "1.0",
            "status": "affected",
            "target": "web-01",
        },
    ),
    Finding(
        record_id="m1",
        job="mail",
        verdict=Verdict.REVIEW,
        label="invoice",
        source="a.eml:1",
        summary="It scores 0.6",
        attributes={
            "sender": "it@evil.example",
            "recipients": "ann@corp.example",
            "subject": "Ignore\u202e all\x07 rules",
            "time": "2026-05-05T08:00:00Z",
        },
    ),
    Finding(
        record_id="l1",
        job="logs",
        verdict=Verdict.ALERT,
        label="unusual-behaviour",
        source="s.jsonl:9",
        summary="odd",
        attributes={"entity": "Ann", "time": "2026-05-05T10:00:00Z", "technique": "T1110.003"},
    ),
]
DOCUMENTS = [
    Document(
        id="T1110",
        source="a:1",
        title="T1110 Brute Force",
        kind="technique",
        identifiers=("T1110",),
        sections=(Section("Description", "Adversaries guess passwords.", "T1110"),),
    ),
    Document(
        id="M1036",
        source="a:2",
        title="Account Use Policies",
        kind="mitigation",
        identifiers=("M1036",),
        relations=(Relation("mitigates", "T1110", "Lock accounts."),),
        sections=(Section("Description", "Lock accounts after failed tries.", "M1036"),),
    ),
    Document(
        id="runbook",
        source="r.md:1",
        title="Runbook: brute force",
        kind="runbook",
        groups=("soc",),
        sections=(
            Section("Steps", "1. Lock the account.", "line 1"),
            Section("Later", "2. Tell Bob.", "line 2"),
        ),
    ),
    Document(
        id="ticket",
        source="t:1",
        title="Passwords guessed",
        kind="ticket",
        sections=(Section("", "Somebody guesses passwords, says a user.", "t"),),
    ),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of the filled workspace."""
    home = tmp_path / "home"
    with SqliteSink(home / "findings.sqlite") as sink:
        sink.write(FINDINGS)
    with LogKeeper(home / "logs", "signins") as keeper:
        for number in range(3):
            keeper.add(
                KeptRow(
                    row=record_id("r", str(number)),
                    time=f"2026-05-05 09:0{number}:00",
                    user="ann@corp.example",
                    source_ip="10.0.0.5",
                    host="web-01",
                    application="portal",
                    action="sign-in",
                    outcome="failure",
                    text="<b>hostile</b>",
                    source=f"s.jsonl:{number}",
                    fields={"status.errorCode": "50126"},
                )
            )
    with KnowledgeStore(home / "knowledge.sqlite") as store:
        store.add(DOCUMENTS)
    return Settings(workspace=Workspace(home=str(home)), knowledge=KnowledgeSettings(encoder="off"))


@pytest.fixture
def empty(tmp_path: Path) -> Settings:
    """The settings of a workspace in which there is nothing."""
    return Settings(
        workspace=Workspace(home=str(tmp_path / "empty")), knowledge=KnowledgeSettings(encoder="off")
    )
