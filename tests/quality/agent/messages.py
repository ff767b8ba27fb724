"""Findings of the job "mail", drawn from a seed, with some campaigns that belong together."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from tests.quality.agent.rows import NOW, Message
from tests.quality.agent.staff import PEOPLE, address

COUNT = 150
CEO = "ingrid.solheim@exec-mail.test"
"""Who writes in the name of Ingrid Solheim, chief executive."""
MAILBOX_FULL = "it-support@halmsund-mail.test"
SUPPLIER = "billing@nordkai-logistics.test"
_SYMBOLS = {
    "person-imitated": "the sender uses the name of one of your people",
    "reply-to-elsewhere": "answers go to another domain than the sender's",
    "link-text-mismatch": "a link shows another address than it opens",
    "link-asks-sign-in": "a link leads to a page that asks to sign in",
    "sender-cheap-ending": "the sender's domain is of an ending that costs next to nothing",
    "origin-failed": "the proof of the sender's origin failed",
    "own-domain-forged": "the sender claims to be of your own domain",
    "hidden-text": "there is text that a reader does not see",
    "link-shortener": "a link goes through a shortener",
    "letters-mixed": "letters of several alphabets are mixed in one word",
}
_SUBJECTS = {
    "credential-theft": ("Password expires today", "Shared file: Q4 plan", "Voice message waiting"),
    "payment-change": ("New bank details", "Updated account for settlement"),
    "invoice": ("Invoice 88213 overdue", "Order confirmation 55190", "Renewal of your licence"),
    "gift-cards": ("Quick favour", "Are you at your desk?"),
    "payroll-diversion": ("Change of my salary account",),
    "malicious-file": ("Scan_0412.html", "Updated CV", "Customs form attached"),
    "callback": ("Your subscription was renewed, call us",),
    "extortion": ("I have recorded you",),
    "reconnaissance": ("Can you reply?",),
    "prize": ("You have been selected",),
}
_SENDERS = (
    "accounts@portside-supplies.test", "no-reply@docs-share.test", "hr-desk@staff-forms.test",
    "service@parcel-hub.test", "office@freightline-news.test", "m.keller@konsult-partner.test",
    "support@secure-signin.test", "jobs@talent-bridge.test", "billing@license-renewal.test",
    "info@reward-center.test",
)  # fmt: skip


class _Campaign(NamedTuple):
    sender: str
    subject: str
    intents: tuple[str, ...]
    verdict: str
    begin: datetime
    recipients: Sequence[str]
    symbols: tuple[str, ...]


def _at(day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


_CAMPAIGNS = (
    _Campaign(
        MAILBOX_FULL, "Your mailbox is almost full", ("credential-theft",), "alert", _at(16, 9, 12),
        ("Mila Brandt", "Anna Berg", "Anna Berger", "Luca Ferri", "Emil Roth", "Tilda Frost", "Dag Utne",
         "Vera Kolar", "Judit Balla"),
        ("link-asks-sign-in", "link-text-mismatch", "sender-cheap-ending"),
    ),
    _Campaign(
        CEO, "Urgent and confidential", ("gift-cards", "reconnaissance"), "alert", _at(10, 13, 40),
        ("Stefan Krol", "Agnes Lund", "Ylva Norin", "Peter Haas"), ("person-imitated", "reply-to-elsewhere"),
    ),
    _Campaign(
        CEO, "Payment before noon", ("payment-change",), "alert", _at(18, 9, 31),
        ("Stefan Krol", "Fredrik Sand"), ("person-imitated", "reply-to-elsewhere", "origin-failed"),
    ),
    _Campaign(
        SUPPLIER, "Changed bank details from December", ("payment-change", "invoice"), "review", _at(5, 11,
            5),
        ("Bruno Caldas", "Agnes Lund", "Wilma Toft"), ("origin-failed",),
    ),
    _Campaign(
        "applications@cv-post.test", "Application as crew planner", ("malicious-file",), "alert", _at(13, 14,
        2),
        ("Carla Nunes", "Sanna Vik", "Beate Lang", "Maren Dahl"), ("hidden-text", "link-shortener"),
    ),
)  # fmt: skip


def messages(seed: int) -> list[Message]:
    """All of them, in the order of time. Those to HR of the campaign with applications are for soc and hr."""
    draw = random.Random(seed)
    found = [
        _sent(draw, one, name, number) for one in _CAMPAIGNS for number, name in enumerate(one.recipients)
    ]
    while len(found) < COUNT:
        found.append(_single(draw, len(found)))
    return sorted(found, key=lambda one: (one.time, one.record))


def _sent(draw: random.Random, campaign: _Campaign, name: str, number: int) -> Message:
    return Message(
        record=f"{campaign.subject.lower().replace(' ', '-')}-{number + 1}@mx.halmsund.example",
        verdict=campaign.verdict, intent=campaign.intents[0], intents=campaign.intents,
        sender=campaign.sender, recipients=(address(name),), subject=campaign.subject,
        time=campaign.begin + timedelta(minutes=3 * number),
        score=round(draw.uniform(0.9, 0.99) if campaign.verdict == "alert" else draw.uniform(0.55, 0.8), 4),
        symbols=_symbols(draw, campaign.symbols),
        groups=("soc", "hr") if campaign.intents == ("malicious-file",) else (),
    )  # fmt: skip


def _single(draw: random.Random, number: int) -> Message:
    intent = draw.choice(sorted(_SUBJECTS))
    verdict = draw.choice(("alert", "alert", "review"))
    days = draw.randrange(1, 28)
    moment = (NOW - timedelta(days=days)).replace(hour=9 + draw.randrange(12), minute=5 + draw.randrange(50))
    if draw.random() < 0.04:
        moment = NOW.replace(hour=draw.randrange(1, 8), minute=draw.randrange(60))
    others = draw.sample(PEOPLE, draw.choice((1, 1, 1, 1, 2, 3)))
    return Message(
        record=f"m{number:04d}@mx.halmsund.example", verdict=verdict, intent=intent, intents=(intent,),
        sender=draw.choice(_SENDERS), recipients=tuple(one.address for one in others),
        subject=draw.choice(_SUBJECTS[intent]), time=moment,
        score=round(draw.uniform(0.86, 0.99) if verdict == "alert" else draw.uniform(0.5, 0.85), 4),
        symbols=_symbols(draw, draw.sample(sorted(set(_SYMBOLS) - {"person-imitated"}), draw.choice((1, 2,
            3)))),
    )  # fmt: skip


def _symbols(draw: random.Random, names: Sequence[str]) -> tuple[tuple[str, float, str], ...]:
    """Symbols with their weight and what they say, the heaviest first."""
    found = [(name, round(draw.uniform(0.8, 3.5), 2), _SYMBOLS[name]) for name in names]
    return tuple(sorted(found, key=lambda one: -one[1]))
