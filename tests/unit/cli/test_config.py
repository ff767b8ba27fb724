"""`icelos config show`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from icelos.cli import main
from icelos.settings import described


def test_every_setting_with_its_origin(home: Path, monkeypatch: pytest.MonkeyPatch,
                                       capfdbinary: pytest.CaptureFixture[bytes]) -> None:  # fmt: skip
    monkeypatch.setenv("ICELOS_LLM_API_KEY", "sk-secret")
    Path("icelos.toml").write_text("[engine]\nworkers = 2\n")
    assert main.run(["config", "show", "--json"]) == 0
    out = capfdbinary.readouterr().out
    assert b"sk-secret" not in out
    rows = {row["name"]: row for row in map(json.loads, out.splitlines())}
    assert list(rows) == list(described())
    assert rows["engine.workers"]["origin"] == "icelos.toml"
    assert rows["llm.api_key"]["value"] == "(set)"
    assert rows["workspace.home"]["origin"] == "ICELOS_HOME"


def test_the_table(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["config", "show"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(described())


def test_a_wrong_file(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("icelos.toml").write_text("[engine]\nworker = 2\n")
    assert main.run(["config", "show"]) == 2
    assert "did you mean engine.workers?" in capsys.readouterr().err
