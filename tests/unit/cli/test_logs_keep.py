"""`icelos logs keep`, `kept`, `search` and `drop`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from icelos.cli.main import run

Capture = pytest.CaptureFixture[bytes]
ROW = {
    "createdDateTime": "2026-05-05T08:00:00Z",
    "userPrincipalName": "ann@x.example",
    "appDisplayName": "Portal",
    "status": {"errorCode": 50126},
}


@pytest.fixture
def signins(home: Path) -> str:
    Path("signins.jsonl").write_text("".join(json.dumps(ROW | {"n": number}) + "\n" for number in range(5)))
    return "signins.jsonl"


def _json(out: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.splitlines()]


def test_keep_search_and_drop(signins: str, capfdbinary: Capture) -> None:
    assert run(["logs", "keep", signins, "--as", "signins", "--days", "0"]) == 0
    assert b"5 rows kept, 0 were there" in capfdbinary.readouterr().err
    assert run(["logs", "keep", signins, "--as", "signins", "--json"]) == 0
    assert _json(capfdbinary.readouterr().out)[0]["known"] == 5
    assert run(["logs", "kept"]) == 0
    assert capfdbinary.readouterr().out.startswith(b"signins\t5\t2026-05-05T08:00:00")
    assert (
        run(
            [
                "logs",
                "search",
                "signins",
                "--where",
                "user=ANN@x.example",
                "--where",
                "time>=2026-05-05",
                "--limit",
                "2",
            ]
        )
        == 0
    )
    told = capfdbinary.readouterr()
    assert told.out.count(b"ann@x.example") == 2
    assert b"2 of 5" in told.err
    assert (
        run(
            [
                "logs",
                "search",
                "all",
                "--where",
                "fields.status.errorCode=50126",
                "--where",
                "host=",
                "--count",
                "--json",
            ]
        )
        == 0
    )
    assert _json(capfdbinary.readouterr().out) == [{"count": 5}]
    assert run(["logs", "search", "all", "--group-by", "user", "--json"]) == 0
    assert _json(capfdbinary.readouterr().out) == [{"user": "ann@x.example", "count": 5}]
    assert run(["logs", "drop", "signins", "--yes"]) == 0
    assert run(["logs", "search", "signins"]) == 2
    assert b"no log called 'signins'" in capfdbinary.readouterr().err


def test_a_log_of_a_group_is_not_for_others(
    signins: str, capfdbinary: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["logs", "keep", signins, "--as", "signins", "--group", "soc"]) == 0
    assert run(["logs", "search", "signins"]) == 2
    monkeypatch.setenv("ICELOS_COPILOT_GROUPS", "soc")
    assert run(["logs", "search", "signins", "--count"]) == 0
    assert capfdbinary.readouterr().out == b"5\n"
    monkeypatch.delenv("ICELOS_COPILOT_GROUPS")
    assert run(["logs", "keep", signins, "--as", "signins", "--everyone"]) == 0
    assert run(["logs", "search", "signins", "--count"]) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["logs", "keep", "missing.jsonl", "--as", "x"],
        ["logs", "keep", "signins.jsonl", "--as", "../x"],
        ["logs", "keep", "signins.jsonl", "--as", "x", "--group", "a", "--everyone"],
        ["logs", "search", "all", "--where", "nonsense"],
        ["logs", "drop", "x", "--yes"],
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(
    signins: str, capfdbinary: Capture, arguments: list[str]
) -> None:
    assert run(arguments) == 2
    assert capfdbinary.readouterr().err.count(b"\n") == 1
