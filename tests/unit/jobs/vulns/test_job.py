"""The job: the contract, the verdicts, and evidence that can be looked up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from icelos.contracts import Scored
from icelos.data.advisories import load_advisories
from icelos.engine.run import score_safely
from icelos.errors import InputError, SettingsError
from icelos.findings import Failure, Finding, Verdict
from icelos.jobs.vulns.job import VulnsJob, build
from icelos.records import Component, LogLine
from icelos.settings import Settings, Workspace
from icelos.testing import check_job


def _advisory(name: str, ecosystem: str = "PyPI", **more: Any) -> dict[str, Any]:
    affected = {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1.0"}, {"fixed": "2.0"}]}],
    }
    return {"id": "A-1", "aliases": ["CVE-2020-1"], "summary": "It opens.", "affected": [affected], **more}


@pytest.fixture
def job(tmp_path: Path) -> VulnsJob:
    feed = [
        _advisory("flask"),
        _advisory("zlib", "Alpine:v3.10", id="A-2"),
        _advisory("pkg/a", "Packagist", id="A-3"),
        _advisory("github.com/b/b", "SwiftURL", id="A-4"),
    ]
    (tmp_path / "feed.jsonl").write_text("".join(json.dumps(item) + "\n" for item in feed))
    return VulnsJob(load_advisories(tmp_path / "feed.jsonl"))


def _component(version: str, purl: str = "pkg:pypi/flask", advisory: str = "A-1") -> Component:
    base, _, qualifiers = purl.partition("?")
    whole = f"{base}@{version}" + (f"?{qualifiers}" if qualifiers else "")
    return Component(
        id=whole, source="bom.json:components[0]", target="app", purl=whole, name="it", version=version,
        advisory=advisory, quote="flask 1.5", location="bom.json:components[0]",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("version", "verdict", "label"),
    [
        ("1.5", Verdict.ALERT, "vulnerable"),
        ("2.0", Verdict.CLEAR, "code_not_present"),
        ("0.9", Verdict.CLEAR, "code_not_present"),
        ("what", Verdict.UNKNOWN, "uncertain"),
    ],
)
def test_verdicts(job: VulnsJob, version: str, verdict: Verdict, label: str) -> None:
    (found,) = job.score([_component(version)])
    assert isinstance(found, Finding)
    assert (found.verdict, found.label) == (verdict, label)
    assert "CVE-2020-1" in found.summary
    assert version in found.summary


def test_evidence_quotes_the_inventory_and_the_advisory(job: VulnsJob) -> None:
    (found,) = job.score([_component("1.5")])
    assert isinstance(found, Finding)
    assert [(e.quote, e.source, e.how.value) for e in found.evidence] == [
        ("flask 1.5", "bom.json:components[0]", "tool"),
        ("A-1: It opens.", "feed.jsonl:1", "retrieval"),
        ("ECOSYSTEM: introduced 1.0, fixed 2.0", "feed.jsonl:1", "rule"),
    ]
    assert found.summary.endswith("fixed in 2.0")
    assert found.attributes["match"] == "package URL and versions"
    assert {n: found.attributes[n] for n in ("purl", "vulnerability", "status", "fixed_in")} == {
        "purl": "pkg:pypi/flask@1.5", "vulnerability": "CVE-2020-1", "status": "affected", "fixed_in": "2.0",
    }  # fmt: skip


def test_at_the_fix_the_status_is_fixed(job: VulnsJob) -> None:
    (found,) = job.score([_component("2.0")])
    assert isinstance(found, Finding)
    assert found.attributes["status"] == "fixed"
    (before,) = job.score([_component("0.1")])
    assert isinstance(before, Finding)
    assert before.attributes["status"] == "not_affected"


@pytest.mark.parametrize(
    ("component", "says"),
    [
        (_component("1.5-r0", "pkg:apk/alpine/zlib", "A-2"), "release of Alpine is not known"),
        (_component("dev-main", "pkg:composer/pkg/a", "A-3"), "dev-main is a branch"),
        (_component("1", "pkg:swift/github.com/b/b", "A-4"), "no version rules for SwiftURL"),
    ],
)
def test_what_cannot_be_decided_is_said(job: VulnsJob, component: Component, says: str) -> None:
    (found,) = job.score([component])
    assert isinstance(found, Finding)
    assert (found.verdict, found.label) == (Verdict.UNKNOWN, "uncertain")
    assert says in found.summary


def test_the_release_decides(job: VulnsJob) -> None:
    (found,) = job.score([_component("1.5-r0", "pkg:apk/alpine/zlib?distro=alpine-3.10.4", "A-2")])
    assert isinstance(found, Finding)
    assert found.attributes["match"] == "advisory of the distribution"
    assert found.verdict is Verdict.ALERT


def test_the_contract_with_poison_among_good_records(job: VulnsJob) -> None:
    good = [_component("1.5"), _component("2.0"), _component("0.1")]
    check_job(job, good)
    poison = [
        _component("1.6", advisory="A-9"),
        LogLine(id="l", source="l", text="x"),
        _component("1", "nonsense"),
    ]
    outcomes: list[Scored] = score_safely(job, [good[0], *poison, *good[1:]])
    assert [isinstance(outcome, Failure) for outcome in outcomes] == [False, True, True, True, False, False]
    assert "no advisory 'A-9' names" in str(outcomes[1])


def test_building(tmp_path: Path, job: VulnsJob) -> None:
    assert build(Settings(), {"advisories": str(tmp_path), "cve": ""}).name == "vulns"
    with pytest.raises(InputError, match=r"no advisories in the workspace.*icelos feeds update"):
        build(Settings(workspace=Workspace(home=str(tmp_path))), {})
    with pytest.raises(SettingsError, match="no option 'advisory'"):
        build(Settings(), {"advisory": "x"})
