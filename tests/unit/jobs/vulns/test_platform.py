"""Flaws of other operating systems: by fields, by words, and never where it is not certain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from icelos.data.advisories import load_advisories
from icelos.data.parse.purls import place_of
from icelos.findings import Finding, Verdict
from icelos.jobs.vulns.job import VulnsJob
from icelos.records import Component, System

LINUX = System("linux", "P:musl V:1", "lib/apk/db/installed:1")
ONLY_WINDOWS = "This flaw affects only Windows. A path with a backslash leads out of the folder."


def _advisory(identifier: str = "GO-1", details: str = "", **more: Any) -> dict[str, Any]:
    affected = {
        "package": {"ecosystem": "Go", "name": "a.example/b"},
        "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "2.0.0"}]}],
        **more,
    }
    return {
        "id": identifier, "aliases": ["CVE-2020-1001"], "summary": "A path leads out.", "details": details,
        "affected": [affected],
    }  # fmt: skip


def _imports(*systems: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [{"path": "a.example/b", "goos": [one] if one else []} for one in systems]
    return {"ecosystem_specific": {"imports": found}}


def _judge(
    folder: Path, *advisories: dict[str, Any], system: System | None = LINUX, version: str = "1.0.0"
) -> Finding:
    feed = folder / "feed.jsonl"
    feed.write_text("".join(json.dumps(one) + "\n" for one in advisories))
    index, purl = load_advisories(feed), f"pkg:golang/a.example/b@{version}"
    place = place_of(purl)
    assert place is not None
    (name,) = index.about(place)
    component = Component(
        id="1", source="bom", target="app", purl=purl, name="b", version=version, advisory=name,
        system=system,
    )  # fmt: skip
    (found,) = VulnsJob(index).score([component])
    assert isinstance(found, Finding)
    return found


def test_ranges_that_go_s_database_could_not_map(tmp_path: Path) -> None:
    custom = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}, {"events": 3}]
    advisory = _advisory(ecosystem_specific={"custom_ranges": custom})
    advisory["affected"][0]["ranges"][0]["events"] = [{"introduced": "1.5.0"}]
    assert _judge(tmp_path, advisory).label == "uncertain"
    assert _judge(tmp_path, advisory, version="1.5.0").label == "vulnerable"


def test_words_of_the_advisory(tmp_path: Path) -> None:
    found = _judge(tmp_path, _advisory(details=ONLY_WINDOWS))
    assert (found.verdict, found.label) == (Verdict.CLEAR, "requires_environment")
    assert found.attributes["status"] == "not_affected"
    assert found.attributes["why"] == "the flaw needs windows, and this runs on linux"
    assert found.score is None
    quotes = [(one.quote, one.source) for one in found.evidence]
    assert ("This flaw affects only Windows.", "feed.jsonl:1") in quotes
    assert ("P:musl V:1", "lib/apk/db/installed:1") in quotes


@pytest.mark.parametrize(
    ("systems", "label"),
    [
        (("windows",), "requires_environment"),
        (("windows", "darwin"), "requires_environment"),
        (("windows", "linux"), "vulnerable"),
        (("windows", ""), "vulnerable"),
        (("",), "vulnerable"),
        ((), "vulnerable"),
    ],
)
def test_fields_of_the_advisory(tmp_path: Path, systems: tuple[str, ...], label: str) -> None:
    assert _judge(tmp_path, _advisory(**_imports(*systems))).label == label


def test_fields_of_rust_s_advisories(tmp_path: Path) -> None:
    specific: dict[str, Any] = {"ecosystem_specific": {"affects": {"os": ["windows"], "arch": []}}}
    assert _judge(tmp_path, _advisory(**specific)).label == "requires_environment"
    assert _judge(tmp_path, _advisory(ecosystem_specific={"affects": {"os": []}})).label == "vulnerable"


def test_a_part_without_fields_counts_for_all_systems(tmp_path: Path) -> None:
    advisory = _advisory(**_imports("windows"))
    advisory["affected"].append(_advisory(**_imports(""))["affected"][0])
    assert _judge(tmp_path, advisory).label == "vulnerable"


@pytest.mark.parametrize("system", [None, System("windows", "os: windows", "image configuration")])
def test_where_the_system_is_not_known_or_is_the_one(tmp_path: Path, system: System | None) -> None:
    assert _judge(tmp_path, _advisory(details=ONLY_WINDOWS), system=system).label == "vulnerable"


@pytest.mark.parametrize(
    "details",
    [
        "A path leads out. On Windows a backslash does, and on Linux a link.",
        "A path leads out. See the manual. It was reported. The reporter runs it on Windows.",
        "A path leads out.",
    ],
)
def test_what_is_no_restriction(tmp_path: Path, details: str) -> None:
    assert _judge(tmp_path, _advisory(details=details)).label == "vulnerable"


def test_another_advisory_may_contradict(tmp_path: Path) -> None:
    first, second = _advisory(details=ONLY_WINDOWS), _advisory("GHSA-1", "Linux is affected as well.")
    assert _judge(tmp_path, first).label == "requires_environment"
    assert _judge(tmp_path, first, second).label == "vulnerable"


def test_bundles_of_flaws_are_not_judged_by_words(tmp_path: Path) -> None:
    bundle = {**_advisory(details=ONLY_WINDOWS), "aliases": ["CVE-2020-1001", "CVE-2020-1002"]}
    assert _judge(tmp_path, bundle).label == "vulnerable"


def test_the_version_decides_first(tmp_path: Path) -> None:
    assert _judge(tmp_path, _advisory(details=ONLY_WINDOWS), version="2.0.0").label == "code_not_present"


def test_a_package_of_a_distribution_runs_on_linux(tmp_path: Path) -> None:
    advisory = _advisory(details=ONLY_WINDOWS)
    advisory["affected"][0]["package"] = {"ecosystem": "Wolfi", "name": "b"}
    advisory["affected"][0]["ranges"][0]["type"] = "ECOSYSTEM"
    (tmp_path / "feed.jsonl").write_text(json.dumps(advisory) + "\n")
    component = Component(
        id="1", source="bom", target="app", purl="pkg:apk/wolfi/b@1.0.0-r0", name="b", version="1.0.0-r0",
        advisory="GO-1",
    )  # fmt: skip
    (found,) = VulnsJob(load_advisories(tmp_path / "feed.jsonl")).score([component])
    assert isinstance(found, Finding)
    assert found.label == "requires_environment"
