"""feeds watch and status, news, vulns keep, retention, backup: as people type them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from icelos.cli.main import run

ADVISORY = {
    "id": "PYSEC-1", "aliases": ["CVE-2026-0001"], "summary": "A hole", "modified": "2026-11-30T00:00:00Z",
    "affected": [{
        "package": {"ecosystem": "PyPI", "name": "flask"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}],
    }],
}  # fmt: skip


@pytest.fixture
def work(home: Path, tmp_path: Path) -> Path:
    del home
    mirror = tmp_path / "mirror" / "osv"
    mirror.mkdir(parents=True)
    (mirror / "pypi.jsonl").write_text(json.dumps(ADVISORY) + "\n")
    part = {"type": "library", "name": "flask", "version": "1.5", "purl": "pkg:pypi/flask@1.5"}
    sbom = {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [part]}
    (tmp_path / "work" / "shop.cdx.json").write_text(json.dumps(sbom))
    (tmp_path / "work" / "icelos.toml").write_text(
        f'[knowledge]\nencoder = "off"\n[schedule]\nfeeds = ["osv"]\nmirror = "{tmp_path}/mirror"\n'
        "[retention.days]\nfailures = 30\n"
    )
    return tmp_path / "work"


def test_from_a_document_to_what_is_new(work: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["vulns", "keep", "shop.cdx.json", "--as", "web", "--no-analyze"]) == 0
    assert run(["feeds", "watch", "--once"]) == 0
    assert run(["vulns", "kept", "--json"]) == 0
    kept = json.loads(capsysbinary.readouterr().out)
    assert (kept["name"], kept["components"]) == ("web", 1)
    assert kept["analysed"]
    assert run(["news", "--since", "2026-11-01", "--json"]) == 0
    lines = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert (lines[0]["name"], lines[0]["concerns"][0]["target"]) == ("CVE-2026-0001", "web")
    assert (lines[1]["items"], lines[1]["targets"]) == (1, 1)
    assert run(["vulns", "renew"]) == 0
    assert b"nothing has changed" in capsysbinary.readouterr().err
    assert run(["vulns", "renew", "web", "--force", "--json"]) == 0
    assert json.loads(capsysbinary.readouterr().out)["verdicts"] == {"alert": 1}
    assert run(["vulns", "drop", "web"]) == 0
    assert run(["vulns", "drop", "web"]) == 2
    assert run(["news", "--since", "soon"]) == 2


def test_an_update_by_hand_renews_kept_inventories(
    work: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(["vulns", "keep", "shop.cdx.json", "--no-analyze"]) == 0
    assert run(["feeds", "update", "osv", "--mirror", str(work.parent / "mirror")]) == 0
    assert b"1 kept inventories analysed: 1 findings new" in capsysbinary.readouterr().err
    assert run(["feeds", "update", "osv", "--mirror", str(work.parent / "mirror")]) == 0
    assert b"kept inventories analysed" not in capsysbinary.readouterr().err


def test_the_schedule_is_shown(work: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["feeds", "watch", "--once", "--json"]) == 0
    ran = [json.loads(line)["task"] for line in capsysbinary.readouterr().out.splitlines()]
    assert ran == ["osv", "knowledge", "inventories", "retention"]
    assert run(["feeds", "status", "--json"]) == 0
    rows = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    tasks = {row["name"]: row for row in rows}
    assert tasks["task:osv"]["told"] == "fetched pypi.jsonl"
    assert tasks["osv"]["source"] == "fetched"
    assert run(["feeds", "status"]) == 0
    assert b"nobody keeps the schedule now" in capsysbinary.readouterr().err


def test_a_feed_that_failed_fails_the_run(work: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    (work.parent / "mirror" / "osv" / "pypi.jsonl").unlink()
    assert run(["feeds", "watch", "--once"]) == 3
    assert b"not brought up to date: osv" in capsysbinary.readouterr().err


def test_a_news_feed_that_is_not_known(work: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["feeds", "update", "news:nothing"]) == 2
    assert b"no news feed called" in capsysbinary.readouterr().err


def test_retention(work: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["retention", "show", "--json"]) == 0
    rows = {row["kind"]: row["days"] for row in map(json.loads, capsysbinary.readouterr().out.splitlines())}
    assert (rows["failures"], rows["conversations"]) == (30, None)
    assert run(["retention", "apply", "--dry-run"]) == 0
    assert run(["retention", "apply", "failures"]) == 0
    assert run(["retention", "apply", "conversations"]) == 2
    assert b"is not set" in capsysbinary.readouterr().err


def test_backup_there_and_back(work: Path, home: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["vulns", "keep", "shop.cdx.json", "--no-analyze"]) == 0
    assert run(["feeds", "watch", "--once"]) == 0
    for name in ("b.tar.zst", "b"):
        assert run(["backup", "create", name]) == 0
        assert run(["backup", "verify", name, "--json"]) == 0
    assert run(["backup", "restore", "b.tar.zst"]) == 2
    assert b"not empty" in capsysbinary.readouterr().err
    assert run(["backup", "restore", "b.tar.zst", "--force"]) == 0
    assert run(["news", "--since", "2026-11-01", "--json"]) == 0
    assert b"CVE-2026-0001" in capsysbinary.readouterr().out
    assert len(list(home.glob("before-restore-*"))) == 1
