from __future__ import annotations

from pathlib import Path

import pytest

from icelos.cli.main import run


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICELOS_HOME", str(tmp_path / "home"))


def test_unknown_sets_and_missing_catalogues_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", "retrieval", "--data", str(tmp_path), "--words-only"]
    assert run([*arguments, "--set", "nonsense"]) == 2
    assert run([*arguments, "--set", "cve-to-cwe"]) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("icelos:")]
    assert "no set 'nonsense'" in errors[0]
    assert "no cwe/" in errors[1]
