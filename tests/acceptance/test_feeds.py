"""Feeds as their publishers write them: the pack as a mirror, and real samples of every format."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from icelos.cli.main import run
from icelos.data.advisory_store import AdvisoryStore
from icelos.data.feeds.records import advisories_of, facts_in
from icelos.data.parse.intelligence import Facts
from icelos.data.parse.osv_advisories import Advisory
from icelos.errors import InputError
from icelos.jobs.vulns.severity import severity_of

MIRROR = {
    "osv": ("almalinux-osv/almalinux8.osv.jsonl.gz", "golang-vulndb/go.osv.jsonl.gz",
            "osv-misc-harvest/osv_misc.jsonl.gz", "psf-advisory-db/psf.osv.jsonl.gz",
            "pypa-advisory-db/pypa.osv.jsonl.gz"),
    "alpine": ("alpine-secdb/alpine-secdb-v3.3-v3.11.jsonl.gz",),
    "epss": ("epss/epss_2026-08-16.csv.gz",),
    "kev": ("cisa-kev/known_exploited_vulnerabilities.json.gz",),
    "vulnrichment": ("cisa-vulnrichment/cve5_oss_subset.jsonl.gz", "cisa-vulnrichment/ssvc.jsonl.gz"),
}  # fmt: skip


@pytest.fixture
def data() -> Path:
    folder = Path(os.environ.get("ICELOS_DATA", "-")) / "vulns"
    if not folder.is_dir():
        pytest.skip("ICELOS_DATA is not set, or has no vulns/")
    return folder


@pytest.fixture
def samples(data: Path, tmp_path: Path) -> Path:
    with tarfile.open(data / "feed-samples" / "vunnel-provider-fixtures.tar.gz") as archive:
        archive.extractall(tmp_path / "samples", filter="data")
    return tmp_path / "samples"


@pytest.mark.slow
@pytest.mark.data
def test_the_pack_as_a_mirror(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ICELOS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for feed, files in MIRROR.items():
        (tmp_path / "mirror" / feed).mkdir(parents=True)
        for file in files:
            shutil.copyfile(data / file, tmp_path / "mirror" / feed / Path(file).name)
    command = ["feeds", "update", *MIRROR, "--mirror", str(tmp_path / "mirror"), "--no-index"]
    assert run(command) == 0
    capfd.readouterr()
    assert run(["feeds", "status", "--json"]) == 0
    rows = {row["name"]: row for row in map(json.loads, capfd.readouterr().out.splitlines())}
    assert rows["osv"]["advisories"] > 10_000
    assert rows["osv"]["unreadable"] == 0
    assert (rows["epss"]["facts"], rows["kev"]["facts"], rows["kev"]["documents"]) == (360_142, 1404, 1404)
    assert rows["vulnrichment"]["unreadable"] < 200, "104 rows of the pack have no CVE"
    with AdvisoryStore(tmp_path / "home" / "advisories.sqlite") as store:
        log4shell = store.intelligence.about(["CVE-2021-44228"])
        old = store.intelligence.about(["CVE-1999-0006"])
    assert (log4shell.in_kev, log4shell.ransomware, log4shell.kev_added) == (True, True, "2021-12-10")
    assert log4shell.epss is not None
    assert log4shell.epss > 0.9
    assert (old.exploitation, old.automatable, old.technical_impact) == ("none", "yes", "total")
    assert str(severity_of(old.vectors)) == "CVSS 3.1 9.8, critical"
    assert run(command) == 0
    assert capfd.readouterr().err.count("nothing new") == len(MIRROR)


def _json(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*.json") if "snapshots" not in path.parts)


@pytest.mark.data
def test_pages_of_nvds_api(samples: Path) -> None:
    page = samples / "nvd" / "test-fixtures" / "full-page.json"
    found = [item for item in facts_in(page, "nvd") if isinstance(item, Facts)]
    records: list[dict[str, Any]] = [r["cve"] for r in json.loads(page.read_bytes())["vulnerabilities"]]
    assert [facts.name for facts in found] == [record["id"] for record in records]
    for facts, record in zip(found, records, strict=True):
        stated = [m["cvssData"] for metrics in record["metrics"].values() for m in metrics]
        assert set(facts.vectors) == {metric["vectorString"] for metric in stated}
        severity = severity_of(facts.vectors)
        newest = max((m["version"] for m in stated), default="")
        scores = [m["baseScore"] for m in stated if m["version"] == newest]
        assert (round(severity.score * 10, 1) if severity else None) == max(scores, default=None)
    assert sum(bool(facts.weaknesses) for facts in found) > 10


@pytest.mark.data
def test_kev_and_epss(samples: Path) -> None:
    catalogue = samples / "kev" / "test-fixtures" / "valid-catalog-1.json"
    listed = [item for item in facts_in(catalogue, "kev") if isinstance(item, Facts)]
    assert len(listed) == len(json.loads(catalogue.read_bytes())["vulnerabilities"])
    assert all(facts.in_kev and facts.kev_added and facts.kev_due for facts in listed)
    scores = samples / "epss" / "test-fixtures" / "example-1.csv"
    found = list(facts_in(scores, "epss"))
    assert found
    assert all(isinstance(item, Facts) and item.epss is not None for item in found)
    wrong = list(facts_in(scores.with_name("invalid-header.csv"), "epss"))
    assert all(isinstance(item, InputError) for item in wrong)


@pytest.mark.data
def test_advisories_of_distributions(samples: Path) -> None:
    found = [a for path in _json(samples / "chainguard" / "test-fixtures" / "input" / "osv")
             if path.name != "all.json" for a in advisories_of(path, path.name)]  # fmt: skip
    assert found
    assert all(isinstance(item, Advisory) and item.affected for item in found)
