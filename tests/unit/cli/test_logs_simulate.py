"""`icelos logs simulate` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from icelos.cli.main import run


def test_all_logs_into_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["logs", "simulate", "--kind", "all", "--rows", "300", "--users", "5", "--seed", "1", "--gzip"]
    assert run([*command, "--output", str(tmp_path), "--json", "--no-dirt"]) == 0
    metas = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(metas) == 6
    assert metas[0]["rows"] == 300
    assert all(meta["simulated"] and meta["rhythm"] == "office" for meta in metas)
    assert {path.name for path in tmp_path.iterdir()} >= {"entra-signin.jsonl.gz", "cef.log.gz.meta.json"}


def test_one_log_says_where_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "o.jsonl"
    command = [
        "logs",
        "simulate",
        "--kind",
        "office365",
        "--rhythm",
        "developers",
        "--rows",
        "20",
        "--users",
        "9",
    ]
    assert run([*command, "--output", str(path)]) == 0
    assert "o.jsonl: 20 simulated rows of 9 users; sha256 " in capsys.readouterr().err.replace("\n", "")
    assert path.read_bytes().count(b'"Workload"') == 20


@pytest.mark.parametrize("wrong", [["--kind", "okta"], ["--rhythm", "robots"], ["--users", "60000"]])
def test_what_is_not_known_is_one_line(
    wrong: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["logs", "simulate", "--output", str(tmp_path / "x"), *wrong]) == 2
    assert capsys.readouterr().err.startswith("icelos: ")
    assert not list(tmp_path.iterdir())
