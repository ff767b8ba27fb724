"""What is seen of a mail with several parts."""

from __future__ import annotations

import pytest

from icelos.jobs.mail.reading.message import read_message
from icelos.jobs.mail.reading.shown import ATTACHED, put_together, says_the_same

LONG = "Please confirm your account within two days because otherwise access will end for everyone"


@pytest.mark.parametrize(
    ("html", "plain", "beside", "seen"),
    [
        (LONG, "", LONG, f"Hi\n{LONG}"),
        (LONG, LONG, "", f"Hi\n{LONG}"),
        (LONG, "", "Something else", f"Hi\n{LONG}"),
        (LONG, "a footer of the list", "", f"Hi\n{LONG}\na footer of the list"),
        ("Hello", "", "Something else", "Hi\nHello\nSomething else"),
        ("", LONG, "", f"Hi\n{LONG}"),
        ("", "", "", "Hi"),
    ],
)
def test_nothing_is_said_twice(html: str, plain: str, beside: str, seen: str) -> None:
    assert put_together("Hi", html, plain, beside, "").text == seen


def test_attached_text_is_seen_after_the_mail_and_bounded() -> None:
    found = put_together("Hi", "", "see attached", "", "x" * (ATTACHED + 10)).text
    assert found == "Hi\nsee attached\n" + "x" * ATTACHED


def test_saying_the_same() -> None:
    assert says_the_same("one two three", "three two")
    assert not says_the_same("one two three", "four five three")
    assert not says_the_same("one", "")


def test_alternatives_are_told_from_text_beside_them() -> None:
    raw = (
        "From: a@b.example\nSubject: Hi\nContent-Type: multipart/mixed; boundary=M\n\n--M\n"
        "Content-Type: multipart/alternative; boundary=A\n\n--A\n\nplain words\n--A\n"
        f"Content-Type: text/html\n\n<p>{LONG}</p><p hidden>poison</p>\n--A--\n--M\n\nthe footer\n--M--\n"
    )
    found = read_message(raw.encode())
    assert found.beside_html.strip() == "plain words"
    assert found.seen.split("\n")[0] == "Hi"
    assert LONG in found.seen
    assert "the footer" in found.seen
    assert "plain words" not in found.seen
    assert "poison" not in found.seen
    assert found.tricks.split == 0
