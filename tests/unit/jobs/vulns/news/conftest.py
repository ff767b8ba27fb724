"""An organisation with two targets, and feeds on a mirror that a test changes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from icelos.contracts import Principal
from icelos.data.feeds.feeds import update
from icelos.data.inventories import Inventories
from icelos.data.workspace import Workspace as Place
from icelos.engine.upkeep import analyse
from icelos.settings import FeedSettings, KnowledgeSettings, Settings, Workspace

ANN = Principal("ann", groups=frozenset({"soc"}))


def advisory(number: int, name: str, fixed: str, modified: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    affected = {
        "package": {"ecosystem": "PyPI", "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
    }
    return {
        "id": f"PYSEC-2026-{number}", "aliases": [f"CVE-2026-{number:04}"], "summary": f"A hole in {name}",
        "modified": modified, "affected": [affected],
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
    }  # fmt: skip


class Organisation:
    """A workspace, a mirror, and what is done with them."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(
            workspace=Workspace(home=str(folder / "home")), knowledge=KnowledgeSettings(encoder="off"),
            feeds=FeedSettings(osv_ecosystems=("PyPI",)),
        )  # fmt: skip
        self.place = Place.of(self.settings)
        self._folder, self._mirror = folder, folder / "mirror"

    def bring_advisories(self, *advisories: dict[str, Any]) -> None:
        self._publish("osv", "pypi.jsonl", "".join(json.dumps(one) + "\n" for one in advisories))

    def bring_kev(self, *rows: tuple[str, str, str]) -> None:
        """(CVE, day, "vendor product")"""
        listed = [
            {
                "cveID": cve, "vendorProject": named.split()[0], "product": named.split()[1],
                "dateAdded": day, "dueDate": "2026-12-24", "vulnerabilityName": f"{named} hole",
                "shortDescription": "It opens.",
            }
            for cve, day, named in rows
        ]  # fmt: skip
        self._publish("kev", "known_exploited_vulnerabilities.json", json.dumps({"vulnerabilities": listed}))

    def bring_epss(self, **scores: float) -> None:
        rows = [f"{name.replace('_', '-')},{score},0.5" for name, score in scores.items()]
        text = "\n".join(["cve,epss,percentile", *rows]) + "\n"
        self._publish("epss", "epss_scores-current.csv.gz", text, pack=True)

    def _publish(self, feed: str, name: str, text: str, *, pack: bool = False) -> None:
        file = self._mirror / feed / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(text.encode()) if pack else text.encode())
        update(feed, self.place, mirror=str(self._mirror), settings=self.settings.feeds)

    def keep(self, name: str, *packages: str) -> None:
        """Each "name@version"."""
        sbom = self._folder / f"{name}.cdx.json"
        sbom.write_text(json.dumps(sbom_of(packages)))
        Inventories(self.place).keep(sbom, name)

    def analyse(self) -> None:
        analyse(self.settings)


def sbom_of(packages: Sequence[str]) -> dict[str, Any]:
    parts = [one.rpartition("@") for one in packages]
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.5",
        "components": [
            {"type": "library", "name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}"}
            for name, _, version in parts
        ],
    }  # fmt: skip


@pytest.fixture
def organisation(tmp_path: Path) -> Organisation:
    return Organisation(tmp_path)
