"""CycloneDX VEX: references that resolve, the order that grype needs, and documents of others."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from icelos.findings import Finding
from icelos.jobs.vulns.documents.cyclonedx import render
from icelos.jobs.vulns.documents.cyclonedx_reading import read
from icelos.jobs.vulns.documents.model import document_of
from icelos.jobs.vulns.verdicts import Label, Status

Make = Callable[..., Finding]
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def _document(*findings: Finding, **options: Any) -> dict[str, Any]:
    return render(document_of(findings, author="a", now=NOW, **options))


def test_references_resolve_and_are_unique(finding: Make) -> None:
    row = _document(finding(), finding(vulnerability="CVE-2"), finding(target="shop/web:8"))
    refs = [component["bom-ref"] for component in row["components"]]
    assert refs == ["pkg:pypi/jinja2@2.11.0"]
    assert {entry["ref"] for v in row["vulnerabilities"] for entry in v["affects"]} == set(refs)
    assert row["components"][0]["purl"] == "pkg:pypi/jinja2@2.11.0"


def test_the_image_is_what_is_described(finding: Make) -> None:
    assert _document(finding())["metadata"]["component"]["purl"] == "pkg:oci/web?tag=7"
    assert "component" not in _document(finding(target="bom.json"))["metadata"]


def test_what_concerns_most_comes_first_of_a_vulnerability(finding: Make) -> None:
    row = _document(finding("code_not_present", purl="pkg:npm/a@1"), finding(purl="pkg:npm/b@1"))
    assert [v["analysis"]["state"] for v in row["vulnerabilities"]] == ["exploitable", "not_affected"]


def test_a_link_to_the_bill_of_materials(finding: Make) -> None:
    link = "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1"
    row = _document(finding(), products=(link,))
    refs = [entry["ref"] for entry in row["vulnerabilities"][0]["affects"]]
    assert refs == ["pkg:pypi/jinja2@2.11.0", f"{link}#pkg%3Apypi%2Fjinja2%402.11.0"]
    assert [one.subject for one in read(row).statements] == ["pkg:pypi/jinja2@2.11.0"]


@pytest.mark.parametrize(
    ("facts", "rating"),
    [
        ({}, None),
        ({"severity": "High"}, {"severity": "high"}),
        ({"severity": "negligible"}, None),
        (
            {"severity": "high", "cvss": "CVSS:3.1/AV:N", "cvss_score": "7.5"},
            {"severity": "high", "score": 7.5, "method": "CVSSv31", "vector": "CVSS:3.1/AV:N"},
        ),
        ({"cvss": "AV:N/AC:L", "cvss_score": "11"}, {"method": "CVSSv2", "vector": "AV:N/AC:L"}),
    ],
)
def test_ratings(finding: Make, facts: dict[str, str], rating: dict[str, Any] | None) -> None:
    row = _document(finding(**facts))["vulnerabilities"][0]
    assert row.get("ratings", [None]) == [rating]


def test_versions_and_ranges_of_others() -> None:
    versions = [
        {"version": "2.4", "status": "affected"}, {"version": "2.5", "status": "unaffected"},
        {"range": "vers:npm/>=2.9|<=4.1"},
    ]  # fmt: skip
    affects = [{"ref": "2", "versions": versions}]
    row = {
        "metadata": {"component": {"bom-ref": "me", "purl": "pkg:oci/shop", "name": "shop"}},
        "components": [{"bom-ref": "1", "components": [{"bom-ref": "2", "name": "a", "purl": "pkg:npm/a"}]}],
        "vulnerabilities": [
            {"id": "CVE-1", "analysis": {"state": "exploitable"}, "affects": affects},
            {"id": "CVE-2", "affects": [{"ref": "2"}]},
            {"id": "CVE-3", "analysis": {"state": "fine"}, "affects": [{"ref": "2"}]},
            {"id": "CVE-4", "analysis": {"state": "resolved"}, "affects": []},
            {"id": "CVE-5", "analysis": {"state": "false_positive"}, "affects": [{"ref": "me"}]},
        ],
    }  # fmt: skip
    document = read(row)
    assert [(s.vulnerability, s.subject, s.version_range, s.products) for s in document.statements] == [
        ("CVE-1", "pkg:npm/a@2.4", "", ("pkg:oci/shop",)),
        ("CVE-1", "pkg:npm/a", "vers:npm/>=2.9|<=4.1", ("pkg:oci/shop",)),
        ("CVE-5", "pkg:oci/shop", "", ()),
    ]
    assert document.statements[2].label is Label.FALSE_POSITIVE
    assert [problem.split(":")[0] for problem in document.problems] == [
        "vulnerabilities[2]", "vulnerabilities[3]"
    ]  # fmt: skip


@pytest.mark.data
def test_documents_of_others() -> None:
    pack = Path(os.environ.get("ICELOS_DATA", "-")) / "vulns" / "vex" / "vex-examples.tar.gz"
    if not pack.is_file():
        pytest.skip("ICELOS_DATA is not set, or has no vulns/vex")
    read_files, first = 0, None
    with tarfile.open(pack) as archive:
        for member in archive:
            content = archive.extractfile(member)
            row = json.loads(content.read()) if content and member.name.endswith("vex.json") else None
            if isinstance(row, dict) and row.get("bomFormat") == "CycloneDX":
                document = read(row)
                read_files += 1
                told = [v for v in row["vulnerabilities"] if v.get("analysis")]
                assert document.statements or document.problems or not told, member.name
                if member.name == "cyclonedx_bom-examples/VEX/vex.json":
                    (first,) = document.statements
    assert read_files > 20
    assert first is not None
    assert first.subject == "pkg:maven/com.fasterxml.jackson.core/jackson-databind@2.10.0?type=jar"
    assert (first.cvss, first.cvss_score) == ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N", "7.5")
    assert (first.status, first.label) == (Status.NOT_AFFECTED, Label.CODE_NOT_REACHABLE)
