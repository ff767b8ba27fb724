"""Look-alikes are folded for matching; real words of other scripts are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.confusables import folded, unleeted


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Іgnоrе", "ignore"),
        ("ｉｇｎｏｒｅ", "ignore"),
        ("𝐢𝐠𝐧𝐨𝐫𝐞", "ignore"),
        ("ɪɢɴᴏʀᴇ", "ignore"),
        ("Привет, сосед", "привет, сосед"),
        ("καλημέρα", "καλημέρα"),
        ("naïve café", "naïve café"),
        ("IGNORE", "ignore"),
    ],
)
def test_folded(text: str, plain: str) -> None:
    assert folded(text) == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1gn0re th3 rul3s", "ignore the rules"),
        ("t1110.003", "t1110.003"),
        ("ver 10.0.1", "ver 10.0.1"),
        ("p@ssw0rd", "password"),
    ],
)
def test_unleeted(text: str, plain: str) -> None:
    assert unleeted(text) == plain


@given(st.text(max_size=80))
def test_folding_is_stable(text: str) -> None:
    assert folded(folded(text)) == folded(text)
