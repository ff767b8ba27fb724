"""`icelos ask` and `icelos chat` from question to exit code, over one bundled technique and a runbook."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from icelos.cli.main import run
from icelos.data.feeds import attack
from icelos.records import Document, Relation, Section


@pytest.fixture(autouse=True)
def workspace(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two bundled documents instead of the whole catalogue, and words only."""
    monkeypatch.setenv("ICELOS_KNOWLEDGE_ENCODER", "off")
    technique = Document(
        id="attack/T9001", source="attack:T9001", title="T9001 Door Rattling", kind="technique",
        sections=(Section("Description", "Intruders try the handles of many doors.", "T9001"),),
        identifiers=("T9001",), truncated=True,
    )  # fmt: skip
    mitigation = Document(
        id="attack/M9027", source="attack:M9027", title="M9027 Door Policy", kind="mitigation",
        sections=(
            Section("Description", "Door Rattling (T9001) ends where doors lock by themselves.", "M9027"),
        ),
        identifiers=("M9027",), relations=(Relation("mitigates", "T9001"),),
    )  # fmt: skip
    monkeypatch.setattr(attack, "bundled_documents", lambda: iter([technique, mitigation]))


def test_ask_prints_sentences_and_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "what is T9001?"]) == 0
    out, notes = capsys.readouterr()
    assert "handles of many doors. [" in out
    assert "version 1" in out
    assert "cut short" in out
    assert "ICELOS_LLM_BASE_URL" in notes


def test_ask_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "what is T9001?", "--json", "--explain"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    answer = json.loads(line)
    assert answer["status"] == "answered"
    assert answer["citations"][0]["handle"] in answer["sentences"][0]["handles"]
    assert answer["explain"]["facets"] == ["definition"]


def test_what_is_not_there_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "how do I bake rye bread?", "--explain"]) == 0
    assert "do not answer" in capsys.readouterr().out
    assert run(["ask", "what is T7777?"]) == 0
    assert "T7777" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["ask", " ?! "], ["ask", "x", "--as-of", "yesterday"], ["ask"], ["ask", "x", "--nonsense"]]
)
def test_bad_input(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_broken_store_is_exit_3(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir(parents=True)
    (home / "knowledge.sqlite").write_bytes(b"not a database" * 100)
    assert run(["ask", "what is T9001?"]) == 3
    assert "Traceback" not in capsys.readouterr().err


def test_ask_from_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("what is T9001?"))
    assert run(["ask", "-"]) == 0
    assert "many doors" in capsys.readouterr().out


def test_filters_and_dates(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "what is T9001?", "--kind", "runbook"]) == 0
    assert "No source here" in capsys.readouterr().out
    assert run(["ask", "what is T9001?", "--as-of", "1999-01-01"]) == 0
    assert "many doors" not in capsys.readouterr().out


def test_chat_follows_up_and_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = "what is T9001?\nand its mitigations?\n/sources\n/help\n/new\n\n/quit\nnever read\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    assert run(["chat"]) == 0
    out, notes = capsys.readouterr()
    assert "lock by themselves" in out
    assert "/sources, /new or /quit" in notes
    assert "never read" not in out


def test_chat_ends_with_its_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("what is T9001?\n"))
    assert run(["chat"]) == 0


def test_scan_questions(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions = tmp_path / "questions.txt"
    questions.write_text("what is T9001?\n!!\nwhat is T7777?\n", "utf-8")
    assert run(["scan", "copilot", str(questions), "--json"]) == 0
    good, bad, unknown = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert good["finding"]["label"] == "answered"
    assert bad["failure"]["source"] == "questions.txt:2"
    assert unknown["finding"]["label"] == "unknown_identifier"
