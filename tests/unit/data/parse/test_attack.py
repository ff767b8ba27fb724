from __future__ import annotations

import json
from typing import Any

import pytest

from icelos.data.parse.attack import EXAMPLES, Edge, Thing, attack_documents, prose
from icelos.data.parse.documents import parse_documents
from icelos.records import Document, Relation


@pytest.fixture(scope="module")
def catalogue(attack_bundle: dict[str, Any]) -> dict[str, Document]:
    found = parse_documents(json.dumps(attack_bundle).encode(), name="enterprise.json")
    return {d.id: d for d in found if isinstance(d, Document)}


def test_every_object_with_an_id_is_a_document(catalogue: dict[str, Document]) -> None:
    assert {d.id: d.kind for d in catalogue.values()} == {
        "attack/TA0006": "tactic", "attack/T1110": "technique", "attack/T1110.003": "technique",
        "attack/G0099": "group", "attack/S0999": "software", "attack/M1036": "mitigation",
        "attack/DET0900": "detection", "attack/DC0001": "data-source", "attack/T1999": "technique",
    }  # fmt: skip


def test_a_technique_carries_all_that_is_said_of_it(catalogue: dict[str, Document]) -> None:
    found = catalogue["attack/T1110.003"]
    assert found.title == "T1110.003 Brute Force: Password Spraying"
    assert "Password Spraying" in found.aliases
    assert found.identifiers == ("T1110.003",)
    assert Relation("subtechnique-of", "T1110") in found.relations
    assert Relation("tactic", "TA0006") in found.relations
    assert found.facts["tactics"] == "Credential Access"
    assert found.facts["platforms"] == "Windows, Linux"
    assert found.facts["version"] == "99.1"
    examples = [s.text for s in found.sections if s.heading == EXAMPLES]
    assert examples == [
        "Quiet Heron (G0099): Quiet Heron sprayed `Winter2024` at mailboxes.",
        "sprayer (S0999): sprayer can spray.",
    ]
    by_heading = {s.heading: s.text for s in found.sections}
    assert by_heading["Mitigations"] == "Account Use Policies (M1036): Lock after ten."
    assert (
        by_heading["Detection"]
        == "Detect spraying (DET0900)\n- Windows: Many accounts fail with one password."
    )
    assert "Sub-technique of: Brute Force (T1110)" in by_heading["Details"]
    assert found.truncated is False
    assert found.url == "https://attack.mitre.org/x/T1110.003"
    assert "ATT&CK Terms" in found.licence


def test_relations_carry_what_was_done(catalogue: dict[str, Document]) -> None:
    group = catalogue["attack/G0099"]
    assert Relation("uses", "T1110.003", "Quiet Heron sprayed `Winter2024` at mailboxes.") in group.relations
    assert Relation("uses", "S0999", "They use it.") in group.relations
    assert "UNC0042" in group.aliases
    assert Relation("mitigates", "T1110.003", "Lock after ten.") in catalogue["attack/M1036"].relations
    detection = catalogue["attack/DET0900"]
    assert detection.identifiers == ("DET0900", "AN0900")
    assert {(r.kind, r.target) for r in detection.relations} == {
        ("detects", "T1110.003"),
        ("data-component", "DC0001"),
    }
    assert "WinEventLog:Security (EventCode=4625) [Logon Session (DC0001)]" in detection.text


def test_revoked_objects_point_at_what_replaced_them(catalogue: dict[str, Document]) -> None:
    found = catalogue["attack/T1999"]
    assert found.text == "Description\nOld Spraying (T1999) was revoked; see Password Spraying (T1110.003)."
    assert found.relations == (Relation("revoked-by", "T1110.003"),)
    assert found.facts["status"] == "revoked"
    assert "revoked" in found.tags


def test_an_old_mitigation_does_not_take_a_techniques_id(catalogue: dict[str, Document]) -> None:
    assert catalogue["attack/T1110"].kind == "technique"


def test_a_tactic_lists_its_techniques(catalogue: dict[str, Document]) -> None:
    assert "Techniques: Brute Force (T1110)" in catalogue["attack/TA0006"].text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Text.(Citation: A B (2020)) More.", "Text. More."),
        ("[Net](https://x/(y)) and <code>net use</code>", "Net and net use"),
        ("cut here.(Citation: Half of a na...", "cut here. ..."),
        ("cut [Name](https://attack.mitre.or...", "cut [Name ..."),
        ("a\n\n\n\nb", "a\n\nb"),
    ],
)
def test_prose(raw: str, shown: str) -> None:
    assert prose(raw) == shown


def thing(identity: str, **more: Any) -> Thing:
    return Thing(
        type=more.pop("type", "attack-pattern"),
        ref=f"r--{identity}",
        id=identity,
        name=f"Name {identity}",
        **more,
    )


def test_a_cut_text_marks_every_document_that_shows_it() -> None:
    things = [
        thing("T0001"),
        thing("T0002", cut=True),
        thing("G0001", type="intrusion-set"),
        thing("M0001", type="course-of-action"),
    ]
    edges = [Edge("uses", "G0001", "T0001", "shortened...", cut=True)]
    cut = {d.id: d.truncated for d in attack_documents(things, edges, name="n")}
    assert cut == {"attack/T0001": True, "attack/T0002": True, "attack/G0001": True, "attack/M0001": False}


def test_other_domains_files_do_not_replace_what_enterprise_shares() -> None:
    ics = [
        thing("T0801", domains=("ics-attack",)), thing("T0802", domains=("ics-attack",)),
        thing("G0001", type="intrusion-set", domains=("ics-attack",)),
        thing("M0801", type="course-of-action", domains=("ics-attack",)),
        thing("M1013", type="course-of-action", domains=("ics-attack", "enterprise-attack")),
    ]  # fmt: skip
    assert [d.id for d in attack_documents(ics, [], name="n")] == [
        "attack/T0801", "attack/T0802", "ics-attack/G0001", "attack/M0801", "ics-attack/M1013",
    ]  # fmt: skip


def test_edges_to_nowhere_are_left_out() -> None:
    edges = [Edge("uses", "gone--1", "T0001"), Edge("uses", "G0001", "T9999", "known elsewhere")]
    (group, _) = attack_documents([thing("G0001", type="intrusion-set"), thing("T0001")], edges, name="n")
    assert group.relations == (Relation("uses", "T9999", "known elsewhere"),)
