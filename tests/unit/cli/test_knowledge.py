from __future__ import annotations

import json
from pathlib import Path

import pytest

from icelos.cli.main import run
from icelos.data.feeds import attack
from icelos.records import Document, Section


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of its own, with one bundled document."""
    monkeypatch.setenv("ICELOS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ICELOS_KNOWLEDGE_ENCODER", "off")
    monkeypatch.setenv("ICELOS_COPILOT_USER", "ann")
    bundled = Document(
        id="attack/T1110", source="x", title="T1110 Brute Force", kind="technique",
        sections=(Section("", "Guessing of passwords."),), identifiers=("T1110",),
    )  # fmt: skip
    monkeypatch.setattr(attack, "bundled_documents", lambda: iter([bundled]))
    return tmp_path / "home"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "runbooks"
    made.mkdir()
    (made / "spray.md").write_text("# Password spraying\n\nLock the sprayed accounts at once.\n")
    return made


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_add_search_update_list_remove(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["kb", "add", str(folder), "--collection", "runbooks", "--json"]) == 0
    assert lines(capsys)[0]["changed"] == 1
    assert run(["kb", "search", "sprayed accounts", "--json"]) == 0
    (hit,) = lines(capsys)
    assert (hit["collection"], hit["text"]) == ("runbooks", "Lock the sprayed accounts at once.")
    (folder / "spray.md").write_text("# Password spraying\n\nReset the passphrases.\n")
    assert run(["kb", "update"]) == 0
    assert "1 documents changed" in capsys.readouterr().err
    assert run(["kb", "list", "--json"]) == 0
    assert {source["collection"] for source in lines(capsys)} == {"runbooks", "attack"}
    assert run(["kb", "list", "--paths"]) == 0
    assert str(folder) in capsys.readouterr().out
    assert run(["kb", "remove", str(folder)]) == 0
    assert run(["kb", "search", "passphrases", "--json"]) == 0
    assert lines(capsys) == []


def test_bundled_knowledge_is_there_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["kb", "search", "T1110"]) == 0
    assert capsys.readouterr().out.startswith("1. T1110 Brute Force")
    assert run(["kb", "stats", "--json"]) == 0
    (stats,) = lines(capsys)
    assert (stats["documents"], stats["dense"]) == (1, False)


def test_groups_hide_documents(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["kb", "add", str(folder), "--group", "soc"]) == 0
    capsys.readouterr()
    assert run(["kb", "search", "sprayed accounts", "--json"]) == 0
    assert lines(capsys) == []
    assert run(["kb", "search", "sprayed accounts", "--group", "soc", "--json"]) == 0
    assert len(lines(capsys)) == 1


def test_filters_reach_the_search(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["kb", "add", str(folder), "--tag", "ir"])
    capsys.readouterr()
    for options, number in (
        (["--kind", "technique"], 1),
        (["--tag", "ir"], 1),
        (["--as-of", "2001-01-01"], 0),
    ):
        assert run(["kb", "search", "passwords accounts", "--json", *options]) == 0
        assert len(lines(capsys)) == number, options


def test_bad_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["kb", "add", str(tmp_path / "nowhere")]) == 2
    assert run(["kb", "search", "x", "--as-of", "yesterday"]) == 2
    assert run(["kb", "remove", str(tmp_path)]) == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 3
    assert "no such file or folder" in errors[0]
    assert "is no date" in errors[1]
    assert "not registered" in errors[2]


def test_unreadable_files_are_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "binary.md").write_bytes(bytes(range(256)) * 64)
    assert run(["kb", "add", str(folder)]) == 0
    assert "1 failures" in capsys.readouterr().err
    assert run(["failures", "--job", "kb", "--json"]) == 0
    (failure,) = lines(capsys)
    assert "binary.md" in str(failure["source"])


def test_watching_nothing_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["kb", "watch"]) == 0
    assert "kb add" in capsys.readouterr().err
