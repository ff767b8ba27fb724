"""`icelos notes`, `questions`, `shift` and `me`, and `icelos copilot`: from words to exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from icelos.cli.main import run
from icelos.data.feeds import attack
from icelos.records import Document, Section


@pytest.fixture(autouse=True)
def workspace(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bundled document, words only, and who asks."""
    monkeypatch.setenv("ICELOS_KNOWLEDGE_ENCODER", "off")
    monkeypatch.setenv("ICELOS_COPILOT_USER", "ann")
    monkeypatch.setenv("ICELOS_COPILOT_GROUPS", "soc")
    technique = Document(
        id="attack/T9001", source="attack:T9001", title="T9001 Door Rattling", kind="technique",
        sections=(Section("Description", "Intruders try the handles of many doors.", "T9001"),),
        identifiers=("T9001",),
    )  # fmt: skip
    monkeypatch.setattr(attack, "bundled_documents", lambda: iter([technique]))


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert run(list(arguments)) == code
    out, errors = capsys.readouterr()
    return out if code == 0 else errors


def test_notes(capsys: pytest.CaptureFixture[str]) -> None:
    note = told(capsys, "notes", "add", "The janitor rattles doors on Fridays.", "--about", "T9001").strip()
    assert "version 2" in told(capsys, "notes", "edit", note, "The janitor rattles doors on Mondays.")
    (line,) = told(capsys, "notes", "list", "--json").splitlines()
    assert json.loads(line)["related"] == ["T9001"]
    answer = json.loads(told(capsys, "ask", "janitor rattles doors on Mondays", "--json"))
    assert answer["citations"][0]["source"].startswith("note by ann")
    told(capsys, "notes", "remove", note)
    assert "no note" in told(capsys, "notes", "remove", note, code=2)


def test_saved_questions_and_shifts(capsys: pytest.CaptureFixture[str]) -> None:
    assert "handles" in told(capsys, "questions", "save", "doors", "what is T9001?")
    assert "Nothing has changed" in told(capsys, "questions", "run", "doors")
    assert "doors" in told(capsys, "questions", "list")
    report = told(capsys, "shift", "--end")
    assert "new" in report
    assert "[document:attack/T9001]" in report
    assert "nothing new" in told(capsys, "shift")
    assert "is no time" in told(capsys, "shift", "--since", "yesterday", code=2)
    told(capsys, "questions", "remove", "doors")
    assert "no saved question" in told(capsys, "questions", "run", "doors", code=2)


def test_ones_own_data(capsys: pytest.CaptureFixture[str]) -> None:
    answer = json.loads(told(capsys, "ask", "what is T9001?", "--json"))
    handle = answer["citations"][0]["handle"]
    told(capsys, "copilot", "feedback", answer["answer_id"], "up", "--citation", handle)
    assert "no such feedback" in told(capsys, "copilot", "feedback", answer["answer_id"], "so-so", code=2)
    told(capsys, "me", "profile", "--stack", "Fortinet", "--verbosity", "short")
    assert "not valid" in told(capsys, "me", "profile", "--verbosity", "endless", code=2)
    shown = json.loads(told(capsys, "me", "show", "--json"))
    assert (shown["feedback"], shown["profile"]["stack"]) == (1, ["Fortinet"])
    kinds = [next(iter(json.loads(line))) for line in told(capsys, "me", "export").splitlines()]
    assert "feedback" in kinds
    assert "Deleted: 1 answers, 1 lines" in told(capsys, "me", "delete", "--yes")
    assert json.loads(told(capsys, "me", "show", "--json"))["answers"] == 0


def test_learning(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "copilot", "learn") == ""
    answer = json.loads(told(capsys, "ask", "what is T9001?", "--json"))
    told(capsys, "copilot", "feedback", answer["answer_id"], "up")
    (line,) = told(capsys, "copilot", "learn", "--dry-run", "--json").splitlines()
    assert json.loads(line)["state"] == "candidate"
    assert told(capsys, "copilot", "versions") == ""
    assert "not enough" in told(capsys, "copilot", "learn")
    assert "group:soc" in told(capsys, "copilot", "versions")
    assert "nothing is in force" in told(capsys, "copilot", "rollback", "--group", "soc", code=2)
