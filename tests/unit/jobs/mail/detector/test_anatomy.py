from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.mail.detector.anatomy import NAMES, QUESTIONS, anatomy, told
from icelos.jobs.mail.reading.attachments import Attachment
from icelos.jobs.mail.reading.markup import Link
from icelos.jobs.mail.reading.message import Message

OWN, OTHER = "https://www.northwind.com/a", "https://other.example/"


def _answers(message: Message) -> set[str]:
    row = anatomy(message)
    return {name for name, answer in zip(QUESTIONS, row.tolist(), strict=False) if answer == 1}


def _links(*targets: str) -> list[Link]:
    return [Link(target, f"text {number}") for number, target in enumerate(targets)]


def test_one_number_for_each_name_and_questions_come_first() -> None:
    row = anatomy(Message([]))
    assert row.shape == (len(NAMES),)
    assert row.dtype == np.float32
    assert NAMES[: len(QUESTIONS)] == tuple(QUESTIONS)
    assert len(set(NAMES)) == len(NAMES)
    assert set(row[: len(QUESTIONS)].tolist()) <= {0.0, 1.0}


@pytest.mark.parametrize(
    ("targets", "yes", "no"),
    [
        ((), "no link", "one link"),
        ((OTHER,), "one link", "no link"),
        ((OTHER, OWN), "2 to 5 links", "one link"),
        (tuple(f"{OTHER}{n}" for n in range(21)), "more than 20 links", "2 to 5 links"),
        ((f"{OTHER}1", f"{OTHER}2"), "links to one organisation", "links to more than 4 organisations"),
        (
            tuple(f"https://site{n}.com/" for n in range(5)),
            "links to more than 4 organisations",
            "links to one organisation",
        ),
        ((OWN,), "a link to the sender's own", "links, none to the sender's own"),
        ((OTHER,), "links, none to the sender's own", "a link to the sender's own"),
        (("https://x.web.app/",), "a link on free web space", "a short link"),
        (("https://bit.ly/abc",), "a short link", "a link on free web space"),
        (("https://x.sendgrid.net/",), "a link through a mailing service", "a short link"),
        (("https://deals.top/",), "a link under a cheap ending", "a link's host looks random"),
        (("https://xkqzvbtr8w.com/",), "a link's host looks random", "a link's host is long"),
        (("https://" + "a." * 22 + "com/",), "a link's host is long", "a short link"),
        (
            ("https://other.example/" + "a1" * 12,),
            "a link with a long random path",
            "a link under a cheap ending",
        ),
        (("mailto:a@b.example", "#top"), "no link", "one link"),
    ],
)
def test_questions_on_links(
    letter: Callable[..., Message], targets: tuple[str, ...], yes: str, no: str
) -> None:
    found = _answers(letter("Hello", links=_links(*targets)))
    assert yes in found
    assert no not in found


def test_a_link_that_shows_no_text(letter: Callable[..., Message]) -> None:
    question = "a link that shows no text"
    assert question in _answers(letter("Hello", links=[Link(OTHER, " ")]))
    assert question not in _answers(letter("Hello", links=[Link(OTHER, "here")]))


@pytest.mark.parametrize(
    ("sender", "yes"),
    [
        ("Ann <ann@gmail.com>", "sender at free mail"),
        ("ann@northwind.com", "sender without a name"),
        ("Ann <ann@mail.xkqzvbtr8w.com>", "sender's host looks random"),
        ("Ann <ann@shop.top>", "sender's host under a cheap ending"),
        ("Ann <xkqzvbtr8wq1@northwind.com>", "sender's box looks random"),
        ("Ann <ann1984@northwind.com>", "sender's box has digits"),
        ("Ann 24 <ann@northwind.com>", "sender's name has digits"),
        ("SECURITY TEAM <ann@northwind.com>", "sender's name in capitals"),
        ("You won! <ann@northwind.com>", "sender's name with emoji or marks"),
        ("\U0001f381 Gifts <ann@northwind.com>", "sender's name with emoji or marks"),
    ],
)
def test_questions_on_the_sender(letter: Callable[..., Message], sender: str, yes: str) -> None:
    assert yes in _answers(letter("Hello", sender=sender))
    assert yes not in _answers(letter("Hello"))


