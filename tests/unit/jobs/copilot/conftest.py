"""A small store with one document of each kind that the copilot has templates for; all text is ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from icelos.contracts import Principal, Where
from icelos.jobs.copilot.retrieve import Reader
from icelos.knowledge.store import KnowledgeStore
from icelos.records import Document, Relation, Section

NOW = datetime(2025, 11, 1, tzinfo=UTC)
ANN = Principal("ann")


def document(identity: str, kind: str, title: str, *sections: tuple[str, str], **more: object) -> Document:
    """A document with a place on every section."""
    values: dict[str, object] = {"identifiers": (identity,), "modified": NOW, **more}
    return Document(
        id=f"{kind}/{identity}",
        source=f"{kind}.json:{identity}",
        title=title,
        kind=kind,
        sections=tuple(Section(heading, text, identity) for heading, text in sections),
        **values,  # type: ignore[arg-type]
    )


DOCUMENTS = [
    document(
        "T9001.002", "technique", "T9001.002 Door Rattling: Slow Rattling",
        ("Description", "Intruders may try one handle on many doors to stay unnoticed. Slow rattling avoids"
         " the alarm that ten tries on one door would raise."),
        ("Details", "Tactics: Credential Access\nPlatforms: Windows, Linux"),
        ("Mitigations", "Door Policy (M9027): Lock every door after five tries."),
        ("Mitigations", "Second Key (M9032): Ask for a second key on outer doors."),
        ("Procedure examples", "Quiet Otter (G9007): Quiet Otter rattled doors of three embassies."),
        aliases=("Slow Rattling", "Door Rattling: Slow Rattling"),
        relations=(Relation("subtechnique-of", "T9001"),),
    ),
    document(
        "M9027", "mitigation", "M9027 Door Policy", ("Description", "Rules on doors and their locks."),
        relations=(Relation("mitigates", "T9001.002", "Lock every door after five tries."),),
    ),
    document(
        "G9007", "group", "G9007 Quiet Otter",
        ("Description", "Quiet Otter is a group that has listened at doors since 2014."),
        ("Details", "Aliases: Hushed Weasel"), aliases=("Quiet Otter", "Hushed Weasel"),
        relations=(
            Relation("uses", "T9001.002", "Quiet Otter rattled doors of three embassies."),
            Relation("uses", "S9055"),
        ),
    ),
    document(
        "S9055", "software", "S9055 LockSnail",
        ("Description", "LockSnail is a slow lock picker written in Forth."),
        ("Details", "Platforms: Windows\nUsed by: Quiet Otter (G9007)"), aliases=("LockSnail",),
    ),
    document(
        "0a1b2c3d-0000-4000-8000-000000000001", "rule", "Many Doors Tried By One Hand",
        ("Description", "Detects one hand on many doors."),
        ("Details", "Level: high\nTechniques: T9001.002"),
        ("False positives", "- Postmen"),
        relations=(Relation("detects", "T9001.002"),),
    ),
    document(
        "CVE-2024-90210", "vulnerability", "CVE-2024-90210 Acme Gate Lock Bypass Vulnerability",
        ("Description", "Acme Gate lets a visitor pass by knocking twice."),
        ("Details", "Vendor: Acme\nProduct: Gate\nRequired action: Apply the vendor's update.\n"
         "Due date: 2024-07-15\nDate added: 2024-06-24\nKnown ransomware campaign use: Unknown"),
        relations=(Relation("weakness", "CWE-9287"),),
    ),
    document(
        "ICSA-24-900-01", "advisory", "ICSA-24-900-01 Bolt Works Hinge",
        ("Summary", "Two flaws in Hinge let an intruder lift the door."),
        ("Affected products", "- Hinge: 4.60 and prior"),
        ("Vulnerability CVE-2024-90333", "The hinge pin can be pulled from outside.\nWeakness: CWE-9121\n"
         "CVSS: 7.8\nFix: Update to Hinge 5.0.29."),
        ("Vulnerability CVE-2024-90334", "The hinge squeals its secret.\nWeakness: CWE-9200\nCVSS: 4.3\n"
         "Fix: Oil the hinge with release 5.1."),
        identifiers=("ICSA-24-900-01", "CVE-2024-90333", "CVE-2024-90334"),
    ),
    document(
        "CWE-9287", "weakness", "CWE-9287 Unchecked Knock",
        ("Description", "The gate does not check who is knocking before it opens."),
        ("Details", "Likelihood of exploit: High"),
        ("Potential mitigations", "- Design: Ask for a name at every knock."),
    ),
    document(
        "CAPEC-9087", "attack-pattern", "CAPEC-9087 Forceful Knocking",
        ("Description", "An adversary knocks until somebody opens."),
        ("Details", "Typical severity: High\nLikelihood of attack: Medium"),
        ("Prerequisites", "- The door must be reachable from the street."),
        aliases=("Forceful Knocking",),
    ),
    document(
        "flood", "runbook", "Playbook: Flooded Cellar",
        ("Investigate", "1. Find out how high the water stands.\n1. Ask who opened the valve.\n"
         "1. TODO: name the plumber"),
        ("Remediate > Contain", "* Close the main valve\n* Move the servers upstairs"),
        identifiers=(),
    ),
]  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[KnowledgeStore]:
    with KnowledgeStore(tmp_path / "knowledge.sqlite") as opened:
        opened.add(DOCUMENTS, collection="field")
        yield opened


@pytest.fixture
def reader(store: KnowledgeStore) -> Reader:
    return Reader(store, ANN, Where())
