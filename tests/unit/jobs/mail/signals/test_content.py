"""How a mail is written."""

from __future__ import annotations

import pytest

from icelos.jobs.mail.reading.markup import Image, Link
from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.signals.signals import signals


def found(text: str, subject: str = "Hello", name: str = "Ann") -> set[str]:
    message = Message([("from", f"{name} <a@some-shop.net>"), ("subject", subject)], text=text)
    return {signal.name for signal in signals(message)}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ver\u200bify yo\u200bur acc\u200bount", "hidden-splits"),
        ("v\u073fe\u073fr\u073fify", "hidden-splits"),
        ("hi \U000e0061", "hidden-tags"),
        ("yоur аccount is sаfe", "letters-mixed"),
        ("your p a s s w o r d", "letters-spaced"),
        ("wqezceuaxwyyrrkbsnf vpsquikbzjmpsgwejq ygnprtwvxkzsdhfgqw", "random-words"),
        ("please confirm your account", "wording: asks to confirm an account"),
    ],
)
def test_tricks(text: str, name: str) -> None:
    assert name in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Привет, как дела? Ждём SMS от тебя.", "Γειά σου", "می\u200cخواهم و می\u200cروم و می\u200cآیم",
        "10 µs and 20 µm and 5 µV", "Donaudampfschifffahrtsgesellschaft incomprehensibilities", "a b c d",
        "café naïve résumé",
    ],
)  # fmt: skip
def test_ordinary_writing(text: str) -> None:
    assert found(text) == set()


def test_styled_letters_in_subject_or_name() -> None:
    assert "letters-styled" in found("x", subject="𝑴𝒊𝒄𝒓𝒐 news")
    assert "letters-styled" in found("x", name="ʟᴏᴡᴇ's ᴅᴇᴘᴀʀᴛᴍᴇɴᴛ")
    assert "letters-styled" not in found("𝑴𝒊𝒄𝒓𝒐 news")


def test_pictures_that_say_it_all() -> None:
    picture = Image("https://other.net/a.png")
    only = Message([("from", "a@some-shop.net")], links=[Link("https://other.net/", "")], images=[picture])
    assert "picture-only" in {signal.name for signal in signals(only)}
    told = Message(
        [("from", "a@some-shop.net")], html_text="many words " * 20, links=only.links, images=[picture]
    )
    assert "picture-only" not in {signal.name for signal in signals(told)}
