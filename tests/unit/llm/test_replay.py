"""A recording gives back what was recorded, and says what was not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from icelos.contracts import Message, Reply, Tool, ToolCall
from icelos.errors import InputError, ModelError
from icelos.llm.fence import fence
from icelos.llm.replay import Recorder, Replayer
from icelos.testing import ScriptedLLM, check_llm

ASK = [Message("user", "one?")]
TOOL = Tool("look", "Look.", {"type": "object"})


def test_contract_holds_for_both(tmp_path: Path) -> None:
    recorded = check_llm(Recorder(ScriptedLLM("Hi there."), tmp_path / "r.jsonl"))
    assert check_llm(Replayer(tmp_path / "r.jsonl")) == recorded


def test_replies_come_back_in_order_and_then_the_last_again(tmp_path: Path) -> None:
    call = ToolCall("1", "look", {"a": 1})
    recorder = Recorder(ScriptedLLM(Reply("a", (call,), {"x": 1}), "b", "c"), tmp_path / "r.jsonl")
    given = [recorder.reply(ASK), recorder.reply(ASK), recorder.reply(ASK, tools=[TOOL], schema={})]
    replayer = Replayer(tmp_path / "r.jsonl")
    assert [replayer.reply(ASK) for _ in range(3)] == [given[0], given[1], given[1]]
    assert replayer.reply(ASK, tools=[TOOL], schema={}).text == "c"


def test_pieces_of_a_stream_come_back(tmp_path: Path) -> None:
    pieces = list(Recorder(ScriptedLLM("a longer reply"), tmp_path / "r.jsonl").stream(ASK))
    assert list(Replayer(tmp_path / "r.jsonl").stream(ASK)) == pieces
    assert len(pieces) > 1


def test_errors_come_back(tmp_path: Path) -> None:
    recorder = Recorder(ScriptedLLM(ModelError("busy", retryable=True)), tmp_path / "r.jsonl")
    with pytest.raises(ModelError):
        recorder.reply(ASK)
    with pytest.raises(ModelError):
        list(recorder.stream(ASK))
    replayer = Replayer(tmp_path / "r.jsonl")
    with pytest.raises(ModelError, match="busy") as error:
        replayer.reply(ASK)
    assert error.value.retryable
    with pytest.raises(ModelError, match="busy"):
        list(replayer.stream(ASK))


def test_call_that_was_not_recorded_is_a_clear_error(tmp_path: Path) -> None:
    Recorder(ScriptedLLM("x"), tmp_path / "r.jsonl").reply(ASK)
    replayer = Replayer(tmp_path / "r.jsonl")
    with pytest.raises(ModelError, match=r"not recorded: 'two\?' \(record it again\)"):
        replayer.reply([Message("user", "two?")])
    with pytest.raises(ModelError, match="not recorded"):
        list(replayer.stream(ASK))


def test_fenced_prompts_are_found_again(tmp_path: Path) -> None:
    Recorder(ScriptedLLM("x"), tmp_path / "r.jsonl").reply([Message("user", fence("text", "kb"))])
    assert Replayer(tmp_path / "r.jsonl").reply([Message("user", fence("text", "kb"))]).text == "x"


@pytest.mark.parametrize("content", ["{", "[]", '{"key": 3}', "\x00"])
def test_broken_recording_names_its_line(tmp_path: Path, content: str) -> None:
    good = json.dumps({"key": "k", "reply": {"text": "x"}})
    (tmp_path / "r.jsonl").write_text(f"{good}\n{content}\n")
    with pytest.raises(InputError, match=r"r\.jsonl:2"):
        Replayer(tmp_path / "r.jsonl")


def test_absent_recording_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot open"):
        Replayer(tmp_path / "none.jsonl")
