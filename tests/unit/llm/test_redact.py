"""Placeholders hide, tell people apart, and give back exactly what was there."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from icelos.contracts import Message, Reply, ToolCall
from icelos.llm.redact import Vault

PARTS = st.lists(
    st.one_of(
        st.text(max_size=10),
        st.sampled_from(
            ["bob@example.org", "al@example.org", "+49 30 1234567", "password=S3cr3t!x", "<email-1>",
             "<email-2>", "<phone-1>", " ", "\n", "<", ">", "DE89370400440532013000", "https://u:pw1@h.example/",
             "<email-"]
        ),
    ),
    max_size=12,
)  # fmt: skip


@given(PARTS, st.sampled_from(["", " "]))
def test_what_was_hidden_comes_back_exactly(parts: list[str], glue: str) -> None:
    text = glue.join(parts)
    vault = Vault()
    assert vault.restore(vault.hide(text)) == text


@given(PARTS)
def test_hiding_again_changes_nothing(parts: list[str]) -> None:
    hidden = Vault().hide(" ".join(parts))
    assert Vault().hide(hidden) == hidden


@given(PARTS, st.lists(st.integers(0, 400), max_size=12).map(sorted))
def test_stream_is_restored_however_it_is_cut(parts: list[str], cuts: list[int]) -> None:
    text = " ".join(parts)
    vault = Vault()
    hidden = vault.hide(text)
    bounds = [0, *(min(cut, len(hidden)) for cut in cuts), len(hidden)]
    pieces = [hidden[a:b] for a, b in zip(bounds, bounds[1:], strict=False)]  # noqa: RUF007
    assert "".join(vault.restore_stream(pieces)) == text


def test_stream_holds_back_no_more_than_a_placeholder() -> None:
    vault = Vault()
    vault.hide("bob@example.org")
    pieces = vault.restore_stream(iter(["a < b ", "x" * 40, "ask <ema", "il-1>", "!"]))
    assert list(pieces) == ["a ", "< b " + "x" * 40, "ask ", "bob@example.org", "!"]


def test_same_value_same_placeholder_within_one_vault() -> None:
    vault = Vault()
    first = vault.hide("bob@example.org wrote al@example.org")
    assert first == "<email-1> wrote <email-2>"
    assert vault.hide("and bob@example.org again") == "and <email-1> again"
    assert len(vault) == 2
    assert Vault().hide("al@example.org") == "<email-1>"


def test_placeholders_that_stand_in_the_text_are_not_given_out() -> None:
    messages = [Message("user", "bob@example.org"), Message("user", "say <email-1>")]
    vault = Vault()
    assert [one.content for one in vault.hide_messages(messages)] == ["<email-2>", "say <email-1>"]
    assert vault.restore("<email-1> <email-2>") == "<email-1> bob@example.org"


def test_known_secrets_are_hidden_wherever_they_stand() -> None:
    vault = Vault(known=["", "plainword"])
    assert vault.hide("xplainwordx") == "x<secret-1>x"


def test_arguments_of_tool_calls_are_hidden_and_restored() -> None:
    call = ToolCall("1", "search", {"who": ["bob@example.org", 3], "al@example.org": None})
    vault = Vault()
    hidden = vault.hide_messages([Message("assistant", "", tool_calls=(call,))])[0].tool_calls[0]
    assert not re.search("bob|al@", str(hidden.arguments))
    reply = Reply("see <email-1>", tool_calls=(hidden,), data={"x": ["<email-2>"]})
    restored = vault.restore_reply(reply)
    assert restored.tool_calls == (call,)
    assert restored.text in ("see bob@example.org", "see al@example.org")
    assert restored.data != reply.data
