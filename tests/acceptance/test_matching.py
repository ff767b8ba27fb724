"""Findings on real bills of materials beside those of brute force: a linear scan of all advisories.

The oracle reads the advisories with `json`, the package URLs with `packageurl`, and compares with `univers`
alone; it shares no code with what it judges. Where univers cannot read a version, the oracle has no opinion.
"""

from __future__ import annotations

import gzip
import json
import os
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache, cmp_to_key
from pathlib import Path
from typing import Any

import pytest
from packageurl import PackageURL

from icelos.data.advisory_store import AdvisoryStore
from icelos.data.components import ComponentSource
from icelos.data.feeds.records import advisories_of
from icelos.findings import Finding
from icelos.jobs.vulns.job import VulnsJob
from icelos.records import Component

OSV_FILES = (
    "almalinux-osv/almalinux8.osv.jsonl.gz", "golang-vulndb/go.osv.jsonl.gz",
    "osv-misc-harvest/osv_misc.jsonl.gz",
    "psf-advisory-db/psf.osv.jsonl.gz", "pypa-advisory-db/pypa.osv.jsonl.gz",
)  # fmt: skip
SECDB_FILE = "alpine-secdb/alpine-secdb-v3.3-v3.11.jsonl.gz"
VERDICTS = {
    "vulnerable": "affected", "requires_environment": "affected", "code_not_present": "not affected",
    "uncertain": "undecided",
}  # fmt: skip
"""By version alone: that the affected version needs another system is said on top of it."""
Findings = dict[tuple[str, str], str]


@pytest.fixture(scope="module")
def data() -> Path:
    folder = Path(os.environ.get("ICELOS_DATA", "-")) / "vulns"
    if not folder.is_dir():
        pytest.skip("ICELOS_DATA is not set, or has no vulns/")
    return folder


@pytest.fixture(scope="module")
def store(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdvisoryStore]:
    """Every file of the pack that is in OSV's schema or Alpine's."""
    with AdvisoryStore(tmp_path_factory.mktemp("store") / "advisories.sqlite") as opened:
        for name in (*OSV_FILES, SECDB_FILE):
            opened.replace(f"pack/{name}", advisories_of(data / name, name))
        yield opened


# -- the oracle


FAMILIES = {
    "Alpine": "AlpineLinuxVersion", "Wolfi": "AlpineLinuxVersion", "Debian": "DebianVersion",
    "Ubuntu": "DebianVersion",
    "AlmaLinux": "RpmVersion", "Red Hat": "RpmVersion", "Rocky Linux": "RpmVersion", "PyPI": "PypiVersion",
    "Go": "SemverVersion", "npm": "SemverVersion", "crates.io": "SemverVersion", "Maven": "MavenVersion",
    "NuGet": "NugetVersion", "RubyGems": "RubygemsVersion",
}  # fmt: skip
TYPES = {"pypi": "PyPI", "npm": "npm", "golang": "Go", "maven": "Maven", "gem": "RubyGems", "nuget": "NuGet",
         "cargo": "crates.io", "composer": "Packagist"}  # fmt: skip
VENDORS = {"alpine": "Alpine", "debian": "Debian", "ubuntu": "Ubuntu", "rhel": "Red Hat", "redhat": "Red Hat",
           "almalinux": "AlmaLinux", "wolfi": "Wolfi"}  # fmt: skip


@cache
def _version(ecosystem: str, text: str) -> Any:
    from univers import versions

    if ecosystem == "Go":
        text = text.removesuffix("+incompatible").removeprefix("go").removeprefix("v")
    return getattr(versions, FAMILIES[ecosystem])(text)


def _compare(ecosystem: str, one: str, other: str) -> int:
    first, second = _version(ecosystem, one), _version(ecosystem, other)
    return -1 if first < second else int(second < first)


def _judged(ecosystem: str, version: str, affected: dict[str, Any]) -> str:
    ranges = [r for r in affected.get("ranges") or () if r["type"] in {"ECOSYSTEM", "SEMVER"}]
    listed = affected.get("versions") or ()
    if not version or not (ranges or listed):
        return "undecided"
    if version in listed or any(_compare(ecosystem, version, one) == 0 for one in (() if ranges else listed)):
        return "affected"
    return "affected" if any(_in_range(ecosystem, version, r["events"]) for r in ranges) else "not affected"


def _in_range(ecosystem: str, version: str, events: list[dict[str, str]]) -> bool:
    def order(one: tuple[str, str], other: tuple[str, str]) -> int:
        if "0" in (one[1], other[1]):
            return (other[1] == "0") - (one[1] == "0")
        return _compare(ecosystem, one[1], other[1])

    inside = False
    for kind, value in sorted((e for event in events for e in event.items()), key=cmp_to_key(order)):
        relation = 1 if value == "0" else _compare(ecosystem, version, value)
        if kind == "introduced" and relation >= 0:
            inside = True
        elif (kind == "fixed" and relation >= 0) or (kind == "last_affected" and relation > 0):
            inside = False
    return inside


