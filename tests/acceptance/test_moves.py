"""The moves that are advised for real images and reports, judged again at the new version."""

from __future__ import annotations

import os
import tarfile
from collections import Counter
from pathlib import Path

import pytest
from msgspec.structs import replace

from icelos.data.advisory_store import AdvisoryStore
from icelos.data.components import ComponentSource
from icelos.data.feeds.records import advisories_of
from icelos.data.parse.purls import parse_purl, place_of
from icelos.errors import InputError
from icelos.findings import Finding, Verdict
from icelos.jobs.vulns.documents.moves import Move, advice_on
from icelos.jobs.vulns.job import VulnsJob
from icelos.jobs.vulns.versions import compare
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
ARCHIVES = (
    "scan-reports/defectdojo-scans.tar.gz", "sboms/cyclonedx-and-misc.tar.gz",
    "sboms/spdx-popular-containers-21x2.tar.gz",
)  # fmt: skip


def _targets(folder: Path) -> list[Path]:
    for archive in ARCHIVES:
        with tarfile.open(DATA / archive) as tar:
            for member in tar.getmembers():
                content = tar.extractfile(member) if member.isreg() else None
                name = member.name.removeprefix("./").replace("/", "__")
                if content and not name.endswith((".md", ".txt")):
                    (folder / name).write_bytes(content.read())
    return sorted(folder.iterdir())


def _moved(record: Component, version: str) -> Component:
    """The same package at another version; a source package has the version of its binaries."""
    purl = parse_purl(record.purl)
    given = purl.qualifiers if isinstance(purl.qualifiers, dict) else {}
    qualifiers = {key: str(value).partition("@")[0] for key, value in given.items() if key != "epoch"}
    moved = purl._replace(version=version, qualifiers=qualifiers).to_string()
    return replace(record, purl=moved, version=version, reported=None)


def test_what_a_move_closes_is_closed_and_no_smaller_version_does(tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    with AdvisoryStore(tmp_path / "advisories.sqlite") as store:
        for name in FEEDS:
            store.replace(f"pack/{name}", advisories_of(DATA / name, name))
        job = VulnsJob(store)
        (tmp_path / "targets").mkdir()
        for path in _targets(tmp_path / "targets"):
            try:
                items = list(ComponentSource(path, advisories=str(store.path)))
            except InputError:  # other scanners' reports are among them
                continue
            records = {one.id: one for one in items if isinstance(one, Component)}
            scored = job.score(list(records.values()))
            findings = [one for one in scored if isinstance(one, Finding)]
            advice = advice_on(findings)
            moves = [*advice.moves, *(move for rebuild in advice.rebuilds for move in rebuild.moves)]
            for move in moves:
                counts += _checked(move, findings, records, job)
    assert counts["closed"] > 500, counts
    assert counts["not closed"] == 0, counts
    assert counts["smaller"] == 0, counts


def _checked(
    move: Move, findings: list[Finding], records: dict[str, Component], job: VulnsJob
) -> Counter[str]:
    own = [
        one for one in findings
        if one.verdict is not Verdict.CLEAR and _name(records[one.record_id]) == (move.name, move.version)
        and one.attributes["match"].startswith(("package URL", "advisory of"))
    ]  # fmt: skip
    counts: Counter[str] = Counter()
    if not move.to:
        counts["without a fix"] += 1
        return counts
    closed = [one for one in own if one.attributes["vulnerability"] in move.closes]
    for one in closed:
        counts["closed" if _is_clear(one, move.to, records, job) else "not closed"] += 1
    others = {fix for one in own for fix in one.attributes.get("fixed_in", "").split()} - {move.to}
    for version in others:
        clear = sum(_is_clear(one, version, records, job) for one in own)
        if clear >= sum(_is_clear(one, move.to, records, job) for one in own) and _is_older(
            records[own[0].record_id], version, move.to
        ):
            counts["smaller"] += 1
    return counts


def _name(record: Component) -> tuple[str, str]:
    place = place_of(record.purl)
    of_distribution = place is not None and place.needs_release
    return (place.name, place.version) if place and of_distribution else (record.name, record.version)


def _is_clear(finding: Finding, version: str, records: dict[str, Component], job: VulnsJob) -> bool:
    (again,) = job.score([_moved(records[finding.record_id], version)])
    return isinstance(again, Finding) and again.verdict is Verdict.CLEAR


def _is_older(record: Component, one: str, other: str) -> bool:
    place = place_of(record.purl)
    return place is not None and compare(place.ecosystem, one, other) < 0
