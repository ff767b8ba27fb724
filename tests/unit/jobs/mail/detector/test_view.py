from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.mail.detector.view import MAX_CHARACTERS, own_words, plain_view, view
from icelos.jobs.mail.reading.message import Message


def test_name_subject_and_text_in_lower_case(letter: Callable[..., Message]) -> None:
    seen = view(
        letter("Hello Bob,\nthe Minutes are here.", subject="Minutes", sender="Ann Lee <a@b.example>")
    )
    assert seen == "ann lee ¤from minutes ¤subject hello bob, the minutes are here."


def test_without_a_subject_the_text_is_no_subject(letter: Callable[..., Message]) -> None:
    seen = view(letter("First line\nsecond line of it"))
    assert seen.endswith("¤subject first line second line of it")


def test_a_name_that_is_an_address_is_no_name(letter: Callable[..., Message]) -> None:
    assert "¤from" not in view(letter("Hello there Bob", sender='"help@bank.com" <x@evil.example>'))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("go to https://evil.example/a?b=c) now", "go to ¤url ) now"),
        ("see WWW.Evil.Example/x", "see ¤url"),
        ("write to Bob.Miller+x@corp.example, please", "write to ¤address , please"),
        ("pay $1,200.50 today", "pay ¤amount today"),
        ("pay 1.200,50 EUR today", "pay ¤amount today"),
        ("pay R$ 99 or 5 btc", "pay ¤amount or ¤amount"),
        ("on 12/11/2026 at 10:30", "on ¤number at ¤number"),
        ("call 555-1234.", "call ¤number"),
    ],
)
def test_what_names_a_source_is_one_token(text: str, masked: str) -> None:
    assert plain_view("", text).removeprefix("¤subject ") == masked


@pytest.mark.parametrize(
    "subject",
    ["Re: Lunch", "RE: AW: Lunch", "Fwd: [list] Lunch", "[list-name] Lunch", "re:re:lunch", "Lunch"],
)
def test_tags_of_replies_and_lists_are_cut(subject: str) -> None:
    assert plain_view(subject, "at noon") == "lunch ¤subject at noon"


@pytest.mark.parametrize(
    "text",
    [
        "Yes, that works.\n> Shall we meet?\n> At noon?",
        "Yes, that works.\n\nOn Monday, Ann <ann@corp.example> wrote:\nShall we meet?",
        "Yes, that works.\nAm Montag schrieb Ann:\n> Treffen?",
        "Yes, that works.\n-----Original Message-----\nFrom: Ann\nShall we meet?",
        "Yes, that works.\n-- \nBob Miller\nHead of Things",
        "Yes, that works.\n_______________________________________________\nlist mailing list",
    ],
)
def test_quotes_signatures_and_footers_are_left_out(text: str) -> None:
    assert own_words(text).split() == ["Yes,", "that", "works."]


def test_where_nothing_else_is_left_all_of_it_counts() -> None:
    assert own_words("On Monday Ann wrote:\nPlease send the gift cards") == (
        "On Monday Ann wrote:\nPlease send the gift cards"
    )


def test_words_in_the_middle_of_a_line_cut_nothing() -> None:
    text = "Ann wrote: the report is good, and we -- all of us -- like it"
    assert own_words(text) == text


def test_text_below_the_first_screens_is_not_seen() -> None:
    seen = plain_view("s", "word " * MAX_CHARACTERS)
    assert len(seen) <= MAX_CHARACTERS + 20


@pytest.mark.parametrize(
    "piece",
    [
        "1",
        "1,",
        "a@",
        "-",
        " ",
        "> ",
        "http://",
        "\n",
        "_",
        "$1.",
        "1€",
        "wrote:",
        "re:",
        "[",
        "\t|",
        "1 ",
        "w.",
    ],
)
def test_hostile_text_takes_linear_time(piece: str) -> None:
    text = piece * (400_000 // len(piece))
    start = time.process_time()
    seen = plain_view(text, text, text[:200])
    assert time.process_time() - start < 0.5
    assert len(seen) < 5 * MAX_CHARACTERS


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_has_a_view_of_one_line(subject: str, text: str) -> None:
    seen = plain_view(subject, text)
    assert "\n" not in seen
    assert seen == seen.strip()
    assert not any(c.isdigit() and c.isascii() for c in seen)
