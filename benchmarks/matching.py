"""How fast 1,000 real components are judged by the whole pack, and in how much memory; one process.

ICELOS_DATA=../shared/data .venv/bin/python benchmarks/matching.py
The components are those of 42 real bills of materials, of UBI8's package list (as AlmaLinux 8), and old
releases from PyPI; advisories, KEV, EPSS and Vulnrichment lie in the database, as `icelos feeds update` puts
them there.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from icelos.data.advisory_store import AdvisoryStore
from icelos.data.components import ComponentSource
from icelos.data.feeds.records import advisories_of, facts_in
from icelos.data.parse.purls import place_of
from icelos.errors import InputError
from icelos.findings import Failure, Finding
from icelos.jobs.vulns.job import VulnsJob
from icelos.jobs.vulns.priority import Prioritiser
from icelos.records import Component

ADVISORIES = (
    "almalinux-osv/almalinux8.osv.jsonl.gz", "alpine-secdb/alpine-secdb-v3.3-v3.11.jsonl.gz",
    "golang-vulndb/go.osv.jsonl.gz", "osv-misc-harvest/osv_misc.jsonl.gz", "psf-advisory-db/psf.osv.jsonl.gz",
    "pypa-advisory-db/pypa.osv.jsonl.gz",
)  # fmt: skip
FACTS = {
    "kev": "cisa-kev/known_exploited_vulnerabilities.json.gz",
    "vulnrichment": "cisa-vulnrichment/cve5_oss_subset.jsonl.gz",
    "vulnrichment/ssvc": "cisa-vulnrichment/ssvc.jsonl.gz",
    "epss": "epss/epss_2026-08-16.csv.gz",
}
COMPONENTS = 1000


def main() -> None:
    """Fill the database in a child process, so that its memory does not count; then judge, three times."""
    data = Path(os.environ["ICELOS_DATA"]) / "vulns"
    with tempfile.TemporaryDirectory() as made_in:
        folder = Path(made_in)
        if child := os.fork():
            os.waitpid(child, 0)
        else:
            fill(data, folder)
            os._exit(0)
        bom = folder / "bom.json"
        judge(folder / "advisories.sqlite", bom)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def fill(data: Path, folder: Path) -> None:
    with AdvisoryStore(folder / "advisories.sqlite") as store:
        started = time.perf_counter()
        for name in ADVISORIES:
            store.replace(f"osv/{name}", advisories_of(data / name, name))
        for feed, name in FACTS.items():
            store.replace(f"{feed}/{name}", facts_in(data / name, name))
        seconds, size = time.perf_counter() - started, store.path.stat().st_size / 2**20
        facts = sum(source.facts for source in store.sources())
        print(f"filled: {store.count} advisories, {facts} facts in {seconds:.1f} s, {size:.0f} MiB on disk")
        print(f"peak memory of filling {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
        components = [{"name": "x", "purl": purl} for purl in chosen(data, store)]
    (folder / "bom.json").write_text(json.dumps({"bomFormat": "CycloneDX", "components": components}))
    sys.stdout.flush()


def chosen(data: Path, store: AdvisoryStore) -> list[str]:
    """Real packages that the pack has advisories for first, then others of ecosystems that it covers."""
    known: list[str] = []
    other: list[str] = []
    for purl in dict.fromkeys(purls(data)):
        try:
            place = place_of(purl)
        except InputError:
            continue
        if place is not None and store.covers(place):
            (known if store.about(place) else other).append(purl)
    print(f"components: {min(len(known), COMPONENTS)} of {COMPONENTS} have advisories")
    return [*known, *other][:COMPONENTS]


def purls(data: Path) -> Iterator[str]:
    with tarfile.open(data / "sboms" / "spdx-popular-containers-21x2.tar.gz") as archive:
        for member in archive:
            content = archive.extractfile(member)
            document: dict[str, Any] = json.loads(content.read()) if content else {}
            for package in document.get("packages", ()):
                references = package.get("externalRefs", ())
                yield from (r["referenceLocator"] for r in references if r["referenceType"] == "purl")
    image = json.loads((data / "package-manifests" / "ubi8_ubi.rpm-manifests.json").read_bytes())[0]
    for rpm in image["rpms"]:
        yield f"pkg:rpm/almalinux/{rpm['name']}@{rpm['version']}-{rpm['release']}?distro=almalinux-8"
    with gzip.open(data / "pypa-advisory-db" / "pypa.osv.jsonl.gz", "rt") as lines:
        for record in map(
            json.loads, lines
        ):  # the oldest affected version of real packages makes up the number
            for affected in record["affected"]:
                if affected.get("versions"):
                    yield f"pkg:pypi/{affected['package']['name'].lower()}@{affected['versions'][0]}"


def judge(database: Path, bom: Path) -> None:
    for _ in range(3):
        started = time.perf_counter()
        store = AdvisoryStore(database)
        loaded = time.perf_counter()
        job = VulnsJob(store, Prioritiser(store.intelligence))
        items = list(ComponentSource(bom, advisories=str(database)))
        records = [item for item in items if isinstance(item, Component)]
        findings = [found for found in job.score(records) if isinstance(found, Finding)]
        done = time.perf_counter()
        verdicts = dict(Counter(found.verdict.value for found in findings))
        failures = sum(isinstance(item, Failure) for item in items)
        print(
            f"load {loaded - started:.3f} s; {COMPONENTS} components, {len(findings)} findings {verdicts}, "
            f"{failures} failures in {done - loaded:.2f} s"
        )
        store.close()


if __name__ == "__main__":
    main()
