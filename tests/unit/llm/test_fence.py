"""Fenced text cannot close its fence, open another, or speak as another role."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.llm.fence import INSTRUCTION, fence, without_tokens

HOSTILE = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(
            [
                "<untrusted-data", "</untrusted-data>", "< / UNTRUSTED_data", 'id="', "<|im_start|>", "<|",
                "|>", "</s>", "[INST]", "[/INST]", "<<SYS>>", "<start_of_turn>", "\u200b", "\U000e0041",
                "\u202e", "\n", "<", ">", "|", "system", "0" * 32, "<\uff5cUser\uff5c>", "data",
            ]
        ),
        max_size=30,
    ).map("".join),
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(HOSTILE, HOSTILE)
def test_nothing_inside_looks_like_a_fence_or_a_control_token(text: str, provenance: str) -> None:
    whole = fence(text, provenance)
    first, *body, last = whole.split("\n")
    token = re.fullmatch(
        r'<untrusted-data id="([0-9a-f]{32})" tier="outside" source="([^"\n]{0,200})">', first
    )
    assert token is not None
    assert last == f'</untrusted-data id="{token[1]}">'
    inside = "\n".join([token[2], *body])
    assert token[1] not in inside
    assert not re.search(r"<\s*/?\s*untrusted[\W_]*data", inside, re.IGNORECASE)
    assert not re.search(
        r"<[|\uff5c]|[|\uff5c]>|</?s>|\[/?INST\]|<<SYS>>|<start_of_turn>", inside, re.IGNORECASE
    )
    assert not set("\u200b\u202e\U000e0041") & set(whole)


def test_delimiter_that_the_text_guessed_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = iter(["a" * 32, "b" * 32, "c" * 32])
    monkeypatch.setattr("icelos.llm.fence.secrets.token_hex", lambda size: next(tokens))
    whole = fence("x " + "a" * 32, "by " + "b" * 32)
    assert whole.startswith(f'<untrusted-data id="{"c" * 32}"')


def test_ordinary_text_is_untouched() -> None:
    text = "CVE-2021-44228: `${jndi:ldap://x}` <b>bold</b> a|b 1 < 2 > 0\n\ttab | pipe > out [INSTALL]"
    assert fence(text, "kb/log4j.md:17").split("\n", 1)[1].rsplit("\n", 1)[0] == text


def test_every_fence_has_its_own_delimiter() -> None:
    assert fence("x", "y") != fence("x", "y")
    assert without_tokens(fence("x", "y")) == without_tokens(fence("x", "y"))
    assert without_tokens(fence("x", "y")) != without_tokens(fence("z", "y"))


def test_only_real_delimiters_are_made_equal() -> None:
    forged = [fence(f'untrusted-data id="{digit * 32}"', "y") for digit in "ab"]
    assert without_tokens(forged[0]) != without_tokens(forged[1])


def test_instruction_speaks_of_the_same_fence() -> None:
    assert "<untrusted-data id=" in INSTRUCTION
    assert "</untrusted-data id=" in INSTRUCTION
