"""`icelos scan`: arguments checked first, sinks, exit codes, poison among good records."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from icelos.cli import main

BAD = (
    b'From: "service@bank.com" <a@evil.example>\nMessage-ID: <1@a>\nSubject: Your account is suspended\n'
    b"Content-Type: text/html\n\n<p>Please verify your password now, or your account will be closed.</p>"
    b"<a href='http://www.bank.com@198.41.0.4/'>www.bank.com</a>\n"
)
GOOD = b"From: a@b.example\nMessage-ID: <2@a>\nSubject: lunch\n\nAt noon?\n"


@pytest.fixture
def inbox(tmp_path: Path) -> str:
    """One bad mail, one good one, one that is none."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    for name, raw in (("1.eml", BAD), ("2.eml", GOOD), ("3.eml", b"\x00\x01 no mail")):
        (folder / name).write_bytes(raw)
    return str(folder)


def _counts(err: str) -> str:
    return err.splitlines()[0].partition(";")[0]


def test_into_the_workspace(home: Path, inbox: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["scan", "mail", inbox]) == 0
    shown = capsys.readouterr()
    assert _counts(shown.err) == "mail: read 3, findings 1 (1 alert), clear 1, failures 1"
    assert "icelos failures" in shown.err
    assert main.run(["findings", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["source"] == "1.eml:1"
    assert main.run(["failures"]) == 0
    assert "3.eml:1" in capsys.readouterr().out


def test_a_second_run_changes_nothing(home: Path, inbox: str, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert main.run(["scan", "mail", inbox]) == 0
    capsys.readouterr()
    assert main.run(["findings", "--json"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_what_failed_is_tried_again(home: Path, inbox: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["scan", "mail", inbox]) == 0
    assert main.run(["scan", "mail", inbox, "--failed"]) == 0
    shown = capsys.readouterr().err
    assert "1 failures of mail still open" in shown
    assert "mail: read 1, findings 0, clear 0, failures 1" in shown
    (Path(inbox) / "3.eml").write_bytes(GOOD)
    assert main.run(["scan", "mail", inbox, "--failed"]) == 0
    assert "0 failures of mail still open" in capsys.readouterr().err
    assert main.run(["scan", "mail", inbox, "--failed", "--json"]) == 2
    assert "--failed goes with none of" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet", "out.sqlite"])
def test_into_a_file(home: Path, tmp_path: Path, inbox: str, name: str,
                     capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    assert main.run(["scan", "mail", inbox, "--sink", str(tmp_path / name)]) == 0
    assert (tmp_path / name).stat().st_size > 0
    assert "icelos failures" not in capsys.readouterr().err, "they are not in the workspace"
    if name.endswith(".parquet"):
        with duckdb.connect() as database:
            rows = database.execute("SELECT kind FROM read_parquet(?)", [str(tmp_path / name)]).fetchall()
        assert rows == [("finding",), ("failure",)]


def test_to_standard_output(home: Path, inbox: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main.run(["scan", "mail", inbox, "--json"]) == 0
    kinds = [next(iter(json.loads(line))) for line in capfdbinary.readouterr().out.splitlines()]
    assert kinds == ["finding", "failure"]
    assert not (home / "findings.sqlite").exists()


def test_several_places(home: Path, inbox: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["scan", "mail", f"{inbox}/1.eml", f"{inbox}/2.eml"]) == 0
    assert _counts(capsys.readouterr().err) == "mail: read 2, findings 1 (1 alert), clear 1, failures 0"


@pytest.mark.parametrize(("level", "code"), [("alert", 1), ("review", 1), ("unknown", 1), ("", 0)])
def test_fail_on(home: Path, inbox: str, level: str, code: int) -> None:
    assert main.run(["scan", "mail", inbox, "--fail-on", level]) == code


def test_fail_on_below_its_level(home: Path, inbox: str) -> None:
    assert main.run(["scan", "mail", f"{inbox}/2.eml", "--fail-on", "unknown"]) == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["scan", "mail", "INBOX", "--fail-on", "high"], "alert, review or unknown"),
        (["scan", "mail", "INBOX", "--fail-on", "clear"], "alert, review or unknown"),
        (["scan", "mail", "INBOX", "-o", "x"], "not KEY=VALUE"),
        (["scan", "mail", "INBOX", "-o", "x=1"], "no option 'x'"),
        (["scan", "mail", "INBOX", "--json", "--sink", "a.jsonl"], "do not go together"),
        (["scan", "mail", "INBOX", "--sink", "a.csv"], "no sink for 'a.csv'"),
        (["scan", "mail", "INBOX", "--format", "csv"], "no source called 'csv'"),
        (["scan", "mail", "INBOX", "none.eml"], "no such file or folder"),
        (["scan", "post", "INBOX"], "no job called 'post'"),
    ],
)
def test_what_is_wrong_is_said_before_the_run(
    home: Path, inbox: str, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert main.run([inbox if a == "INBOX" else a for a in arguments]) == 2
    shown = capsys.readouterr()
    assert says in shown.err
    assert "read 3" not in shown.err
    assert len(shown.err.splitlines()) == 1
