"""1,749 records in NVD's form: matches by CPE beside those of brute force, by JSON and numbers alone."""

from __future__ import annotations

import gzip
import json
import os
import re
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from icelos.data.advisory_store import AdvisoryStore
from icelos.data.components import ComponentSource
from icelos.data.feeds.records import products_of
from icelos.findings import Finding
from icelos.jobs.vulns.job import VulnsJob
from icelos.records import Component

FILE = Path(os.environ.get("ICELOS_DATA", "-")) / "vulns/nvd-cpe-overrides/nvd_cpe_overrides_subset.jsonl.gz"
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not FILE.is_file(), reason="ICELOS_DATA is not set"),
]
NUMBERS = re.compile(r"\d+(\.\d+)*")
PLAIN = re.compile(r"cpe:2\.3:a:[a-z0-9_]+:[a-z0-9_]+:[^:]*:\*:\*:\*:\*:\*:\*:\*")
Match = dict[str, Any]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The overrides as a file of NVD's: they lack the id and the text of a record."""
    path = tmp_path_factory.mktemp("nvd") / "nvd.jsonl"
    with path.open("w") as out:
        for row in _rows():
            out.write(json.dumps({"cve": row}) + "\n")
    return path


def _rows() -> Iterator[dict[str, Any]]:
    with gzip.open(FILE, "rt") as lines:
        for line in lines:
            row = json.loads(line)
            about = row["_annotation"]
            text = [{"lang": "en", "value": about.get("description", "")}]
            yield {**row["cve"], "id": about["cve_id"], "descriptions": text, "sourceIdentifier": "x"}


def _matches(row: dict[str, Any]) -> Iterator[Match]:
    for configuration in row["configurations"]:
        for node in configuration["nodes"]:
            yield from (match for match in node["cpeMatch"] if match["vulnerable"])


def _version(text: str) -> tuple[int, ...]:
    numbers = [int(part) for part in text.split(".")]
    return tuple(numbers + [0] * (12 - len(numbers)))


def _holds(match: Match, version: str) -> bool:
    bounds = {name: _version(text) for name, text in match.items() if name.startswith("version")}
    own = _version(version)
    exact = match["criteria"].split(":")[5]
    return (
        own >= bounds.get("versionStartIncluding", own)
        and own <= bounds.get("versionEndIncluding", own)
        and ("versionStartExcluding" not in bounds or own > bounds["versionStartExcluding"])
        and ("versionEndExcluding" not in bounds or own < bounds["versionEndExcluding"])
        and (exact == "*" or bool(bounds) or _version(exact) == own)
    )


def _all_plain(matches: list[Match]) -> bool:
    """Whether brute force can read them all."""
    texts = [text for match in matches for name, text in match.items() if name.startswith("version")]
    exact = [match["criteria"].split(":")[5] for match in matches]
    return all(PLAIN.fullmatch(match["criteria"]) for match in matches) and all(
        NUMBERS.fullmatch(text) for text in [*texts, *(one for one in exact if one != "*")]
    )


def test_the_same_as_brute_force(tmp_path: Path, records: Path) -> None:
    by_product: dict[str, dict[str, list[Match]]] = defaultdict(lambda: defaultdict(list))
    for row in _rows():
        for match in _matches(row):
            by_product[":".join(match["criteria"].split(":")[3:5])][row["id"]].append(match)
    versions = {name: _some_versions(about) for name, about in by_product.items()}
    parts = [
        {"name": name, "version": version, "cpe": f"cpe:2.3:a:{name}:{version}:*:*:*:*:*:*:*"}
        for name, found in versions.items()
        for version in found
    ]
    (tmp_path / "bom.json").write_text(json.dumps({"bomFormat": "CycloneDX", "components": parts}))
    labels = _labels(tmp_path, records)
    compared: Counter[str] = Counter()
    for name, about in by_product.items():
        for version in versions[name]:
            for cve, matches in about.items():
                if _all_plain(matches):
                    wanted = any(_holds(match, version) for match in matches)
                    label = labels[name.replace(":", "/") + "@" + version, cve]
                    assert label == ("uncertain" if wanted else "code_not_present"), (name, version, cve)
                    compared[label] += 1
    assert compared["uncertain"] > 1000
    assert compared["code_not_present"] > 1000


def _some_versions(about: dict[str, list[Match]]) -> list[str]:
    """Bounds themselves, as it is there that comparisons err."""
    texts = {
        text
        for matches in about.values()
        for match in matches
        for name, text in match.items()
        if name.startswith("version") and NUMBERS.fullmatch(text) and len(text.split(".")) < 12
    }
    return sorted(texts)[:4]


def _labels(folder: Path, records: Path) -> dict[tuple[str, str], str]:
    with AdvisoryStore(folder / "advisories.sqlite") as store:
        store.replace("nvd/all", products_of(records, "nvd"))
        source = ComponentSource(folder / "bom.json", advisories=str(store.path))
        scored = VulnsJob(store).score([one for one in source if isinstance(one, Component)])
    findings = [one for one in scored if isinstance(one, Finding)]
    assert len(findings) == len(scored)
    assert {one.attributes["match"] for one in findings} == {"CPE"}
    return {
        (one.attributes["purl"].removeprefix("pkg:generic/"), one.attributes["vulnerability"]): one.label
        for one in findings
    }


def test_memory_does_not_grow_with_the_feed(tmp_path: Path, records: Path) -> None:
    many = tmp_path / "many.jsonl"
    with many.open("wb") as out:
        for _ in range(4):
            out.write(records.read_bytes())
    peaks = []
    for path in (records, many):
        with AdvisoryStore(tmp_path / f"{path.name}.sqlite") as store:
            tracemalloc.start()
            store.replace("nvd/all", products_of(path, "nvd"))
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + (4 << 20)
