"""What stands around a model: hidden on the way out, kept, written down, restored on the way in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from icelos.contracts import Message, Reply, Tool, ToolCall, Usage
from icelos.errors import ModelError
from icelos.llm.cache import ReplyCache
from icelos.llm.door import Door
from icelos.llm.trace import Trace
from icelos.testing import ScriptedLLM, check_llm

ASK = [Message("user", "Who is bob@example.org? key k-777")]


def door(inner: Any, tmp_path: Path, *, redact: bool = True, cache: bool = True) -> Door:
    return Door(
        inner,
        setting={"model": "m"},
        redact=redact,
        known=["k-777"],
        cache=ReplyCache(tmp_path / "r.sqlite", max_bytes=10**6) if cache else None,
        trace=Trace(tmp_path / "trace", text="full", days=30),
    )


def lines(tmp_path: Path) -> list[dict[str, Any]]:
    (path,) = (tmp_path / "trace").glob("*.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_contract_holds(tmp_path: Path) -> None:
    check_llm(door(ScriptedLLM("Hi."), tmp_path))


def test_secrets_stay_and_come_back(tmp_path: Path) -> None:
    call = ToolCall("1", "look", {"who": "<email-1>"})
    inner = ScriptedLLM(Reply("<email-1> is a user", (call,), {"a": "<email-1>"}))
    reply = door(inner, tmp_path).reply(ASK)
    assert inner.calls[0][0].content == "Who is <email-1>? key <secret-1>"
    assert reply.text == "bob@example.org is a user"
    assert reply.tool_calls[0].arguments == {"who": "bob@example.org"}
    assert reply.data == {"a": "bob@example.org"}


def test_arguments_must_fit_with_their_values_put_back(tmp_path: Path) -> None:
    inner = ScriptedLLM(Reply("", (ToolCall("1", "look", {"who": "<email-1>"}),)))
    short = Tool("look", "Look.", {"type": "object", "properties": {"who": {"maxLength": 12}}})
    with pytest.raises(ModelError, match="arguments of tool look do not fit: who"):
        door(inner, tmp_path).reply(ASK, tools=[short])


def test_nothing_is_hidden_where_the_policy_says_so(tmp_path: Path) -> None:
    inner = ScriptedLLM("x")
    door(inner, tmp_path, redact=False).reply(ASK)
    assert inner.calls[0] == tuple(ASK)


def test_second_call_comes_from_the_cache_and_is_traced(tmp_path: Path) -> None:
    inner = ScriptedLLM(Reply("one", usage=Usage(7, 3, 1.0, 0.5)), "two")
    llm = door(inner, tmp_path)
    assert [llm.reply(ASK).cached, llm.reply(ASK).cached] == [False, True]
    assert llm.reply(ASK).text == "one"
    assert llm.reply(ASK, schema={"type": "object"}).text == "two"
    assert [(line["cached"], line["cost"]) for line in lines(tmp_path)][:2] == [(False, 0.5), (True, 0.0)]


def test_cached_reply_is_restored_for_who_asks(tmp_path: Path) -> None:
    llm = door(ScriptedLLM("ask <email-1>", "never"), tmp_path)
    assert llm.reply([Message("user", "to bob@example.org")]).text == "ask bob@example.org"
    second = llm.reply([Message("user", "to eve@example.org")])
    assert (second.text, second.cached) == ("ask eve@example.org", True)


def test_stream_is_kept_and_restored(tmp_path: Path) -> None:
    inner = ScriptedLLM("to <email-1>, please")
    llm = door(inner, tmp_path)
    assert "".join(llm.stream(ASK)) == "to bob@example.org, please"
    assert list(llm.stream(ASK)) == ["to bob@example.org, please"]
    assert llm.reply(ASK).cached
    assert len(inner.calls) == 1
    assert [line["cached"] for line in lines(tmp_path)] == [False, True, True]


def test_stream_that_is_left_early_is_not_kept(tmp_path: Path) -> None:
    inner = ScriptedLLM("a long reply in pieces")
    llm = door(inner, tmp_path)
    pieces = llm.stream(ASK)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert "".join(llm.stream(ASK)) == "a long reply in pieces"
    assert [line["outcome"] for line in lines(tmp_path)] == ["given up", "ok"]
    assert len(inner.calls) == 2


def test_errors_pass_and_are_traced_and_not_kept(tmp_path: Path) -> None:
    llm = door(ScriptedLLM(ModelError("busy"), "fine"), tmp_path)
    with pytest.raises(ModelError, match="busy"):
        llm.reply(ASK)
    assert llm.reply(ASK).text == "fine"
    assert [line["outcome"] for line in lines(tmp_path)] == ["ModelError", "ok"]


def test_works_without_cache_and_trace() -> None:
    llm = Door(ScriptedLLM("one", "two"), setting={}, redact=True)
    assert [llm.reply(ASK).text, llm.reply(ASK).text] == ["one", "two"]
    llm.close()
