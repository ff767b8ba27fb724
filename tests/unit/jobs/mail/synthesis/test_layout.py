import random

import msgspec
import pytest

from icelos.jobs.mail.reading.markup import read_markup
from icelos.jobs.mail.synthesis.dice import stream
from icelos.jobs.mail.synthesis.form import draw_form
from icelos.jobs.mail.synthesis.layout import Frame, Piece, markup, plain, wrap

PARAGRAPHS = [
    [Piece("Dear Ada,")],
    [Piece("Your bill is here. " * 9 + "End.")],
    [
        Piece("Please pay <now> & soon.", "invoice"),
        Piece("Pay", url="https://pay.example/?a=1&b=2", kind="action"),
    ],
]
FRAME = Frame("Brand", "Before all", "View online", "https://home.example/")


@pytest.mark.parametrize("style", range(6))
@pytest.mark.parametrize("wrapped", [True, False])
def test_spans_are_exact(style: int, wrapped: bool) -> None:
    form = msgspec.structs.replace(draw_form(stream(1, "form")), link_style=style, wrapped=wrapped)
    body = plain(PARAGRAPHS, form, with_urls=True)
    [span] = body.spans
    assert body.text[span.start : span.end].split() == "Please pay <now> & soon.".split()
    assert "https://pay.example/?a=1&b=2" in body.text


def test_wrapping_moves_no_character() -> None:
    text = "word " * 60 + "https://example.org/" + "x" * 100
    assert wrap(text).replace("\n", " ") == text
    assert max(len(line) for line in wrap("word " * 60).split("\n")) <= 72


@pytest.mark.parametrize("look", ["simple", "outlook", "corporate", "bulk", "image"])
def test_every_look_can_be_read_back(look: str) -> None:
    form = msgspec.structs.replace(draw_form(stream(1, "form")), look=look)
    read = read_markup(markup(PARAGRAPHS, form, FRAME, random.Random(1)))
    assert "https://pay.example/?a=1&b=2" in [link.target for link in read.links]
    if look != "image":
        assert "Please pay <now> & soon." in read.text