@pytest.mark.parametrize(
    ("subject", "yes"),
    [
        ("", "no subject"),
        ("URGENT ACTION NEEDED", "subject in capitals"),
        ("A gift \U0001f381", "subject with emoji"),
        ("Order 7Q4K9X2B", "subject with a code"),
        ("Act now!", "subject with an exclamation mark"),
        ("Miller, your parcel", "subject holds the reader's name"),
    ],
)
def test_questions_on_the_subject(letter: Callable[..., Message], subject: str, yes: str) -> None:
    assert yes in _answers(letter("Hello", subject=subject))
    assert yes not in _answers(letter("Hello", subject="Minutes of Monday"))


@pytest.mark.parametrize(
    ("text", "more", "yes"),
    [
        ("Hello", {}, "under 15 words"),
        ("word " * 30, {}, "15 to 60 words"),
        ("word " * 401, {}, "over 400 words"),
        ("Hello", {"links": _links(OTHER)}, "under 15 words and a link"),
        ("Hello", {"hidden_text": "word " * 41}, "more hidden than shown"),
        ("word " * 90, {"hidden_text": "word " * 61}, "over 60 hidden words"),
        ("word " * 90 + "Unsubscribe here", {"links": _links(OWN)}, "offers to leave a list"),
        (
            "word " * 90 + "zum Abbestellen",
            {"links": _links(OTHER)},
            "offers to leave a list of nobody named",
        ),
        ("word " * 90, {"attachments": [Attachment("a.pdf", "application/pdf", b"")]}, "something attached"),
    ],
)
def test_questions_on_text_and_attachments(
    letter: Callable[..., Message], text: str, more: dict[str, object], yes: str
) -> None:
    assert yes in _answers(letter(text, subject="Minutes", **more))
    assert yes not in _answers(letter("word " * 90, subject="Minutes"))


def test_headers_that_tell_a_corpus_change_nothing(letter: Callable[..., Message]) -> None:
    plain = letter("Hello", subject="Minutes")
    full = letter("Hello", subject="Minutes")
    full.headers += [("x-mailer", "x"), ("received", "y"), ("list-id", "z"), ("date", "Tue, 1 Jun 2004")]
    assert (anatomy(plain) == anatomy(full)).all()


def test_told_are_the_answers_that_weigh_most_towards_harm() -> None:
    row, weights = np.zeros(len(NAMES)), np.zeros(len(NAMES))
    for name, answer, weight in (
        ("no link", 1, 1.0), ("no subject", 1, 3.0), ("a short link", 0, 9.0), ("under 15 words", 1, -2.0),
        (NAMES[-1], 1, 9.0), ("subject with a code", 1, 2.0), ("something attached", 1, 0.5),
    ):  # fmt: skip
        row[NAMES.index(name)], weights[NAMES.index(name)] = answer, weight
    assert told(row.tolist(), weights.tolist()) == ["no subject", "subject with a code", "no link"]
    assert told(row.tolist(), weights.tolist(), most=1) == ["no subject"]


def test_hostile_mail_takes_bounded_time(letter: Callable[..., Message]) -> None:
    start = time.process_time()
    for piece in ("A1", "/", "unsubscribe ", "opt", "<", "a@b.c, ", "http://a", "1", " "):
        text = piece * (300_000 // len(piece))
        links = [Link(f"https://{n}.example/{text[:5000]}", text[:1000]) for n in range(300)]
        assert np.isfinite(anatomy(letter(text, subject=text, sender=text, links=links))).all()
    assert time.process_time() - start < 20


@given(st.text(max_size=200), st.text(max_size=80), st.text(max_size=80))
def test_any_text_has_finite_answers(text: str, sender: str, target: str) -> None:
    message = Message(
        [("from", sender), ("to", text), ("subject", text)], text=text, links=[Link(target, text)]
    )
    row = anatomy(message)
    assert np.isfinite(row).all()
    assert (row >= 0).all()
