from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from icelos.findings import Failure
from icelos.records import Document, Relation

if TYPE_CHECKING:
    from tests.unit.data.parse.conftest import One, Parse


def test_a_row(one: One, samples: dict[str, bytes]) -> None:
    found = one("cwe.json", samples["cwe.json"])
    assert (found.id, found.kind) == ("cwe/CWE-89", "weakness")
    assert "SQL Injection" in found.aliases
    assert "SQLi" in found.aliases
    assert Relation("child-of", "CWE-943") in found.relations
    assert Relation("attack-pattern", "CAPEC-66") in found.relations
    assert Relation("observed-in", "CVE-2031-0005", "a shop") in found.relations
    assert found.facts["abstraction"] == "Base"
    text = found.text
    for part in (
        "Likelihood of exploit: High",
        "- Confidentiality: Read Application Data. All rows.",
        "Implementation; Parameterization: Bind values.",
        "- Fuzzing: Send quotes.",
        "CVE-2031-0005: a shop",
        "Platforms: Database Server",
    ):
        assert part in text


def test_the_official_xml(parse: Parse, samples: dict[str, bytes]) -> None:
    found, category = parse("cwec.xml", samples["cwe.xml"])
    assert isinstance(found, Document)
    assert isinstance(category, Document)
    assert (found.id, found.source) == ("cwe/CWE-89", "cwec.xml:CWE-89")
    assert "First bold end.\nSecond." in found.text
    assert "- Confidentiality, Integrity: Read Application Data" in found.text
    assert found.modified is not None
    assert found.modified.date().isoformat() == "2024-02-29"
    assert Relation("child-of", "CWE-943") in found.relations
    assert category.relations == (Relation("has-member", "CWE-89"),)
    assert "All about neutralising." in category.text


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_entities_are_refused(parse: Parse, samples: dict[str, bytes], prolog: str) -> None:
    data = samples["cwe.xml"].replace(b"<Weakness_Catalog", prolog.encode() + b"<Weakness_Catalog", 1)
    (found,) = parse("cwec.xml", data)
    assert isinstance(found, Failure)
    assert "forbidden" in found.error


def test_a_broken_end_keeps_what_came_before(parse: Parse, samples: dict[str, bytes]) -> None:
    found = parse("cwec.xml", samples["cwe.xml"][:-200])
    assert isinstance(found[0], Document)
    assert isinstance(found[-1], Failure)
    assert "broken XML" in found[-1].error


def test_a_weakness_without_a_number_is_a_failure(parse: Parse) -> None:
    (found,) = parse("c.json", '{"ID": "x", "Name": "n", "Abstraction": "Base"}')
    assert isinstance(found, Failure)