def _place(purl: str) -> tuple[str, str, str, str] | None:
    """(ecosystem, release, name, version): where advisories of a package stand."""
    parsed = PackageURL.from_string(purl)
    version = parsed.version or ""
    if parsed.type in {"apk", "deb", "rpm", "alpine"}:
        qualifiers: Any = parsed.qualifiers
        vendor, _, number = qualifiers.get("distro", "").rpartition("-")
        ecosystem = VENDORS.get(vendor or parsed.namespace or "alpine") or VENDORS.get(parsed.namespace or "")
        if ecosystem is None:
            return None
        release = number.split(".")[0] if number[:1].isdigit() else ""
        if ecosystem == "Alpine" and release:
            release = "v" + ".".join(number.split(".")[:2])
        elif ecosystem == "Ubuntu":
            release = number
        upstream, _, source_version = qualifiers.get("upstream", "").partition("@")
        if parsed.type == "rpm":
            epoch = qualifiers.get("epoch", "0")
            return ecosystem, release, parsed.name, version if epoch == "0" else f"{epoch}:{version}"
        return ecosystem, release, upstream or parsed.name, source_version or version
    found = TYPES.get(parsed.type)
    if found is None or found not in FAMILIES:
        return None
    joined = ":" if found == "Maven" else "/"
    name = f"{parsed.namespace}{joined}{parsed.name}" if parsed.namespace else parsed.name
    if parsed.type == "golang" and parsed.subpath:
        name = f"{name}/{parsed.subpath}"
    return found, "", name.lower().replace("_", "-").replace(".", "-") if found == "PyPI" else name, version


@cache
def _records(folder: Path) -> list[tuple[str, str, str, dict[str, Any]]]:
    """(advisory, ecosystem with release, name, affected) of the whole pack."""
    found = []
    for file in OSV_FILES:
        with gzip.open(folder / file, "rt") as lines:
            for record in map(json.loads, lines):
                if record.get("withdrawn"):
                    continue
                for affected in record.get("affected") or ():
                    package = affected.get("package") or {}
                    if "ecosystem" in package:
                        found.append((record["id"], package["ecosystem"], package["name"], affected))
    with gzip.open(folder / SECDB_FILE, "rt") as lines:
        for database in map(json.loads, lines):
            ecosystem = f"Alpine:{database['distroversion']}"
            for package in (entry["pkg"] for entry in database["packages"] or ()):
                for version, texts in (package.get("secfixes") or {}).items():
                    events = [{"introduced": "0"}, {"fixed": version.strip()}]
                    affected = {"ranges": [{"type": "ECOSYSTEM", "events": events}]}
                    names = {
                        name
                        for text in texts or ()
                        for name in text.replace("(", " ").split()
                        if name[:4] == "CVE-"
                    }
                    names |= {text.split()[0] for text in texts or () if "CVE-" not in text}
                    found += [(name, ecosystem, package["name"], affected) for name in names]
    return found


def oracle(folder: Path, target: Path) -> tuple[Findings, Counter[str]]:
    """What each advisory says of each package of a document; and why it has no opinion on some."""
    places: dict[tuple[str, str], set[tuple[str, str, str]]] = {}
    for purl, source in _listed(target):
        place = _place(purl)
        if place is None:
            continue
        ecosystem, release, name, version = place
        if source and purl.startswith(("pkg:apk", "pkg:deb")) and "upstream=" not in purl:
            name, version = source
        places.setdefault((ecosystem, name), set()).add((_base(purl), release, version))
    said: dict[tuple[str, str], set[str]] = {}
    for advisory, where, name, affected in _records(folder):
        ecosystem, _, release = where.partition(":")
        plain = name.lower().replace("_", "-").replace(".", "-") if ecosystem == "PyPI" else name
        for purl, at, version in places.get((ecosystem, plain), ()):
            if at and release and at != release and at not in release.split(":"):
                continue
            if ecosystem in VENDORS.values() and ecosystem != "Wolfi" and not at:
                opinion = "undecided"
            else:
                try:
                    opinion = _judged(ecosystem, version, affected)
                except Exception as error:  # noqa: BLE001 - univers raises many kinds
                    opinion = f"no opinion: {type(error).__name__}"
            said.setdefault((purl, advisory), set()).add(opinion)
    silent = Counter(o for opinions in said.values() for o in opinions if o.startswith("no opinion"))
    order = ("affected", "undecided", "not affected")
    for group in _same(folder, said):
        opinions = set().union(*(said[key] for key in group))
        said |= dict.fromkeys(group, opinions)
    decided = {key: o for key, o in said.items() if not any(one.startswith("no opinion") for one in o)}
    return {key: next(o for o in order if o in opinions) for key, opinions in decided.items()}, silent


