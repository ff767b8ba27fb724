"""Matches by CPE: only for what nothing else covers, undecided unless the version is excluded."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.advisory_store import AdvisoryStore
from icelos.data.components import ComponentSource
from icelos.data.feeds.records import products_of
from icelos.data.parse.osv_advisories import osv
from icelos.findings import Failure, Finding
from icelos.jobs.vulns.cpe import compare
from icelos.jobs.vulns.job import VulnsJob
from icelos.jobs.vulns.priority import Prioritiser
from icelos.records import Component

HTTPD = "cpe:2.3:a:apache:http_server:{}:*:*:*:*:*:*:*"
RANGE = {"criteria": HTTPD.format("*"), "versionStartIncluding": "2.4.0", "versionEndExcluding": "2.4.50"}
METRICS = {"cvssMetricV31": [{"cvssData": {"vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}]}


def _record(*matches: dict[str, Any], name: str = "CVE-2021-1001", **more: Any) -> dict[str, Any]:
    nodes = [{"cpeMatch": [{"vulnerable": True, **one} for one in matches]}]
    said: dict[str, Any] = {
        "id": name,
        "descriptions": [],
        "vulnStatus": "Analyzed",
        "lastModified": "2024-01-01",
    }
    said["metrics"] = METRICS
    return {"cve": {**said, "configurations": [{"nodes": nodes}], **more}}


def _bom(path: Path, *parts: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"bomFormat": "CycloneDX", "components": list(parts)}))
    return path


def _found(
    folder: Path, records: Sequence[dict[str, Any]], *parts: dict[str, Any], newer: Sequence[Any] = ()
) -> tuple[list[Finding], list[str]]:
    """Findings, and what could not be judged."""
    for name, rows in (("a.json.gz", records), ("b.json.gz", newer)):
        (folder / name).write_bytes(gzip.compress(json.dumps({"vulnerabilities": list(rows)}).encode()))
    with AdvisoryStore(folder / "advisories.sqlite") as store:
        store.replace("nvd/a", products_of(folder / "a.json.gz", "a"))
        if newer:
            store.replace("nvd/modified", products_of(folder / "b.json.gz", "b"))
        about = {"package": {"ecosystem": "PyPI", "name": "flask"}, "versions": ["1"]}
        advisory = {"id": "A-1", "modified": "2020", "affected": [about]}
        store.replace("osv", [osv(json.dumps(advisory).encode(), "osv")])
        bom = _bom(folder / "bom.json", *parts)
        items = list(ComponentSource(bom, advisories=str(store.path)))
        scored = VulnsJob(store, Prioritiser(store.intelligence)).score(
            [one for one in items if isinstance(one, Component)]
        )
    assert [one for one in scored if isinstance(one, Failure)] == []
    findings = [one for one in scored if isinstance(one, Finding)]
    return findings, [one.error for one in items if isinstance(one, Failure)]


def _part(version: str = "2.4.49", **more: Any) -> dict[str, Any]:
    return {"type": "application", "name": "httpd", "version": version, "cpe": HTTPD.format(version), **more}


def test_a_match_is_undecided_and_says_how_it_was_made(tmp_path: Path) -> None:
    (found,), untold = _found(tmp_path, [_record(RANGE)], _part())
    facts = found.attributes
    assert (found.label, found.verdict.value, facts["status"]) == (
        "uncertain",
        "unknown",
        "under_investigation",
    )
    assert (facts["match"], facts["confidence"], facts["vulnerability"]) == ("CPE", "low", "CVE-2021-1001")
    assert facts["purl"] == "pkg:generic/apache/http_server@2.4.49"
    assert (facts["fixed_in"], facts["severity"]) == ("2.4.50", "critical")
    assert found.evidence[-1].quote == (
        "CPE: criteria cpe:2.3:a:apache:http_server:*:*:*:*:*:*:*:*, versionStartIncluding 2.4.0, "
        "versionEndExcluding 2.4.50"
    )
    assert untold == []


@pytest.mark.parametrize(
    ("version", "label"),
    [
        ("2.4.50", "code_not_present"), ("2.3.9", "code_not_present"), ("2.4", "uncertain"),
        ("2.4.49-r0", "uncertain"), ("2.4.50-rc1", "uncertain"), ("2.5-rc1", "code_not_present"),
        ("unknown", "uncertain"),
    ],
)  # fmt: skip
def test_a_version_that_is_excluded(tmp_path: Path, version: str, label: str) -> None:
    (found,), _ = _found(tmp_path, [_record(RANGE)], _part(version))
    assert found.label == label


@pytest.mark.parametrize(
    ("own", "wanted", "label"),
    [
        ("*:*:*:*:*", "*:*:*:*:wordpress", "uncertain"),
        ("*:*:*:*:wordpress", "*:*:*:*:wordpress", "uncertain"),
        ("*:*:*:*:drupal", "*:*:*:*:wordpress", "code_not_present"),
        ("*:*:*:lts:*", "*:*:*:-:*", "code_not_present"),
        ("rc2:*:*:*:*", "rc1:*:*:*:*", "uncertain"),
    ],
)
def test_values_that_differ_exclude_each_other(tmp_path: Path, own: str, wanted: str, label: str) -> None:
    name = "cpe:2.3:a:x:plugin:{}:{}:*:*"
    match = {"criteria": name.format("*", wanted), "versionEndIncluding": "9"}
    part = {"name": "plugin", "version": "1", "cpe": name.format("1", own)}
    (found,), _ = _found(tmp_path, [_record(match)], part)
    assert found.label == label


@pytest.mark.parametrize(
    ("wanted", "label"),
    [("2.4.49", "uncertain"), ("2.4.48", "code_not_present"), ("*", "uncertain"), ("-", "uncertain")],
)
def test_exact_versions(tmp_path: Path, wanted: str, label: str) -> None:
    (found,), _ = _found(tmp_path, [_record({"criteria": HTTPD.format(wanted)})], _part())
    assert found.label == label


def test_only_what_nothing_else_covers(tmp_path: Path) -> None:
    """A package of PyPI, one of npm without advisories, one of a distribution, and a file of one."""
    covered = [
        _part(purl=purl)
        for purl in ("pkg:pypi/flask@1", "pkg:npm/httpd@2.4.49", "pkg:rpm/amzn/httpd@2.4.49",
                     "pkg:deb/debian/apache2@2.4.49?distro=debian-12")
    ]  # fmt: skip
    found, untold = _found(tmp_path, [_record(RANGE)], *covered)
    assert [one.attributes["match"] for one in found] == ["package URL and versions"]
    assert [line.split(":")[0] for line in untold] == ["no advisories are loaded for " + kind for kind in
                                                       ("Debian", "npm", "pkg")]  # fmt: skip


@pytest.mark.parametrize(
    ("purl", "matches"),
    [
        ("pkg:generic/apache/http_server@2.4.49", 1),
        ("pkg:generic/http_server@2.4.49", 0),  # another vendor's, perhaps
        ("pkg:generic/redis@2.4.49", 1),
        ("pkg:generic/httpd@2.4.49", 0),
    ],
)
def test_a_generic_package_url_names_it_exactly_or_not(tmp_path: Path, purl: str, matches: int) -> None:
    redis = _record({"criteria": "cpe:2.3:a:redis:redis:*:*:*:*:*:*:*:*"}, name="CVE-2021-1002")
    found, untold = _found(tmp_path, [_record(RANGE), redis], {"name": "x", "purl": purl})
    assert len(found) == matches
    assert len(untold) == (not matches)  # what is not known is not judged, and told


def test_the_latest_record_of_a_cve_counts(tmp_path: Path) -> None:
    newer = _record({**RANGE, "versionEndExcluding": "2.4.40"}, lastModified="2025-01-01")
    (found,), _ = _found(tmp_path, [_record(RANGE)], _part(), newer=[newer])
    assert found.label == "code_not_present"


def test_several_names_of_one_component(tmp_path: Path) -> None:
    """As SPDX has them; without a package URL, the first names it."""
    names = ["cpe:2.3:a:guessed:httpd:2.4.49:*:*:*:*:*:*:*", HTTPD.format("2.4.49"), "cpe:2.3:a:broken"]
    references = [{"referenceType": "cpe23Type", "referenceLocator": name} for name in names]
    package = {"name": "httpd", "SPDXID": "SPDXRef-1", "versionInfo": "2.4.49", "externalRefs": references}
    found, _ = _found(tmp_path, [_record(RANGE)])
    assert found == []
    bom = tmp_path / "bom.spdx.json"
    bom.write_text(json.dumps({"spdxVersion": "SPDX-2.3", "name": "x", "packages": [package]}))
    records = list(ComponentSource(bom, advisories=str(tmp_path / "advisories.sqlite")))
    assert [(one.purl, one.advisory) for one in records if isinstance(one, Component)] == [
        ("pkg:generic/guessed/httpd@2.4.49", "CVE-2021-1001")
    ]


def test_what_else_it_needs_is_said(tmp_path: Path) -> None:
    record = _record(RANGE)
    record["cve"]["configurations"][0] |= {"operator": "AND"}
    system = {"vulnerable": False, "criteria": "cpe:2.3:o:apple:macos:-:*:*:*:*:*:*:*"}
    record["cve"]["configurations"][0]["nodes"].append({"cpeMatch": [system]})
    (found,), _ = _found(tmp_path, [record], _part())
    assert found.attributes["why"].endswith("it needs apple:macos too")


@pytest.mark.parametrize(
    ("one", "other", "order"),
    [("1.0.2k", "1.0.2t", -1), ("1.0.2zb", "1.0.2k", 1), ("v1.2", "1.2.0", 0), ("1.10", "1.9", 1)],
)
def test_versions_that_numbers_decide(one: str, other: str, order: int) -> None:
    assert (compare(one, other), compare(other, one)) == (order, -order)


@pytest.mark.parametrize(
    ("one", "other"), [("1.0", "1.0rc1"), ("1:9", "2"), ("1.0a", "1.0"), ("x", "1"), ("1.0", "1.0-2")]
)
def test_versions_that_they_do_not(one: str, other: str) -> None:
    with pytest.raises(ValueError, match="version"):
        compare(one, other)


@given(*[st.lists(st.integers(0, 99), min_size=1, max_size=5)] * 2)
def test_numbers_in_their_order(one: list[int], other: list[int]) -> None:
    texts = [".".join(map(str, numbers)) for numbers in (one, other)]
    first, second = ([*numbers, *[0] * (5 - len(numbers))] for numbers in (one, other))
    assert compare(*texts) == (first > second) - (first < second)


@pytest.mark.parametrize("purl", ["", "no purl", "pkg:"])
def test_a_name_by_cpe_stands_in_for_a_package_url_that_is_none(tmp_path: Path, purl: str) -> None:
    (found,), untold = _found(tmp_path, [_record(RANGE)], _part(purl=purl))
    assert (found.attributes["purl"], untold) == ("pkg:generic/apache/http_server@2.4.49", [])


@pytest.mark.parametrize("cpe", [5, None, [], "cpe:2.3:a:", "cpe:2.3:a:*:*:1:*:*:*:*:*:*:*"])
def test_a_broken_name_by_cpe_costs_nothing_else(tmp_path: Path, cpe: object) -> None:
    part = {"name": "flask", "version": "1", "purl": "pkg:pypi/flask@1", "cpe": cpe}
    (found,), untold = _found(tmp_path, [_record(RANGE)], part)
    assert (found.attributes["name"], untold) == ("flask", [])
