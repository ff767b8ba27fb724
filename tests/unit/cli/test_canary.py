from __future__ import annotations

import json
from pathlib import Path

import pytest

from icelos.cli.main import run


def test_a_canary_comes_and_goes_and_its_marker_is_never_printed(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ICELOS_KNOWLEDGE_ENCODER", "off")
    assert run(["canary", "add", "board papers", "--group", "board", "--about", "merger"]) == 0
    token = json.loads((home / "canaries.json").read_text("utf-8"))[0]["token"]
    assert run(["canary", "list", "--json"]) == 0
    told = capsys.readouterr()
    (line,) = [line for line in told.out.splitlines() if line.startswith("{")]
    assert json.loads(line)["name"] == "board papers"
    assert json.loads(line)["groups"] == ["board"]
    assert token not in told.out + told.err
    assert run(["canary", "remove", "board papers"]) == 0
    assert run(["canary", "remove", "board papers"]) == 2
    assert "no canary called 'board papers'" in capsys.readouterr().err
    assert run(["canary", "add", " "]) == 2
