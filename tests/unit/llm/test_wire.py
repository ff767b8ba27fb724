"""Any JSON an endpoint may send is a reply or a ModelError."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.contracts import Message, Reply, Tool, Usage
from icelos.errors import ModelError
from icelos.llm import wire
from icelos.llm.dialect import Dialect
from icelos.settings import LLMSettings

SETTINGS = LLMSettings(model="m")
TOOL = Tool("t", "d", {"type": "object"})
NAMES = [
    "choices",
    "message",
    "content",
    "tool_calls",
    "function",
    "name",
    "arguments",
    "usage",
    "id",
    "finish_reason",
    "prompt_tokens",
    "text",
    "error",
    "delta",
    "refusal",
]
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("t"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=15,
)


@given(ODD)
def test_any_json_is_a_reply_or_a_model_error(value: object) -> None:
    try:
        whole = wire.completion(json.dumps(value).encode())
        assert isinstance(wire.reply(whole, [TOOL], SETTINGS, Usage()), Reply)
    except ModelError:
        return


@given(st.binary(max_size=100))
def test_any_bytes_are_a_reply_or_a_model_error(body: bytes) -> None:
    with pytest.raises(ModelError):
        wire.reply(wire.completion(body), (), SETTINGS, Usage())


def test_tool_calls_are_bounded() -> None:
    calls = [{"function": {"name": "t", "arguments": "{}"}}] * 65
    whole = wire.completion(json.dumps({"choices": [{"message": {"tool_calls": calls}}]}).encode())
    with pytest.raises(wire.BrokenCall, match="65 tool calls"):
        wire.reply(whole, [TOOL], SETTINGS, Usage())


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        ({"type": "object", "properties": {}, "additionalProperties": False, "required": []}, True),
        ({"type": "object", "properties": {"a": {}}, "additionalProperties": False}, False),
        ({"type": "object", "properties": {"a": {}}, "required": ["a"]}, False),
        ({"type": "array", "items": {"type": "object", "properties": {"a": {}}}}, False),
        ({"type": "integer"}, True),
    ],
)
def test_strict_is_claimed_only_where_the_schema_allows_it(schema: dict[str, Any], strict: bool) -> None:
    body = wire.request([Message("user", "x")], SETTINGS, Dialect(), schema=schema)
    assert body["response_format"]["json_schema"]["strict"] is strict


def test_schema_joins_the_system_message_there_is() -> None:
    messages = [Message("system", "Be brief."), Message("user", "x")]
    joined = wire.with_schema(messages, {"type": "object"})
    assert [one.role for one in joined] == ["system", "user"]
    assert joined[0].content.startswith("Be brief.")
    assert '{"type":"object"}' in joined[0].content
    assert wire.with_schema(messages[1:], {})[0].role == "system"


def test_tokens_are_estimated_upwards() -> None:
    assert [wire.estimated(n) for n in (0, 1, 4, 5)] == [0, 1, 1, 2]
