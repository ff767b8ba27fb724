"""How a mail looks, drawn without knowing what it wants: length, order, layout, register.

Malicious and harmless mail draw from the same odds, so that looks tell nothing (tests/.../test_compose.py).
"""

from __future__ import annotations

import random

import msgspec

from icelos.jobs.mail.synthesis.dice import Odds

SIZES = Odds({"line": 0.07, "short": 0.30, "medium": 0.38, "long": 0.25})
LOOKS = Odds({"plain": 0.46, "simple": 0.16, "outlook": 0.1, "corporate": 0.14, "bulk": 0.12, "image": 0.02})
ORDERS = Odds(
    {
        "opener detail pressure ask": 30,
        "opener ask detail pressure": 12,
        "opener detail ask pressure": 16,
        "ask opener detail pressure": 6,
        "pressure opener detail ask": 6,
        "opener pressure ask detail": 10,
        "detail opener ask pressure": 5,
        "opener pressure detail ask": 10,
    }
)
EXTENSIONS = Odds({"": 0.66, "quoted": 0.14, "within": 0.2})
PARAGRAPHS = Odds({"each": 0.35, "parts": 0.45, "one": 0.2})

LINKED = 0.65
"""Share of mails that show a link: the scene's own, or else one to the sender's site."""


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """How carefully a mail is written. `typos` is a share of words."""

    typos: float = 0.0
    lower: bool = False
    bare: bool = False
    no_accents: bool = False
    capital_subject: bool = False
    emoji: bool = False
    loud: bool = False
    spaced: bool = False


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """The look of one mail."""

    size: str
    look: str
    order: tuple[str, ...]
    extension: str
    paragraphs: str
    greeting: bool
    signoff: bool
    signature: bool
    footers: int
    linked: bool
    wrapped: bool
    alternative: bool
    facts: int
    link_style: int
    reply_mark: str
    subject_tail: bool
    register: Register


def draw_form(rng: random.Random) -> Form:
    """A form by the odds above."""
    size = SIZES.draw(rng)
    return Form(
        size=size,
        look=LOOKS.draw(rng),
        order=tuple(ORDERS.draw(rng).split()),
        extension="" if size == "line" else EXTENSIONS.draw(rng),
        paragraphs=PARAGRAPHS.draw(rng),
        greeting=size != "line" and rng.random() < 0.85,
        signoff=rng.random() < (0.4 if size == "line" else 0.85),
        signature=size != "line" and rng.random() < 0.35,
        footers=0 if size == "line" else rng.choice((0, 0, 0, 1, 1, 2)),
        linked=rng.random() < LINKED,
        wrapped=rng.random() < 0.35,
        alternative=rng.random() < 0.6,
        facts=0 if size == "line" else rng.choices((0, 2, 3, 4), (78, 9, 8, 5))[0],
        link_style=rng.randrange(6),
        reply_mark=rng.choice(("Re: ", "RE: ", "Fwd: ", "FW: ", "AW: ")) if rng.random() < 0.1 else "",
        subject_tail=rng.random() < 0.12,
        register=draw_register(rng),
    )


def draw_register(rng: random.Random) -> Register:
    """Mostly careful; now and then hasty, loud or broken."""
    return Register(
        typos=rng.choices((0.0, 0.015, 0.06), (70, 22, 8))[0],
        lower=rng.random() < 0.04,
        bare=rng.random() < 0.1,
        no_accents=rng.random() < 0.08,
        capital_subject=rng.random() < 0.05,
        emoji=rng.random() < 0.06,
        loud=rng.random() < 0.05,
        spaced=rng.random() < 0.02,
    )
