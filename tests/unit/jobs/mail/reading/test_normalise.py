"""Text as it is seen: tricks undone and counted, genuine text left alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.mail.reading.normalise import MOST, normalised, readable


@pytest.mark.parametrize(
    ("written", "seen", "tricks"),
    [
        ("pаypаl ассоunt ѕuѕpended", "paypal account suspended", {"homoglyphs": 3}),
        ("сору tо", "copy to", {"homoglyphs": 1}),
        ("ΑΜΑΖΟΝ", "AMAZON", {"homoglyphs": 1}),
        ("𝐕𝐞𝐫𝐢𝐟𝐲 your ａｃｃｏｕｎｔ", "Verify your account", {"dressed": 13}),
        ("🅥🅔🅡🅘🅕🅨 ᴍᴀɪʟ", "VERIFY mail", {"dressed": 10}),
        ("ve\u200brify yo\u00adur acc\u2060ount", "verify your account", {"split": 2, "soft": 1}),
        ("safe\U000e0041\U000e0042 \u202etxt\u202c", "safe txt", {"tags": 2, "overrides": 2}),
        ("W\u0336a\u0336rn", "Warn", {"marks": 2}),
        ("H e l l o  t h e r e friend", "Hello there friend", {"spaced": 2}),
        ("P.a.y.p.a.l", "Paypal", {"spaced": 1}),
        ("VlAGRA C!al!s m1crosoft passw0rd", "VIAGRA Cialis microsoft password", {"leet": 4}),
        ("bi11ing PaypaI lNVOICE p@ypal", "billing Paypal INVOICE paypal", {"leet": 4}),
    ],
)
def test_tricks_are_undone_and_counted(written: str, seen: str, tricks: dict[str, int]) -> None:
    found = normalised(written)
    assert found.text == seen
    counts = {name: getattr(found.tricks, name) for name in found.tricks.__struct_fields__}
    assert {name: count for name, count in counts.items() if count} == tricks


@pytest.mark.parametrize(
    "text",
    [
        "Привет, это обычное письмо о том, как у нас дела; он сам",
        "Καλημέρα σας, αυτό είναι ένα μήνυμα",
        "şifre ığdır",
        "Grüße aus Köln, café à gogo",
        "mp3 H2O iPhone12 B2B win10 K9 x86",
        "joe@example.com http://a.example/c1d2e3f?x=ab1cd",
        "5 μm thick",
        "日本語のメール",
        "بريد\u0651 عادي",
        "J. R. R. Tolkien, U.S.A.",
        "hello!world OpenAI HTMl",
    ],
)
def test_genuine_text_is_left_alone(text: str) -> None:
    assert readable(text) == text


def test_white_space_is_collapsed_and_lines_stay() -> None:
    assert readable(" a\u00a0 b \t c\nd ") == "a b c\nd"


@given(st.text(max_size=200))
def test_any_text_is_read_and_nothing_unseen_is_left(text: str) -> None:
    assert not set(readable(text)) & set("\u200b\u200e\u2060\ufeff\u202e\u00ad")


@pytest.mark.parametrize(
    "piece",
    ["word ", "а", "a b ", "a1", "\u200ba", "аb", "\ufdfa", "l", "Al", "a!", ".a", "a  ", "a\u0301\u0302"],
)
def test_long_text_takes_time_in_proportion(piece: str) -> None:
    began = time.process_time()
    normalised(piece * (MOST // len(piece)))
    assert time.process_time() - began < 2
