from __future__ import annotations

import json
from typing import TYPE_CHECKING

from icelos.findings import Failure
from icelos.records import Relation

if TYPE_CHECKING:
    from tests.unit.data.parse.conftest import One, Parse


def test_a_record_of_the_list(one: One, samples: dict[str, bytes]) -> None:
    found = one("cve.json", samples["cve.json"])
    assert (found.id, found.title) == ("cve/CVE-2031-0003", "CVE-2031-0003 Acme Gate overflow")
    assert found.relations == (Relation("weakness", "CWE-787"),)
    assert found.facts["cvss"] == "9.8 CRITICAL (CVSS:3.1/AV:N)"
    assert "Deutsch" not in found.text
    assert "- Acme Gate: 1.0 before 1.5" in found.text
    assert "Fix\nUpdate to 1.5." in found.text


def test_a_record_of_nvd(one: One) -> None:
    row = {
        "cve": {
            "id": "CVE-2031-0009",
            "sourceIdentifier": "x@y",
            "vulnStatus": "Analyzed",
            "published": "2031-01-01T00:00:00.000",
            "lastModified": "2031-02-01T00:00:00.000",
            "descriptions": [{"lang": "en", "value": "Gate breaks. Often."}],
            "metrics": {
                "cvssMetricV31": [
                    {"cvssData": {"baseScore": 5.0, "baseSeverity": "MEDIUM", "vectorString": "V"}}
                ]
            },
            "weaknesses": [{"description": [{"lang": "en", "value": "CWE-20"}]}],
            "configurations": [
                {
                    "nodes": [
                        {
                            "cpeMatch": [
                                {
                                    "vulnerable": True,
                                    "criteria": "cpe:2.3:a:acme:gate:*:*:*:*:*:*:*:*",
                                    "versionEndExcluding": "2.0",
                                }
                            ]
                        }
                    ]
                }
            ],
        }
    }
    page = {"resultsPerPage": 1, "vulnerabilities": [row]}
    for data in (row, page):
        found = one("nvd.json", json.dumps(data))
        assert found.id == "cve/CVE-2031-0009"
        assert "- acme gate: before 2.0" in found.text
        assert found.facts["severity"] == "MEDIUM"


def test_a_rejected_record_says_so(one: One) -> None:
    row = {
        "cveMetadata": {"cveId": "CVE-2031-0010", "state": "REJECTED"},
        "containers": {"cna": {"rejectedReasons": [{"lang": "en", "value": "A duplicate."}]}},
    }
    found = one("c.json", json.dumps(row))
    assert "A duplicate." in found.text
    assert "rejected" in found.tags


def test_a_record_without_an_id_is_a_failure(parse: Parse) -> None:
    (found,) = parse("c.json", '{"cveMetadata": {"cveId": "no"}}')
    assert isinstance(found, Failure)
