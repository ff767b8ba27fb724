"""Names that look alike or nearly so, and names that a machine made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.mail.signals.spelling import deletions, distance, looks_random, plain_letters, skeleton


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Crédit", "credit"), ("Straße", "strasse"), ("PаyPаl", "paypal"), ("ＰａｙＰａｌ", "paypal"),
        ("𝓟𝓪𝔂", "pay"), ("ʟᴏᴡᴇ", "lowe"), ("привет мир", "привет мир"), ("", ""),
    ],
)  # fmt: skip
def test_plain_letters(text: str, plain: str) -> None:
    assert plain_letters(text) == plain


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("rnicrosoft", "microsoft"),
        ("paypa1", "paypal"),
        ("g00gle", "google"),
        ("vvalmart", "walmart"),
        ("PAYPAI", "paypal"),
    ],
)
def test_what_is_confused_has_one_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [("paypal", "paypal", 0), ("paypal", "papyal", 1), ("paypal", "paypall", 1), ("netflix", "netflx", 1),
     ("kitten", "sitting", 3), ("", "abc", 3)],
)  # fmt: skip
def test_distance(one: str, other: str, steps: int) -> None:
    assert distance(one, other) == steps == distance(other, one)


@given(st.text(alphabet="abc", max_size=6), st.text(alphabet="abc", max_size=6))
def test_near_words_share_a_deletion(one: str, other: str) -> None:
    if distance(one, other) <= 1:
        assert set(deletions(one, 1)) & set(deletions(other, 1))


@pytest.mark.parametrize("label", ["x7k2m9q4w1", "kbzpwvxmvq", "qwrtpsdfgh", "a1b2c3d4e5"])
def test_made_by_a_machine(label: str) -> None:
    assert looks_random(label)


@pytest.mark.parametrize(
    "label",
    ["paypal", "freshrpms", "pcworld", "schwarzkopf", "mueller1984", "johnsmith", "web2print", "", "xyz"],
)
def test_made_by_people(label: str) -> None:
    assert not looks_random(label)
