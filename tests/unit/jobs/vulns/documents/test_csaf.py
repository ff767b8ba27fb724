"""CSAF VEX: the mandatory tests of the standard (chapter 6.1) that a VEX document can fail."""

from __future__ import annotations

import json
import os
import tarfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from icelos.errors import InputError
from icelos.findings import Finding
from icelos.jobs.vulns.documents.csaf import render
from icelos.jobs.vulns.documents.csaf_reading import read
from icelos.jobs.vulns.documents.model import Statement, document_of, made
from icelos.jobs.vulns.verdicts import Label, Status

Make = Callable[..., Finding]
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def _document(*findings: Finding, author: str = "PSIRT <psirt@a.example>", **options: Any) -> dict[str, Any]:
    return render(document_of(findings, author=author, now=NOW, **options))


@pytest.fixture
def row(finding: Make) -> dict[str, Any]:
    """Every label, a package that stands for itself, two vulnerabilities of one package, a fix unknown."""
    findings = [finding(one.value, purl=f"pkg:npm/a{n}@1") for n, one in enumerate(Label)]
    findings += [finding(target="bom.json"), finding(vulnerability="GHSA-aa"), finding(fixed_in="")]
    findings.append(finding("code_not_present", status="fixed", purl="pkg:npm/f@1"))
    return _document(*findings)


def _products(row: dict[str, Any]) -> list[str]:
    tree = row["product_tree"]
    return [p["product_id"] for p in tree["full_product_names"]] + [
        r["full_product_name"]["product_id"] for r in tree.get("relationships", ())
    ]


def test_6_1_1_and_2_products_are_defined_once(row: dict[str, Any]) -> None:
    defined = Counter(_products(row))
    assert set(defined.values()) == {1}
    used: set[str] = set()
    for one in row["vulnerabilities"]:
        used |= {p for ids in one["product_status"].values() for p in ids}
        for part in ("flags", "threats", "remediations"):
            used |= {p for item in one.get(part, ()) for p in item["product_ids"]}
    for one in row["product_tree"]["relationships"]:
        used |= {one["product_reference"], one["relates_to_product_reference"]}
        assert one["full_product_name"]["product_id"] not in (  # 6.1.3: no circles
            one["product_reference"], one["relates_to_product_reference"],
        )  # fmt: skip
    assert used <= defined.keys()


def test_6_1_6_no_product_has_two_statuses(row: dict[str, Any]) -> None:
    for one in row["vulnerabilities"]:
        listed = Counter(p for ids in one["product_status"].values() for p in ids)
        assert set(listed.values()) == {1}


def test_6_1_23_a_cve_has_one_entry(row: dict[str, Any]) -> None:
    cves = [one["cve"] for one in row["vulnerabilities"] if "cve" in one]
    assert len(cves) == len(set(cves)) == 1


def test_6_1_27_the_profile(row: dict[str, Any]) -> None:
    assert row["document"]["category"] == "csaf_vex"
    for one in row["vulnerabilities"]:
        assert one["notes"]  # 6.1.27.5
        assert one.get("cve") or one.get("ids")  # 6.1.27.8
        reasons = {
            p for part in ("flags", "threats") for item in one.get(part, ()) for p in item["product_ids"]
        }
        assert set(one["product_status"].get("known_not_affected", ())) <= reasons  # 6.1.27.9
        actions = {p for item in one.get("remediations", ()) for p in item["product_ids"]}
        assert set(one["product_status"].get("known_affected", ())) == actions  # 6.1.27.10


def test_6_1_33_one_justification_for_a_product(row: dict[str, Any]) -> None:
    for one in row["vulnerabilities"]:
        flagged = Counter(p for flag in one.get("flags", ()) for p in flag["product_ids"])
        assert set(flagged.values()) <= {1}


@pytest.mark.parametrize("version", [1, 3])
def test_6_1_16_and_21_the_history_ends_in_the_version(finding: Make, version: int) -> None:
    document = document_of([finding()], author="a", now=NOW)
    tracking = render(msgspec.structs.replace(document, version=version))["document"]["tracking"]
    numbers = [int(one["number"]) for one in tracking["revision_history"]]
    assert numbers == list(range(1, version + 1))
    assert tracking["version"] == str(version)


@pytest.mark.parametrize(
    ("author", "namespace"),
    [
        ("PSIRT <psirt@a.example>", "mailto:psirt@a.example"), ("A https://a.example/x", "https://a.example/x"),
        ("Icelos", "https://github.com/icelos/icelos"),
    ],
)  # fmt: skip
def test_the_publisher(finding: Make, author: str, namespace: str) -> None:
    assert _document(finding(), author=author)["document"]["publisher"]["namespace"] == namespace


def test_what_scanners_look_for(finding: Make) -> None:
    """grype: the listed product's own purl is the package's; trivy: the relationship's ends have theirs."""
    row = _document(finding())
    (listed,) = row["vulnerabilities"][0]["product_status"]["known_affected"]
    (relation,) = row["product_tree"]["relationships"]
    helper = relation["full_product_name"]["product_identification_helper"]
    assert relation["full_product_name"]["product_id"] == listed
    assert helper == {"purl": "pkg:pypi/jinja2@2.11.0"}
    purls = {
        p["product_id"]: p["product_identification_helper"]["purl"]
        for p in row["product_tree"]["full_product_names"]
    }
    assert purls[relation["relates_to_product_reference"]] == "pkg:oci/web?tag=7"
    assert purls[relation["product_reference"]] == "pkg:pypi/jinja2@2.11.0"


