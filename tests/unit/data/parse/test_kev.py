from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.data.parse.conftest import One

CSV = (
    "cveID,vendorProject,product,vulnerabilityName,dateAdded,shortDescription,requiredAction,dueDate,"
    "knownRansomwareCampaignUse,notes,cwes\n"
    'CVE-2031-0001,Acme,Gate,Acme Gate Bypass,2031-01-02,"Acme Gate lets anyone in.",'
    "Patch it.,2031-01-23,Known,https://acme.example/1,CWE-287\n"
)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_both_forms_make_the_same_document(one: One, samples: dict[str, bytes], form: str) -> None:
    found = one(f"kev.{form}", CSV if form == "csv" else samples["kev.json"])
    assert (found.id, found.kind, found.identifiers) == (
        "kev/CVE-2031-0001",
        "vulnerability",
        ("CVE-2031-0001",),
    )
    assert found.title == "CVE-2031-0001 Acme Gate Bypass"
    assert found.facts["due date"] == "2031-01-23"
    assert found.facts["known ransomware use"] == "Known"
    assert "Due date: 2031-01-23" in found.text
    assert [(r.kind, r.target) for r in found.relations] == [("weakness", "CWE-287")]
    assert found.licence == "CC0-1.0"


def test_the_header_tells_it_whatever_the_suffix(one: One) -> None:
    assert one("list.txt", CSV).id == "kev/CVE-2031-0001"
