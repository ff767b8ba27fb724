from __future__ import annotations

import json
from typing import TYPE_CHECKING

from icelos.records import Relation

if TYPE_CHECKING:
    from tests.unit.data.parse.conftest import One


def test_an_advisory(one: One, samples: dict[str, bytes]) -> None:
    found = one("csaf.json", samples["csaf.json"])
    assert (found.id, found.kind) == ("csaf/ACME-31-01", "advisory")
    assert found.identifiers == ("ACME-31-01", "CVE-2031-0004")
    assert found.relations == (Relation("vulnerability", "CVE-2031-0004"), Relation("weakness", "CWE-306"))
    assert found.url == "https://acme.example/a"
    assert found.facts["cvss"] == "7.5"
    by_heading = {s.heading: s.text for s in found.sections}
    assert by_heading["Affected products"] == "- Acme Gate 1"
    assert by_heading["Vulnerability CVE-2031-0004"].split("\n") == [
        "No password is asked for.",
        "Weakness: CWE-306",
        "CVSS: 7.5 HIGH",
        "Known affected: Acme Gate 1",
        "Fix: vendor fix: Update to 2. [Acme Gate 1]",
    ]
    assert "As is." not in found.text


def test_a_condensed_line(one: One) -> None:
    row = {
        "id": "ICSA-31-001-01",
        "title": "Acme Gate",
        "date": "2031-01-01T00:00:00.000000Z",
        "initial": "2031-01-01T00:00:00.000000Z",
        "tlp": "WHITE",
        "products": ["Gate: All"],
        "notes": [
            {"t": "Risk evaluation", "c": "summary", "text": "Bad."},
            {"t": "Practices", "c": "general", "text": "Be careful."},
        ],
        "refs": ["https://x/a.json", "https://x/a"],
        "vulns": [
            {
                "cve": "CVE-2031-0004",
                "cwe": "CWE-306",
                "cvss": 9,
                "summary": "Open.",
                "fix": ["Close.", "Close."],
            }
        ],
    }
    found = one("adv.jsonl", json.dumps(row) + "\n")
    assert found.id == "csaf/ICSA-31-001-01"
    assert [s.heading for s in found.sections] == [
        "Risk evaluation",
        "Details",
        "Affected products",
        "Vulnerability CVE-2031-0004",
        "Practices",
    ]
    assert found.facts["cvss"] == "9.0"
    assert found.text.count("Fix: Close.") == 1


def test_hostile_product_trees_end(one: One, samples: dict[str, bytes]) -> None:
    row = json.loads(samples["csaf.json"])
    deep: dict[str, object] = {"product": {"product_id": "X", "name": "deep"}}
    for _ in range(300):
        deep = {"branches": [deep]}
    row["product_tree"] = deep
    assert "deep" not in one("csaf.json", json.dumps(row)).text
