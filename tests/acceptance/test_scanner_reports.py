"""Real reports of scanners as targets: none of the ids that they report is dropped.

The ids are read here with `json` alone, by the scanners' own formats.
"""

from __future__ import annotations

import json
import os
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from icelos.data.advisory_store import AdvisoryStore
from icelos.data.components import ComponentSource
from icelos.data.feeds.records import advisories_of
from icelos.engine.run import score_safely
from icelos.findings import Failure, Finding
from icelos.jobs.vulns.documents.apply import apply
from icelos.jobs.vulns.documents.forms import VEX, as_bytes, read
from icelos.jobs.vulns.documents.model import document_of
from icelos.jobs.vulns.job import VulnsJob
from icelos.records import Component

DATA = Path(os.environ.get("ICELOS_DATA", "")) / "vulns"
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(
        not os.environ.get("ICELOS_DATA") or not DATA.is_dir(), reason="ICELOS_DATA is not set"
    ),
]
FEEDS = (
    "almalinux-osv/almalinux8.osv.jsonl.gz", "golang-vulndb/go.osv.jsonl.gz",
    "osv-misc-harvest/osv_misc.jsonl.gz", "pypa-advisory-db/pypa.osv.jsonl.gz",
    "alpine-secdb/alpine-secdb-v3.3-v3.11.jsonl.gz",
)  # fmt: skip
NO_REPORTS = {"trivy__legacy_no_vuln.json", "osv_scanner__no_findings.json"}
"""The one says "null" and no more, the other is empty."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "advisories.sqlite"
    with AdvisoryStore(path) as opened:
        for name in FEEDS:
            opened.replace(f"pack/{name}", advisories_of(DATA / name, name))
    return path


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("reports")
    with tarfile.open(DATA / "scan-reports/defectdojo-scans.tar.gz") as tar:
        for member in tar.getmembers():
            name = member.name.removeprefix("./").replace("/", "__")
            content = tar.extractfile(member) if member.isreg() else None
            if content and name.startswith(("anchore_grype", "trivy", "osv_scanner")):
                (folder / name).write_bytes(content.read())
    return sorted(path for path in folder.iterdir() if path.name not in NO_REPORTS)


def _ids(value: Any) -> Iterator[tuple[str, str]]:
    """(id, package) of each thing that a report of grype, trivy or osv-scanner reports."""
    if isinstance(value, list):
        for one in value:
            yield from _ids(one)
    if not isinstance(value, dict):
        return
    if "artifact" in value and "vulnerability" in value:
        yield value["vulnerability"]["id"], value["artifact"]["name"]
        return
    if "VulnerabilityID" in value:
        yield value["VulnerabilityID"], value["PkgName"]
        return
    if "package" in value and "vulnerabilities" in value:
        for one in value["vulnerabilities"]:
            yield one["id"], value["package"]["name"]
        return
    for key, one in value.items():
        if key not in {"ignoredMatches", "descriptor"}:
            yield from _ids(one)


def _findings(path: Path, store: AdvisoryStore, location: Path) -> list[Finding]:
    records = [one for one in ComponentSource(path, advisories=str(location)) if isinstance(one, Component)]
    scored = score_safely(VulnsJob(store), records)
    assert [one for one in scored if isinstance(one, Failure)] == [], path.name
    return [one for one in scored if isinstance(one, Finding)]


def _told(findings: list[Finding]) -> set[tuple[str, str]]:
    """(id, package URL in lower case, plain) of each report that a finding is about."""
    facts = [one.attributes for one in findings]
    return {(n, unquote(f["purl"]).lower()) for f in facts for n in f.get("reported_as", "").split()}


def test_none_of_the_reported_ids_is_dropped(store: Path, reports: list[Path]) -> None:
    pairs: list[tuple[str, str]] = []
    found: list[Finding] = []
    with AdvisoryStore(store) as advisories:
        for path in reports:
            findings = _findings(path, advisories, store)
            wanted, told = set(_ids(json.loads(path.read_bytes()))), _told(findings)
            last = {(name, package.lower().replace(":", "/").rpartition("/")[2]) for name, package in wanted}
            missing = {(n, p) for n, p in last if not any(n == m and p in purl for m, purl in told)}
            assert missing == set(), path.name
            assert len({one.id for one in findings}) == len(findings), path.name
            pairs += wanted
            found += findings
    labels = Counter((one.label, one.attributes.get("found_by", "")) for one in found)
    assert (len(reports), len(pairs)) == (33, 600)
    for label in ("uncertain", "vulnerable", "false_positive"):
        assert any(name == label and "grype" in by for name, by in labels), labels
    assert labels["vulnerable", "icelos"]  # what the scanners overlooked, by the versions that they give


def test_what_a_version_refutes_is_a_false_positive_with_its_proof(store: Path, reports: list[Path]) -> None:
    with AdvisoryStore(store) as advisories:
        found = [one for path in reports for one in _findings(path, advisories, store)]
    refuted = [one for one in found if one.label == "false_positive"]
    assert refuted
    for one in refuted:
        assert one.attributes["status"] == "not_affected"
        assert one.attributes["justification"] == "vulnerable_code_not_present"
        assert " reported it, but " in one.attributes["why"]
        assert {"rule", "retrieval", "tool"} == {piece.how.value for piece in one.evidence}
    for name, render in VEX.items():
        document = read(json.loads(as_bytes(render(document_of(refuted, author="Icelos")))))
        assert {one.justification for one in document.statements} <= {"vulnerable_code_not_present"}, name
        assert apply(refuted, document.statements).changed == [], name
