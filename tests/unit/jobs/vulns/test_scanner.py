"""Findings about a scanner's report: kept, refuted with proof, or added to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from icelos.data.advisories import load_advisories
from icelos.data.advisory_store import AdvisoryStore
from icelos.data.parse.intelligence import Facts
from icelos.data.parse.osv_advisories import osv
from icelos.findings import Finding
from icelos.jobs.vulns.documents.markdown import render
from icelos.jobs.vulns.documents.model import document_of
from icelos.jobs.vulns.job import VulnsJob
from icelos.jobs.vulns.priority import Prioritiser
from icelos.records import Component, Reported

ADVISORY = {
    "id": "A-1", "aliases": ["CVE-2020-1"], "summary": "It opens.", "modified": "2020",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "flask"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1"}, {"fixed": "2"}]}],
        }
    ],
}  # fmt: skip


@pytest.fixture
def job(tmp_path: Path) -> VulnsJob:
    (tmp_path / "feed.jsonl").write_text(json.dumps(ADVISORY) + "\n")
    return VulnsJob(load_advisories(tmp_path / "feed.jsonl"))


def _judged(
    job: VulnsJob, reported: Reported, version: str = "1.5", advisory: str = "A-1", kind: str = "pypi"
) -> Finding:
    record = Component(
        id="1", source="report.json:matches[0]", target="shop:1", purl=f"pkg:{kind}/flask@{version}",
        name="flask", version=version, advisory=advisory, reported=reported,
    )  # fmt: skip
    (found,) = job.score([record])
    assert isinstance(found, Finding), found
    return found


def test_what_both_found(job: VulnsJob) -> None:
    found = _judged(job, Reported("grype", ("GHSA-1", "CVE-2020-1"), "high", "2"))
    assert (found.label, found.attributes["found_by"]) == ("vulnerable", "icelos and grype")
    assert found.attributes["reported_as"] == "GHSA-1 CVE-2020-1"
    assert found.evidence[-1].quote == "grype reported GHSA-1, CVE-2020-1, high, fixed in 2"


def test_what_the_version_refutes(job: VulnsJob) -> None:
    found = _judged(job, Reported("grype", ("CVE-2020-1",)), "2.1")
    assert (found.label, found.verdict.value, found.score) == ("false_positive", "clear", None)
    assert found.attributes["status"] == "not_affected"
    assert found.attributes["why"] == "grype reported it, but 2.1 is at or after the fix, 2"
    assert any(piece.quote == "ECOSYSTEM: introduced 1, fixed 2" for piece in found.evidence)
    (statement,) = document_of([found], author="a").statements
    assert statement.justification == "vulnerable_code_not_present"


def test_what_only_icelos_found(job: VulnsJob) -> None:
    found = _judged(job, Reported("grype"))
    assert found.summary.endswith("; not reported by grype")
    assert found.attributes["not_reported_by"] == "grype"
    assert "Not reported by: grype" in render([found])
    assert "not_reported_by" not in _judged(job, Reported("grype"), "2.1").attributes  # both agree


@pytest.mark.parametrize(("kind", "why"), [("pypi", "names this package"), ("generic", "no advisories are")])
def test_what_only_the_scanner_found_is_under_investigation(job: VulnsJob, kind: str, why: str) -> None:
    found = _judged(job, Reported("grype", ("GHSA-9",), "critical", "3 4"), advisory="GHSA-9", kind=kind)
    assert (found.label, found.attributes["status"]) == ("uncertain", "under_investigation")
    assert why in found.attributes["why"]
    assert found.attributes["severity"] == "critical"  # the scanner's word, as there is no better
    assert found.attributes["fixed_in"] == "3 4"
    assert found.score is not None
    assert "GHSA-9" in render([found])


def test_what_is_known_of_it_counts_without_an_advisory(tmp_path: Path) -> None:
    with AdvisoryStore(tmp_path / "a.sqlite") as store:
        store.replace("kev", [Facts(name="CVE-2020-9", kev_added="2021-01-02", in_kev=True)])
        store.replace("osv", [osv(json.dumps(ADVISORY).encode(), "a")])
        job = VulnsJob(store, Prioritiser(store.intelligence))
        found = _judged(job, Reported("trivy", ("CVE-2020-9",), "low"), advisory="CVE-2020-9")
    assert found.attributes["kev"] == "2021-01-02"


def test_of_an_advisory_of_several_cves_the_reported_are_its_aliases(tmp_path: Path) -> None:
    """So a statement of ours is about the id that the scanner gives."""
    bundle = {**ADVISORY, "id": "DSA-1", "aliases": [], "related": ["CVE-2020-1001", "CVE-2020-1002"]}
    (tmp_path / "feed.jsonl").write_text(json.dumps(bundle) + "\n")
    job = VulnsJob(load_advisories(tmp_path / "feed.jsonl"))
    found = _judged(job, Reported("trivy", ("CVE-2020-1001",)), advisory="DSA-1")
    assert found.attributes["vulnerability"] == "DSA-1"
    assert found.attributes["aliases"] == "CVE-2020-1001"