def _same(folder: Path, keys: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """Keys of one package whose advisories name the same one CVE: they are one vulnerability."""
    names = _names(folder)
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for purl, advisory in keys:
        cves = {name for name in names.get(advisory, {advisory}) if name.startswith("CVE-")}
        if len(cves) == 1:
            groups.setdefault((purl, cves.pop()), []).append((purl, advisory))
    yield from (group for group in groups.values() if len(group) > 1)


@cache
def _names(folder: Path) -> dict[str, set[str]]:
    """Advisory -> its id and aliases."""
    found: dict[str, set[str]] = {}
    for file in OSV_FILES:
        with gzip.open(folder / file, "rt") as lines:
            for record in map(json.loads, lines):
                if not record.get("withdrawn"):
                    found.setdefault(record["id"], {record["id"]}).update(record.get("aliases") or ())
    return found


def _listed(target: Path) -> Iterator[tuple[str, tuple[str, str] | None]]:
    """Every package URL that a document names, with the source package where SPDX's text tells it."""
    document = json.loads(target.read_bytes())
    for component in document.get("components", ()):
        yield component["purl"], None
    for package in document.get("packages", ()):
        words = package.get("sourceInfo", "").partition("built package from: ")[2].split()
        for reference in package.get("externalRefs", ()):
            if reference.get("referenceType") == "purl":
                source = (words[0], words[1]) if len(words) == 2 else None
                yield reference["referenceLocator"], source


def _base(purl: str) -> str:
    """Without qualifiers, which the inventory adds to."""
    return PackageURL.from_string(purl)._replace(qualifiers={}).to_string()


# -- what is judged


def _found(target: Path, store: AdvisoryStore) -> Findings:
    """Findings by (purl without qualifiers, each advisory that it rests on)."""
    job = VulnsJob(store)
    source = ComponentSource(target, advisories=str(store.path))
    components = [item for item in source if isinstance(item, Component)]
    findings: Findings = {}
    for component, found in zip(components, job.score(components), strict=True):
        assert isinstance(found, Finding)
        for advisory in found.attributes["advisories"].split():
            key = (_base(component.purl), advisory)
            assert findings.setdefault(key, VERDICTS[found.label]) == VERDICTS[found.label], key
    return findings


def _unpacked(pack: Path, folder: Path) -> list[Path]:
    with tarfile.open(pack) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None and member.name.endswith(".json"):
                (folder / Path(member.name).name).write_bytes(content.read())
    return sorted(folder.glob("*.json"))


def _ubi8(data: Path, target: Path, distro: str) -> Path:
    """UBI8's real package list as CycloneDX, as a scanner would write it of a system of that vendor."""
    image = json.loads((data / "package-manifests" / "ubi8_ubi.rpm-manifests.json").read_bytes())[0]
    components = [
        {"name": rpm["name"], "purl": PackageURL(
            "rpm", distro.partition("-")[0], rpm["name"], f"{rpm['version']}-{rpm['release']}",
            {"arch": rpm["architecture"], "distro": distro}).to_string()}
        for rpm in image["rpms"]
    ]  # fmt: skip
    target.write_text(json.dumps({"bomFormat": "CycloneDX", "components": components}))
    return target


def _differences(found: Findings, expected: Findings, silent: int) -> list[str]:
    wrong = [f"{k}: {found.get(k)} for {v}" for k, v in sorted(expected.items()) if found.get(k) != v]
    surplus = set(found) - set(expected)
    if len(surplus) > silent:
        wrong.append(f"{len(surplus)} findings that the oracle does not have, such as {sorted(surplus)[:3]}")
    return wrong


@pytest.mark.data
def test_ubi8_as_almalinux(data: Path, store: AdvisoryStore, tmp_path: Path) -> None:
    """The same packages, judged by AlmaLinux's 3,237 advisories: rpm's versions with epochs and modules."""
    target = _ubi8(data, tmp_path / "ubi8.json", "almalinux-8")
    found = _found(target, store)
    expected, silent = oracle(data, target)
    assert _differences(found, expected, sum(silent.values())) == []
    counted = Counter(found.values())
    assert counted["affected"] > 100
    assert counted["undecided"] == 0


@pytest.mark.data
def test_ubi8_itself_has_no_hits(data: Path, store: AdvisoryStore, tmp_path: Path) -> None:
    """The pack's Red Hat advisories are of long-term releases of 8.6; AlmaLinux's are not Red Hat's."""
    target = _ubi8(data, tmp_path / "ubi8.json", "rhel-8")
    found = _found(target, store)
    assert (found, oracle(data, target)[0]) == ({}, {})


@pytest.mark.data
def test_the_images(data: Path, store: AdvisoryStore, tmp_path: Path) -> None:
    """21 images, each as Syft and as Trivy describe it."""
    targets = _unpacked(data / "sboms" / "spdx-popular-containers-21x2.tar.gz", tmp_path)
    assert len(targets) == 42
    wrong: list[str] = []
    total: Counter[str] = Counter()
    silenced: Counter[str] = Counter()
    for target in targets:
        found = _found(target, store)
        expected, silent = oracle(data, target)
        wrong += [
            f"{target.name[:40]} {line}" for line in _differences(found, expected, sum(silent.values()))
        ]
        total.update(found.values())
        silenced.update(silent)
    assert wrong == []
    assert total["affected"] > 500
    assert sum(silenced.values()) < 0.02 * sum(total.values()), "the oracle has an opinion on nearly all"
