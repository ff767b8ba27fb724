"""From whose mailbox a simulated mail comes."""

from __future__ import annotations

import random

from icelos.jobs.mail.synthesis import addresses
from icelos.jobs.mail.synthesis.dice import Odds
from icelos.jobs.mail.synthesis.personas import Values
from icelos.jobs.mail.synthesis.synthetic import Scene
from icelos.jobs.mail.synthesis.words import parts

_PERSONAL_SHAPES = Odds({"free": 45, "look": 20, "site": 15, "own": 20})
_COMPANY_SHAPES = Odds({"free": 12, "look": 38, "site": 32, "own": 18})
_AT_WORK = frozenset({"work", "meeting", "bounce"})


def sender_address(scene: Scene, name: str, values: Values, rng: random.Random) -> str:
    """An address for a display name."""
    person = scene.style in {"personal", "terse"}
    if values.hostile:
        return _hostile(person, name, values, rng)
    if scene.intent == "personal" or (person and rng.random() < 0.15):
        return addresses.free_address(name, rng)
    if scene.intent in _AT_WORK:
        return f"{_box(person, name, rng)}@{values.domain}"
    sub = rng.choice(("", "", "", "mail.", "news.", "e.", "info."))
    return f"{_box(person, name, rng)}@{sub if not person else ''}{values.home}"


def _hostile(person: bool, name: str, values: Values, rng: random.Random) -> str:
    kind = (_PERSONAL_SHAPES if person else _COMPANY_SHAPES).draw(rng)
    if kind == "free":
        return addresses.free_address(name, rng)
    if kind == "look":
        return f"{_box(person, name, rng)}@{addresses.lookalike(values.claimed, rng)}"
    if kind == "site":
        return f"{_box(person, name, rng)}@{addresses.small_site(rng, values['vendor'])}"
    return f"{_box(person, name, rng)}@{values.domain if person else values.home}"


def _box(person: bool, name: str, rng: random.Random) -> str:
    """The part before the @."""
    if not person:
        return rng.choice(parts().boxes)
    names = [addresses.slug(part) for part in name.split()[:2]] or ["info"]
    return ".".join(names) if rng.random() < 0.7 else names[0][:1] + names[-1]
