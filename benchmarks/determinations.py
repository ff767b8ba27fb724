"""What people determined beside what the job says: `python -m benchmarks.determinations PACK DETERMINATIONS`.

PACK is a folder with the sets of advisories named below, DETERMINATIONS one with two sets of determinations,
wolfi-*.jsonl.gz and rancher-*.jsonl.gz. The job has what a determination tells: a component's name and
version, and that it runs on Linux where it is of Wolfi or beside packages of a distribution;
neither source nor image. With --cases, each disagreement is printed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import rustsec

from icelos.data.advisory_store import AdvisoryStore
from icelos.data.feeds.records import advisories_of
from icelos.data.parse.osv_advisories import osv
from icelos.data.parse.purls import Place, place_of
from icelos.errors import IcelosError
from icelos.findings import Finding
from icelos.jobs.vulns.job import VulnsJob
from icelos.records import Component, System

ADVISORIES = (
    "almalinux-osv/almalinux8.osv.jsonl.gz", "golang-vulndb/go.osv.jsonl.gz",
    "osv-misc-harvest/osv_misc.jsonl.gz", "psf-advisory-db/psf.osv.jsonl.gz",
    "pypa-advisory-db/pypa.osv.jsonl.gz",
)  # fmt: skip
RUSTSEC = "rustsec-advisory-db/rustsec.jsonl.gz"
AFFECTED, NOT_AFFECTED, UNDECIDED = "affected", "not affected", "undecided"
_WOLFI = {
    "false-positive-determination": NOT_AFFECTED, "true-positive-determination": AFFECTED,
    "fix-not-planned": AFFECTED, "pending-upstream-fix": AFFECTED,
}  # fmt: skip
_TYPES = {
    "go-module": "golang", "python": "pypi", "npm": "npm", "rust-crate": "cargo", "apk": "apk/wolfi",
    "java-archive": "maven",
}  # fmt: skip


class Case(NamedTuple):
    """One determination: `purl` is empty where the component, or its kind, is not told."""

    source: str
    names: frozenset[str]
    purl: str
    truth: str
    why: str
    note: str
    linux: bool


def main() -> None:
    """Print the figures of each source."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pack", type=Path)
    parser.add_argument("determinations", type=Path)
    parser.add_argument("--cases", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, AdvisoryStore(Path(folder) / "a.sqlite") as store:
        _fill(store, given.pack)
        artifacts = _artifacts(given.pack)
        for name, read in (("wolfi", _wolfi), ("rancher", _rancher)):
            (file,) = given.determinations.glob(f"{name}-*.jsonl.gz")
            _report(name, list(read(file, artifacts)), store, shown=given.cases)


def _fill(store: AdvisoryStore, pack: Path) -> None:
    for name in ADVISORIES:
        store.replace(name, advisories_of(pack / name, name))
    converted = (osv(json.dumps(one).encode(), RUSTSEC) for one in rustsec.advisories(pack / RUSTSEC))
    store.replace(RUSTSEC, converted)


def _artifacts(pack: Path) -> dict[str, set[str]]:
    """Groups of Maven's artifacts in the pack: a scanner that looks at a jar names the artifact alone."""
    found: dict[str, set[str]] = {}
    with gzip.open(pack / "osv-misc-harvest/osv_misc.jsonl.gz", "rt") as lines:
        for record in map(json.loads, lines):
            for affected in record.get("affected") or ():
                package = affected.get("package") or {}
                group, colon, artifact = package.get("name", "").partition(":")
                if package.get("ecosystem") == "Maven" and colon:
                    found.setdefault(artifact, set()).add(group)
    return found


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _wolfi(file: Path, artifacts: dict[str, set[str]]) -> Iterator[Case]:
    """The last determination of each record, of the component that was detected last before it."""
    for record in _lines(file):
        events = sorted(record["events"], key=lambda event: event["timestamp"])
        numbers = [n for n, event in enumerate(events) if event["type"] in _WOLFI]
        if not numbers:
            continue
        last = events[numbers[-1]]
        seen = [e["data"].get("data") or {} for e in events[: numbers[-1] + 1] if e["type"] == "detection"]
        yield Case(
            record["package"], frozenset((record["id"], *record["aliases"])),
            _purl(seen[-1], artifacts) if seen else "", _WOLFI[last["type"]],
            last["data"].get("type", last["type"]), " ".join(last["data"].get("note", "").split()), True,
        )  # fmt: skip


def _purl(detected: dict[str, str], artifacts: dict[str, set[str]]) -> str:
    kind, name = _TYPES.get(detected.get("componentType", "")), detected.get("componentName", "")
    if kind is None or not name:
        return ""
    if kind == "maven":
        groups = artifacts.get(name, set())
        if len(groups) != 1:
            return f"pkg:maven/unknown/{name}@{detected['componentVersion']}"
        name = f"{next(iter(groups))}/{name}"
    return f"pkg:{kind}/{name}@{detected['componentVersion']}"


def _rancher(file: Path, _: dict[str, set[str]]) -> Iterator[Case]:
    records = list(_lines(file))
    linux = {
        product["@id"]
        for record in records
        for product in record["products"]
        for part in product.get("subcomponents", ())
        if part["@id"].startswith(("pkg:rpm/", "pkg:deb/", "pkg:apk/"))
    }
    for record in records:
        names = frozenset((record["vulnerability"]["name"], *record["vulnerability"].get("aliases", ())))
        truth = {"affected": AFFECTED, "not_affected": NOT_AFFECTED, "fixed": NOT_AFFECTED}[record["status"]]
        for product in record["products"]:
            for part in product.get("subcomponents") or ({"@id": ""},):
                yield Case(
                    product["@id"], names, part["@id"] if part["@id"].startswith("pkg:") else "", truth,
                    record.get("justification", ""), " ".join(record.get("impact_statement", "").split()),
                    product["@id"] in linux,
                )  # fmt: skip


def _report(name: str, cases: list[Case], store: AdvisoryStore, *, shown: bool) -> None:
    job = VulnsJob(store)
    table: Counter[tuple[str, str]] = Counter()
    reasons: Counter[str] = Counter()
    by_why: Counter[tuple[str, str, str]] = Counter()
    for case in cases:
        said, reason = _judge(case, store, job)
        table[case.truth, said] += 1
        if said == UNDECIDED:
            reasons[reason] += 1
        else:
            by_why[case.why, case.truth, said] += 1
            if shown and said != case.truth:
                print(f"  {sorted(case.names)} {case.purl} in {case.source}: {case.truth} ({case.why})")
                print(f"    people: {case.note[:300]}\n    job: {said}: {reason[:300]}")
    decided = {key: number for key, number in table.items() if key[1] != UNDECIDED}
    number, right = sum(decided.values()), sum(n for key, n in decided.items() if key[0] == key[1])
    print(f"{name}: {len(cases)} determinations, {number} decided ({number / len(cases):.3f})")
    print(f"  precision of the decided {right / max(1, number):.3f}")
    for (truth, said), n in sorted(table.items()):
        print(f"  {truth:14} said {said:14} {n:5}")
    print("  decided, by what people gave as the reason:")
    for (why, truth, said), n in by_why.most_common():
        print(f"    {why:52} {truth:13} said {said:13} {n:5}")
    print("  undecided, because:")
    for reason, n in reasons.most_common():
        print(f"    {n:5} {reason}")


def _judge(case: Case, store: AdvisoryStore, job: VulnsJob) -> tuple[str, str]:
    """What the job says, and why; or why it cannot say anything."""
    if not case.purl:
        return UNDECIDED, "no component is told, or its kind has no package URL"
    try:
        place = place_of(case.purl)
    except IcelosError:
        return UNDECIDED, "no package URL"
    if place is None or not store.covers(place):
        return UNDECIDED, f"no advisories of {place.ecosystem if place else 'this kind'} in the pack"
    advisory = _advisory(case, place, store)
    if not advisory:
        return UNDECIDED, f"no advisory in the pack by this name and package: {place.ecosystem}"
    if not place.version:
        return UNDECIDED, "no version is told"
    system = (
        System("linux", f"has packages of a distribution: {case.source}", case.source) if case.linux else None
    )
    component = Component(
        id="1", source=case.source, target=case.source, purl=case.purl, name=place.name,
        version=place.version, advisory=advisory, system=system,
    )  # fmt: skip
    (found,) = job.score([component])
    if not isinstance(found, Finding):
        return UNDECIDED, "failed"
    said = {"alert": AFFECTED, "clear": NOT_AFFECTED}.get(found.verdict.value, UNDECIDED)
    return said, f"{found.label}: {found.attributes['why']}" if said != UNDECIDED else found.attributes["why"]


def _advisory(case: Case, place: Place, store: AdvisoryStore) -> str:
    for key, statements in store.about(place).items():
        if case.names & {name for s in statements for name in (*s.advisory.names, *s.advisory.cves)}:
            return key
    return ""


if __name__ == "__main__":
    main()