def test_scores_of_what_is_affected(finding: Make) -> None:
    facts = {"cvss": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "cvss_score": "9.8"}
    row = _document(finding(**facts), finding("code_not_present", purl="pkg:npm/b@1", **facts))
    (score,) = row["vulnerabilities"][0]["scores"]
    assert score["cvss_v3"] == {
        "baseScore": 9.8, "baseSeverity": "CRITICAL", "vectorString": facts["cvss"], "version": "3.1",
    }  # fmt: skip
    assert score["products"] == row["vulnerabilities"][0]["product_status"]["known_affected"]
    assert "scores" not in _document(finding(cvss="CVSS:4.0/AV:N", cvss_score="9.8"))["vulnerabilities"][0]


def test_contradictions_and_ranges_of_others(valid: Callable[[str, dict[str, Any]], None]) -> None:
    """Another format may say two things of one product, and a range of versions."""
    one = Statement(
        vulnerability="CVE-2020-1111", subject="pkg:npm/a", status=Status.FIXED, timestamp=NOW,
        label=Label.CODE_NOT_PRESENT, version_range="vers:npm/<2", products=("pkg:oci/b", "b:1"),
    )  # fmt: skip
    worse = msgspec.structs.replace(one, status=Status.AFFECTED, label=Label.VULNERABLE)
    other = msgspec.structs.replace(one, subject="nginx", version_range="")
    row = render(made([one, worse, other], author="a", now=NOW))
    valid("csaf_2.0.json", row)
    again = read(row)
    assert [(s.subject, s.version_range, s.status, s.products) for s in again.statements] == [
        ("pkg:npm/a", "vers:npm/<2", Status.AFFECTED, ("pkg:oci/b", "b:1")),
        ("nginx", "", Status.FIXED, ("pkg:oci/b", "b:1")),
    ]


def test_an_empty_document_is_refused() -> None:
    with pytest.raises(InputError, match="needs a product"):
        _document()


def test_broken_documents_of_others() -> None:
    row = {
        "document": {"csaf_version": "2.0", "tracking": {"version": "1.2.0"}},
        "product_tree": {"full_product_names": [{"product_id": "A", "name": "a"}, 7], "relationships": [{}]},
        "vulnerabilities": [
            7, {}, {"cve": "CVE-1", "product_status": {"known_affected": ["A", "B"], "fixed": ["A"]}},
            {"ids": [{"text": "X-1"}], "product_status": {"recommended": ["A"], "known_not_affected": ["A"]}},
        ],
    }  # fmt: skip
    document = read(row)
    assert [(s.vulnerability, s.subject, s.status) for s in document.statements] == [
        ("CVE-1", "a", Status.AFFECTED), ("X-1", "a", Status.NOT_AFFECTED),
    ]  # fmt: skip
    assert document.problems == (
        "vulnerabilities[0]: not an object", "vulnerabilities[1]: without an id",
        "vulnerabilities[2]: no product 'B' in the product tree",
        "vulnerabilities[2]: 'A' has two statuses; affected stands",
    )  # fmt: skip


def test_groups_of_products_and_a_bomb_of_them() -> None:
    ids = [f"p{n}" for n in range(3000)]
    flags = [{"label": "component_not_present", "group_ids": ["g"]}]
    row = {
        "document": {"csaf_version": "2.0"},
        "product_tree": {
            "full_product_names": [{"product_id": one, "name": one} for one in ids],
            "product_groups": [{"group_id": "g", "product_ids": ids}],
        },
        "vulnerabilities": [
            {"cve": "CVE-1", "product_status": {"known_not_affected": ids[:2]}, "flags": flags},
            {"cve": "CVE-2", "product_status": {"known_not_affected": ids[:2]}, "flags": flags * 2000},
        ],
    }  # fmt: skip
    document = read(row)
    assert [s.label for s in document.statements] == [Label.FALSE_POSITIVE] * 2
    assert document.problems == ("vulnerabilities[1]: its product groups name more than 5,000,000 products",)


@pytest.mark.data
def test_documents_of_others() -> None:
    pack = Path(os.environ.get("ICELOS_DATA", "-")) / "vulns" / "vex" / "vex-examples.tar.gz"
    if not pack.is_file():
        pytest.skip("ICELOS_DATA is not set, or has no vulns/vex")
    with tarfile.open(pack) as archive:
        name = "redhat_csaf_vex_via_claircore/test/acceptance/testdata/cve-2026-0968.json"
        content = archive.extractfile(name)
        assert content is not None
        document = read(json.loads(content.read()))
    assert document.problems == ()
    assert Counter(s.status for s in document.statements) == {Status.AFFECTED: 13, Status.NOT_AFFECTED: 8}
    libssh = next(s for s in document.statements if s.subject == "pkg:rpm/redhat/libssh")
    assert libssh.products == ("cpe:/o:redhat:enterprise_linux:10",)
    assert {s.label for s in document.statements if s.status is Status.NOT_AFFECTED} == {
        Label.CODE_NOT_PRESENT
    }  # fmt: skip
