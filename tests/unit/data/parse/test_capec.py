from __future__ import annotations

import json
from typing import TYPE_CHECKING

from icelos.data.parse.capec import markup
from icelos.records import Document, Relation

if TYPE_CHECKING:
    from tests.unit.data.parse.conftest import One, Parse


def test_a_pattern_with_its_weaknesses_and_mitigations(parse: Parse, samples: dict[str, bytes]) -> None:
    found, parent = parse("capec.json", samples["capec.json"])
    assert isinstance(found, Document)
    assert isinstance(parent, Document)
    assert (found.id, found.kind, found.title) == (
        "capec/CAPEC-66",
        "attack-pattern",
        "CAPEC-66 SQL Injection",
    )
    assert found.relations == (
        Relation("weakness", "CWE-89"),
        Relation("technique", "T1190"),
        Relation("child-of", "CAPEC-248"),
    )
    text = found.text
    assert "Crafted input.\nMore." in text
    assert "Typical severity: High" in text
    assert "- Access Control: Gain Privileges" in text
    assert "Mitigations\n- Bind values." in text
    assert found.facts == {"severity": "High", "likelihood": "Medium"}


def test_flattened_lines(one: One) -> None:
    uuid = "11111111-2222-4333-8444-000000000051"
    row = {
        "type": "attack-pattern",
        "stix_id": f"attack-pattern--{uuid}",
        "id": "CAPEC-66",
        "name": "SQL Injection",
        "description": "x < y",
        "cwe": ["CWE-89"],
        "attack": [],
        "revoked": False,
        "deprecated": False,
        "url": "https://capec.mitre.org/66",
    }
    found = one("capec.jsonl", json.dumps(row) + "\n")
    assert found.relations == (Relation("weakness", "CWE-89"),)
    assert "x < y" in found.text


def test_markup_is_taken_for_mark_up_only_where_it_is() -> None:
    assert markup("<xhtml:ul><xhtml:li>a</xhtml:li><xhtml:li>b</xhtml:li></xhtml:ul>") == "a\nb"
    assert markup("List<String> in a < b") == "List<String> in a < b"
