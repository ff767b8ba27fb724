"""The anatomy of a mail in numbers."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.mail.reading.markup import Link
from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.signals.anatomy import anatomy
from icelos.jobs.mail.signals.facts import Facts, Known

NOTHING = anatomy(Facts(Message([]), Known()))


def test_names_are_the_same_for_every_mail_and_say_what_they_count() -> None:
    links = [Link("https://bit.ly/x", "a"), Link("https://x.web.app/y?q", "b")]
    numbers = anatomy(Facts(Message([("from", "PayPal <a@b.com>")], text="Hi!", links=links), Known()))
    assert numbers.keys() == NOTHING.keys()
    assert all(name.startswith(("link_", "text_", "name_")) for name in numbers)
    assert numbers["link_short"] == numbers["link_free_space"] == 0.5
    assert numbers["link_count"] == math.log1p(2)
    assert numbers["name_brand"] == 1.0


def test_headers_beside_from_and_subject_change_nothing() -> None:
    bare = Message([("from", "a@b.com")], text="Hello")
    full = Message(
        [("x-mailer", "x"), ("from", "a@b.com"), ("received", "y"), ("list-id", "z")], text="Hello"
    )
    assert anatomy(Facts(bare, Known())) == anatomy(Facts(full, Known()))


@given(st.text(max_size=300), st.text(max_size=100))
def test_numbers_are_finite(text: str, target: str) -> None:
    message = Message([("from", text), ("subject", text)], text=text, links=[Link(target, text)])
    numbers = anatomy(Facts(message, Known()))
    assert all(math.isfinite(number) and number >= 0 for number in numbers.values())
