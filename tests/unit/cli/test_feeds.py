from __future__ import annotations

import json
from pathlib import Path

import pytest

from icelos.cli.main import run
from icelos.contracts import Principal
from icelos.knowledge.store import KnowledgeStore
from icelos.settings import load

KEV = {
    "catalogVersion": "1",
    "vulnerabilities": [
        {
            "cveID": "CVE-2031-0001",
            "vulnerabilityName": "Acme",
            "dueDate": "2031-01-01",
            "shortDescription": "Acme opens.",
        }
    ],
}


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ICELOS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mirror" / "kev" / "known_exploited_vulnerabilities.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(KEV))
    return tmp_path / "mirror"


def test_update_indexes_and_status_shows_it(mirror: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["feeds", "update", "kev", "--mirror", str(mirror)]) == 0
    assert "1 documents" in capfd.readouterr().err
    assert run(["feeds", "status", "--json"]) == 0
    rows = {row["name"]: row for row in map(json.loads, capfd.readouterr().out.splitlines())}
    assert rows["kev"]["source"] == "fetched"
    assert rows["attack"]["source"] == "bundled"
    with KnowledgeStore.open(load().settings) as store:
        assert (
            store.lookup("CVE-2031-0001", principal=Principal("anyone"))[0].document_id == "kev/CVE-2031-0001"
        )
    assert run(["feeds", "status"]) == 0
    assert "kev\tfetched\t0 d\t1 documents, 1 facts\tCC0-1.0" in capfd.readouterr().out


def test_errors_are_one_line_and_exit_code_two(mirror: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["feeds", "update", "nvdd"]) == 2
    assert "no feed called 'nvdd'" in capfd.readouterr().err
    assert run(["feeds", "update", "cwe", "--mirror", str(mirror)]) == 2
    assert len(capfd.readouterr().err.splitlines()) == 1
