"""Pieces of text to a plain body with spans, and to HTML in several looks.

A body is paragraphs of pieces; a piece is a sentence, a link with its text, or a block that keeps its lines.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from icelos.jobs.mail.synthesis.form import Form
from icelos.jobs.mail.synthesis.synthetic import Span

WIDTH = 72


class Piece(NamedTuple):
    """`intent` labels the piece's text as carrying it; `url` makes it a link; `kind` chooses its look."""

    text: str
    intent: str = ""
    url: str = ""
    kind: str = "sentence"


Paragraph = list[Piece]


class Body(NamedTuple):
    """A plain body and where its intents stand."""

    text: str
    spans: tuple[Span, ...]


def plain(paragraphs: Sequence[Paragraph], form: Form, *, with_urls: bool) -> Body:
    """The paragraphs as plain text; spans are exact."""
    parts: list[str] = []
    spans: list[Span] = []
    length = 0
    for number, paragraph in enumerate(paragraphs):
        for position, piece in enumerate(paragraph):
            joint = _joint(number, position, piece)
            shown = _shown(piece, form.link_style) if with_urls else piece.text
            length += len(joint)
            if piece.intent:
                spans.append(Span(length, length + len(shown), piece.intent))
            parts += [joint, shown]
            length += len(shown)
    text = "".join(parts)
    return Body(wrap(text) if form.wrapped else text, tuple(spans))


def _joint(number: int, position: int, piece: Piece) -> str:
    if position:
        return "\n" if piece.kind in {"line", "action"} else " "
    return "\n\n" if number else ""


def _shown(piece: Piece, style: int) -> str:
    if not piece.url or piece.text == piece.url:
        return piece.text
    return (
        f"{piece.text}: {piece.url}",
        f"{piece.text} <{piece.url}>",
        f"{piece.text}\n{piece.url}",
        piece.url,
        f"{piece.text} ( {piece.url} )",
        f"[{piece.text}]\n{piece.url}",
    )[style]


def wrap(text: str, width: int = WIDTH) -> str:
    """Breaks long lines by turning spaces into line ends: no character moves, spans stay right."""
    return "\n".join(_wrapped(line, width) if len(line) > width else line for line in text.split("\n"))


def _wrapped(line: str, width: int) -> str:
    broken: list[str] = []
    used = 0
    for word in line.split(" "):
        if broken:
            broken.append("\n" if used + len(word) >= width else " ")
            used = 0 if broken[-1] == "\n" else used + 1
        broken.append(word)
        used += len(word)
    return "".join(broken)


_FONTS = (
    "Arial, sans-serif",
    "Helvetica, Arial, sans-serif",
    "Calibri, sans-serif",
    "Verdana",
    "Georgia, serif",
    "'Segoe UI', Tahoma",
    "Times New Roman",
)
_COLOURS = (
    "#0067b8 #1a73e8 #d40511 #2e7d32 #333333 #ff9900 #003087 #6a1b9a #00695c #c62828 #0a66c2 #444".split()
)


class Frame(NamedTuple):
    """What stands around the text in the bulk looks."""

    name: str
    preheader: str
    view_online: str
    home: str


def markup(paragraphs: Sequence[Paragraph], form: Form, frame: Frame, rng: random.Random) -> str:
    """The paragraphs in one of the looks."""
    font, colour = rng.choice(_FONTS), rng.choice(_COLOURS)
    if form.look == "image":
        return _image(paragraphs, rng)
    blocks = [_block(paragraph, form.look, colour) for paragraph in paragraphs]
    if form.look == "simple":
        return f"<html><body>{''.join(blocks)}</body></html>"
    if form.look == "outlook":
        return (
            '<html><head><style>p.MsoNormal{margin:0;font-size:11.0pt;font-family:"Calibri",sans-serif;}</style></head>'
            f'<body lang="EN-GB"><div class="WordSection1">{"".join(blocks)}</div></body></html>'
        )
    return _table(blocks, form, frame, font, colour, rng)


def _table(
    blocks: Iterable[str], form: Form, frame: Frame, font: str, colour: str, rng: random.Random
) -> str:
    width = rng.choice((560, 600, 640))
    hidden = (
        f'<div style="display:none;max-height:0;overflow:hidden">{escape(frame.preheader)}</div>'
        if frame.preheader
        else ""
    )
    online = (
        f'<tr><td align="right" style="font-size:11px"><a href="{escape(frame.home)}">'
        f"{escape(frame.view_online)}</a></td></tr>"
        if form.look == "bulk"
        else ""
    )
    bar = f"background:{colour};padding:16px;color:#fff;font-size:20px"
    head = f'<tr><td style="{bar}">{_logo(frame, rng)}</td></tr>'
    inner = f'<tr><td style="padding:24px">{"".join(blocks)}</td></tr>'
    return (
        f'<html><body style="margin:0;background:#f4f4f4;font-family:{font}">{hidden}'
        f'<table width="{width}" align="center" cellpadding="0" cellspacing="0" style="background:#fff">'
        f"{online}{head}{inner}</table></body></html>"
    )


def _logo(frame: Frame, rng: random.Random) -> str:
    name = escape(frame.name)
    return f'<img src="cid:logo" alt="{name}" width="120">' if rng.random() < 0.5 else f"<b>{name}</b>"


def _image(paragraphs: Sequence[Paragraph], rng: random.Random) -> str:
    """One picture that carries the text, as its alternative text, and one link."""
    words = " ".join(piece.text for paragraph in paragraphs for piece in paragraph)
    url = next((piece.url for paragraph in paragraphs for piece in paragraph if piece.url), "")
    picture = f'<img src="cid:main{rng.randrange(100)}" alt="{escape(words)}" width="600">'
    shown = f'<a href="{escape(url)}">{picture}</a>' if url else picture
    return f"<html><body>{shown}</body></html>"


def _block(paragraph: Paragraph, look: str, colour: str) -> str:
    inner = "".join(
        ("" if not position else "<br>" if piece.kind in {"line", "action"} else " ")
        + _inline(piece, look, colour)
        for position, piece in enumerate(paragraph)
    )
    kind = paragraph[0].kind if paragraph else ""
    if kind == "quote":
        return f'<blockquote style="border-left:2px solid #ccc;padding-left:8px">{inner}</blockquote>'
    if kind == "code":
        return f"<pre>{escape(paragraph[0].text)}</pre>"
    if look == "outlook":
        return f'<p class="MsoNormal">{inner}</p><p class="MsoNormal">&nbsp;</p>'
    if kind == "footer":
        return f'<p style="font-size:11px;color:#888">{inner}</p>'
    return f"<p>{inner}</p>"


def _inline(piece: Piece, look: str, colour: str) -> str:
    text = escape(piece.text).replace("\n", "<br>")
    if not piece.url:
        return text
    if look in {"corporate", "bulk"} and piece.kind == "action":
        style = f"display:inline-block;background:{colour};color:#ffffff;padding:12px 22px;border-radius:4px"
        return f'<a href="{escape(piece.url)}" style="{style}">{text}</a>'
    return f'<a href="{escape(piece.url)}">{text}</a>'
