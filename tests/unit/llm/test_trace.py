"""One line for every call; texts as hashes or redacted; old files go; nothing here breaks a call."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from icelos.contracts import Message, Reply, Tool, ToolCall, Usage
from icelos.errors import ModelError
from icelos.llm.trace import Trace

ASK = [Message("user", "Mail bob@example.org about T1110")]
REPLY = Reply(
    "Done.", (ToolCall("1", "mail", {"to": "bob@example.org"}),), None, Usage(7, 3, 1.0, 0.5), "served"
)


def written(folder: Path) -> list[dict[str, Any]]:
    (path,) = folder.glob("*.jsonl")
    assert path.stem == f"{datetime.now(UTC):%Y-%m-%d}"
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_line_tells_what_a_call_cost_but_not_what_was_said(tmp_path: Path) -> None:
    trace = Trace(tmp_path / "t", text="redacted", days=30, host="h:1")
    tool = Tool("mail", "Send.", {"type": "object"})
    trace.note(ASK, [tool], {"type": "object"}, model="asked", seconds=1.23456, reply=REPLY)
    (line,) = written(tmp_path / "t")
    assert datetime.fromisoformat(line["time"]).utcoffset() == timedelta(0)
    assert (line["model"], line["host"], line["seconds"]) == ("served", "h:1", 1.2346)
    assert (line["prompt_tokens"], line["completion_tokens"], line["cost"], line["cached"]) == (
        7,
        3,
        0.5,
        False,
    )
    assert (line["outcome"], line["error"], line["tools"], line["schema"]) == ("ok", "", ["mail"], True)
    assert line["messages"][0]["characters"] == len(ASK[0].content)
    assert line["reply"]["tool_calls"][0]["name"] == "mail"
    assert "bob" not in json.dumps(line)
    assert "T1110" not in json.dumps(line)


def test_equal_texts_have_equal_hashes_in_one_workspace_only(tmp_path: Path) -> None:
    for folder in ("a", "a", "b"):
        trace = Trace(tmp_path / folder, text="redacted", days=30)
        trace.note(ASK, (), None, model="m", seconds=0, reply=REPLY)
    hashes = [line["messages"][0]["hash"] for name in "ab" for line in written(tmp_path / name)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_full_text_is_redacted(tmp_path: Path) -> None:
    Trace(tmp_path, text="full", days=30).note(ASK, (), None, model="m", seconds=0, reply=REPLY)
    (line,) = written(tmp_path)
    assert line["messages"][0]["text"] == "Mail <email-1> about T1110"
    assert line["reply"]["tool_calls"][0]["text"] == '{"to":"<email-1>"}'


def test_errors_are_written_down_without_secrets(tmp_path: Path) -> None:
    trace = Trace(tmp_path, text="redacted", days=30)
    for error in (ModelError("busy, says bob@example.org"), ValueError("raw text"), GeneratorExit()):
        trace.note(ASK, (), None, model="m", seconds=0, error=error)
    lines = written(tmp_path)
    assert [line["outcome"] for line in lines] == ["ModelError", "ValueError", "given up"]
    assert [line["error"] for line in lines] == ["busy, says <email-1>", "", ""]


def test_old_files_are_deleted(tmp_path: Path) -> None:
    today = datetime.now(UTC)
    names = [f"{today - timedelta(days=days):%Y-%m-%d}.jsonl" for days in (29, 31, 400)]
    for name in [*names, "notes.jsonl", "2020-01-01.txt"]:
        (tmp_path / name).write_text("")
    Trace(tmp_path, text="redacted", days=30).note(ASK, (), None, model="m", seconds=0)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {names[0], "notes.jsonl", "2020-01-01.txt", f"{today:%Y-%m-%d}.jsonl", ".salt"}


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    Trace(tmp_path / "t", text="redacted", days=30).note(ASK, (), None, model="m", seconds=0)
    assert stat.S_IMODE((tmp_path / "t").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "t").iterdir()} == {0o600}


def test_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    Trace(tmp_path / "file" / "t", text="redacted", days=30).note(ASK, (), None, model="m", seconds=0)
