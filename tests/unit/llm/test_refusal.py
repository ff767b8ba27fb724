"""The server's own words, whatever form they come in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.llm.refusal import said


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": {"message": "no such model", "code": 404}}', "no such model"),
        (b'{"error": "no such model"}', "no such model"),
        (b'{"detail": "Not Found"}', "Not Found"),
        (b'{"detail": [{"msg": "field required"}]}', '[{"msg":"field required"}]'),
        (b'{"message": "bad"}', "bad"),
        (b"plain words", "plain words"),
        (b"", ""),
    ],
)
def test_words_are_found(body: bytes, words: str) -> None:
    assert said(body) == words


@given(st.binary(max_size=2000))
def test_any_body_gives_a_bounded_text(body: bytes) -> None:
    assert len(said(body)) <= 1000
