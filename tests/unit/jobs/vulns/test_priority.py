"""Findings with what is known of their CVE, out of the database and out of the advisory alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from icelos.data.advisory_store import AdvisoryStore
from icelos.data.parse.intelligence import Facts, facts_of
from icelos.data.parse.osv_advisories import osv
from icelos.findings import Finding
from icelos.jobs.vulns.job import VulnsJob, build
from icelos.jobs.vulns.report import as_rows
from icelos.records import Component
from icelos.settings import Settings, VulnSettings, Workspace

HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def _advisory(number: int, **more: Any) -> bytes:
    events = [{"introduced": "1.0"}, {"fixed": "2.0"}]
    affected = {
        "package": {"ecosystem": "PyPI", "name": "web"},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    return json.dumps(
        {"id": f"A-{number}", "aliases": [f"CVE-2026-{number:04d}"], "affected": [affected], **more}
    ).encode()


def _epss(number: int, score: float) -> Facts:
    return facts_of({"cve": f"CVE-2026-{number:04d}", "epss": str(score), "percentile": "0.9"})


def _findings(job: VulnsJob, *numbers: int, version: str = "1.5") -> list[Finding]:
    components = [
        Component(
            id=f"{n}",
            source="bom",
            target="t",
            purl=f"pkg:pypi/web@{version}",
            name="web",
            version=version,
            advisory=f"A-{n}",
        )
        for n in numbers
    ]
    return [found for found in job.score(components) if isinstance(found, Finding)]


def _settings(home: Path, **vulns: Any) -> Settings:
    return Settings(workspace=Workspace(home=str(home)), vulns=VulnSettings(**vulns))


def test_out_of_the_database(tmp_path: Path) -> None:
    with AdvisoryStore(tmp_path / "advisories.sqlite") as store:
        store.replace("osv/x", [osv(_advisory(n), "x") for n in (1, 2, 3)])
        store.replace(
            "kev/x",
            [
                facts_of(
                    {
                        "cveID": "CVE-2026-0001",
                        "dateAdded": "2026-01-02",
                        "dueDate": "2026-01-23",
                        "knownRansomwareCampaignUse": "Known",
                    }
                )
            ],
        )
        store.replace("epss/x", [_epss(1, 0.2), _epss(2, 0.9)])
        store.replace(
            "vulnrichment/x",
            [
                facts_of(
                    {
                        "cve": "CVE-2026-0001",
                        "exploitation": "none",
                        "automatable": "yes",
                        "technical_impact": "total",
                        "cvss_adp": HIGH,
                        "cwe_adp": ["CWE-79"],
                    }
                )
            ],
        )
    job = build(_settings(tmp_path, mission_impact="high"), {})
    listed, likely, unknown = _findings(job, 1, 2, 3)
    shown = {
        name: listed.attributes[name]
        for name in (
            "severity",
            "cvss",
            "cvss_score",
            "epss",
            "epss_percentile",
            "kev",
            "kev_due",
            "ransomware",
            "ssvc",
            "weaknesses",
        )
    }
    assert shown == {
        "severity": "critical",
        "cvss": HIGH,
        "cvss_score": "9.8",
        "epss": "0.20000",
        "epss_percentile": "0.90000",
        "kev": "2026-01-02",
        "kev_due": "2026-01-23",
        "ransomware": "known",
        "ssvc": "act",
        "weaknesses": "CWE-79",
    }
    assert {"kev", "ransomware", "cvss", "severity", "ssvc"}.isdisjoint(likely.attributes)
    assert "epss" not in unknown.attributes, "absent, not zero"
    assert "threat unknown (no EPSS score; 0.03 stands in)" in unknown.attributes["risk_terms"]
    scores = [found.score or 0 for found in (listed, likely, unknown)]
    assert scores == sorted(scores, reverse=True)
    assert listed.attributes["risk"] == f"{scores[0]:.4f}"
    assert listed.made_by["data"].startswith("epss 2")
    rows = as_rows([unknown, likely, listed])
    assert [row[3].split(":")[0].rpartition(" ")[2] for row in rows if row[0] != "fix"] == [
        "CVE-2026-0001",
        "CVE-2026-0002",
        "CVE-2026-0003",
    ]


def test_what_the_target_says_of_itself_counts(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(_advisory(1))
    job = build(_settings(tmp_path / "none"), {"advisories": str(tmp_path / "a.json")})
    component = Component(
        id="1", source="s", target="t", purl="pkg:pypi/web@1.5", name="web", version="1.5", advisory="A-1",
        listens=True, root=False,
    )  # fmt: skip
    (found,) = job.score([component])
    assert isinstance(found, Finding)
    assert "network 1 (listens); user 0.8 (not root)" in found.attributes["risk_terms"]


def test_what_is_ruled_out_has_no_risk(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(_advisory(1, severity=[{"type": "CVSS_V3", "score": HIGH}]))
    job = build(_settings(tmp_path / "none"), {"advisories": str(tmp_path / "a.json")})
    (clear,) = _findings(job, 1, version="2.0")
    assert clear.score is None
    assert {"risk", "risk_terms", "ssvc"}.isdisjoint(clear.attributes)


def test_without_a_database_the_advisory_is_all_that_is_known(tmp_path: Path) -> None:
    words = {"severity": [{"type": "CVSS_V3", "score": HIGH}], "database_specific": {"cwe_ids": ["CWE-79"]}}
    (tmp_path / "a.json").write_bytes(_advisory(1, **words))
    job = build(_settings(tmp_path / "none"), {"advisories": str(tmp_path / "a.json")})
    (found,) = _findings(job, 1)
    assert (found.attributes["cvss"], found.attributes["weaknesses"]) == (HIGH, "CWE-79")
    assert "epss" not in found.attributes
    assert found.score is not None


def test_a_distributions_advisory_is_as_bad_as_the_worst_it_bundles(tmp_path: Path) -> None:
    """AlmaLinux's and Red Hat's advisories name their CVEs as related ones only."""
    bundle = json.loads(_advisory(7, related=["CVE-2026-0001", "CVE-2026-0002", "RHSA-1"]))
    del bundle["aliases"]
    with AdvisoryStore(tmp_path / "advisories.sqlite") as store:
        store.replace("osv/x", [osv(json.dumps(bundle).encode(), "x")])
        store.replace("epss/x", [_epss(1, 0.2), _epss(2, 0.7)])
    (found,) = _findings(build(_settings(tmp_path), {}), 7)
    assert found.attributes["epss"] == "0.70000"
