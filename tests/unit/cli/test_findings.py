"""`icelos findings` and `icelos failures`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from icelos.cli import main
from icelos.data.sinks import SqliteSink
from icelos.findings import Failure, Finding, Verdict


@pytest.fixture
def _stored(home: Path) -> None:
    with SqliteSink(home / "findings.sqlite") as sink:
        sink.write(
            [
                Finding(record_id=str(n), job="mail" if n % 2 else "logs", verdict=verdict, label="l",
                        summary="s\x1b[31m\u202ered", score=None if n == 2 else 0.25, source=f"a:{n}")
                for n, verdict in enumerate(Verdict)
            ]
        )  # fmt: skip
        sink.write([Failure(record_id="9", job="logs", error="bad\tline", source="a:9")])


@pytest.mark.usefixtures("_stored")
def test_filters(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, number in (
        ([], 4),
        (["--job", "mail"], 2),
        (["--verdict", "clear"], 1),
        (["--limit", "3"], 3),
    ):
        assert main.run(["findings", *arguments]) == 0
        shown = capsys.readouterr()
        assert len(shown.out.splitlines()) == number
        assert f"{number} of " in shown.err


@pytest.mark.usefixtures("_stored")
def test_nothing_from_outside_reaches_the_terminal_raw(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["findings"]) == 0
    assert main.run(["failures"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "bad line" in out


@pytest.mark.usefixtures("_stored")
def test_json(home: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main.run(["findings", "--json", "--verdict", "alert"]) == 0
    found = json.loads(capfdbinary.readouterr().out)
    assert found["verdict"] == "alert"
    assert found["summary"] == "s\x1b[31m\u202ered", "programs get it as it is"
    assert main.run(["failures", "--json"]) == 0
    assert json.loads(capfdbinary.readouterr().out)["error"] == "bad\tline"


def test_an_empty_workspace(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["findings"]) == 0
    assert main.run(["failures", "--json"]) == 0
    assert capsys.readouterr().out == ""


def test_errors(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["findings", "--verdict", "bad"]) == 2
    assert "no verdict 'bad'" in capsys.readouterr().err
    assert main.run(["findings", "--limit", "0"]) == 2
    home.mkdir(exist_ok=True)
    (home / "findings.sqlite").unlink(missing_ok=True)
    (home / "findings.sqlite").write_text("no database, however long it goes on " * 100)
    assert main.run(["findings"]) == 3
    assert "cannot open findings" in capsys.readouterr().err
