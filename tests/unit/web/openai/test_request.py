"""Requests as clients send them: honoured, ignored by name, or refused."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.web.openai.errors import Refused
from icelos.web.openai.request import ChatRequest, read

HELLO = [{"role": "user", "content": "What is T1110.003?"}]


def parsed(**more: Any) -> tuple[ChatRequest, tuple[str, ...]]:
    return read(json.dumps({"model": "icelos", "messages": HELLO, **more}).encode())


def test_what_is_honoured_is_not_named_as_ignored() -> None:
    wanted, ignored = parsed(stop="x", max_tokens=10, max_completion_tokens=7.0, n=1, stream=True)
    assert ignored == ()
    assert wanted.stops == ("x",)
    assert wanted.characters == 28
    assert wanted.question == "What is T1110.003?"


def test_what_is_ignored_is_named() -> None:
    _, ignored = parsed(temperature=0.2, seed=None, metadata={}, invented=1)
    assert set(ignored) == {"temperature", "invented"}


def test_content_in_parts_is_read_as_text() -> None:
    parts = [{"type": "text", "text": "What is"}, {"type": "text", "text": "T1110.003?"}]
    wanted, _ = parsed(messages=[{"role": "user", "content": parts}])
    assert wanted.question == "What is\nT1110.003?"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"\xff", b"{}", b"[" * 100_000, b'{"messages":1}'])
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        read(body)
    assert caught.value.status_code == 400


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_NAMES = st.sampled_from(
    ["model", "messages", "stop", "n", "max_tokens", "stream", "tools", "tool_choice", "stream_options"]
)


@given(st.dictionaries(_NAMES, _JSON))
def test_anything_else_is_read_or_refused(given_members: dict[str, Any]) -> None:
    body = {"model": "icelos", "messages": HELLO, **given_members}
    with suppress(Refused):
        wanted, _ = read(json.dumps(body).encode())
        assert wanted.asked
