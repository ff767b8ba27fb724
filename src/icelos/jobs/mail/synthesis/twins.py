"""The harmless twin of a malicious mail: same people, brand, topic and looks; only what is asked differs."""

from __future__ import annotations

import msgspec

from icelos.errors import InputError
from icelos.jobs.mail.intents.taxonomy import BENIGN
from icelos.jobs.mail.synthesis.bank import Bank, load_bank
from icelos.jobs.mail.synthesis.compose import Composer
from icelos.jobs.mail.synthesis.dice import pick
from icelos.jobs.mail.synthesis.personas import Persona
from icelos.jobs.mail.synthesis.synthetic import Scene, SyntheticMail

NEAREST: dict[str, tuple[str, ...]] = {
    "credential-theft": ("security-notice", "account-notice", "password-reset"),
    "payment-change": ("work", "invoice-genuine"),
    "invoice": ("invoice-genuine", "receipt"),
    "gift-cards": ("work", "newsletter"),
    "crypto": ("account-notice", "newsletter"),
    "payroll-diversion": ("work", "account-notice"),
    "personal-data": ("account-notice", "work"),
    "callback": ("receipt", "account-notice"),
    "extortion": ("security-notice", "personal"),
    "advance-fee": ("personal", "newsletter"),
    "job-scam": ("job-genuine",),
    "malicious-file": ("work", "invoice-genuine", "meeting"),
    "reconnaissance": ("work", "meeting"),
    "prize": ("newsletter", "receipt"),
    "unsolicited-offer": ("newsletter", "community"),
}
"""Harmless topics next to an intent, for scenes that have no twin of their own."""


def twin_scene(bank: Bank, scene: Scene, seed: int) -> Scene:
    """A harmless scene for a malicious one: its own twin, else one of a near topic, else of any, of the same
    style where there is one.

    Raises InputError where the language has no harmless scene.
    """
    own = bank.twins(scene)
    if own:
        return pick(own, seed, "twin")
    near = [one for topic in NEAREST.get(scene.intent, ()) for one in bank.of(scene.language, topic)]
    near = near or [one for topic in BENIGN for one in bank.of(scene.language, topic)]
    same = [one for one in near if one.style == scene.style] or near
    if not same:
        raise InputError(f"no harmless phrases next to {scene.intent!r} in language {scene.language!r}")
    return pick(same, seed, "twin")


def twin_of(
    mail: SyntheticMail, *, persona: Persona | None = None, bank: Bank | None = None
) -> SyntheticMail:
    """The twin of a composed mail. Give the persona that the mail was made with. Raises InputError."""
    bank = bank or load_bank()
    try:
        original = bank.named(mail.language, mail.scene)
    except KeyError:
        raise InputError(f"no scene called {mail.scene!r} in language {mail.language!r}") from None
    scene = twin_scene(bank, original, mail.seed)
    made = Composer(bank, scene, mail.seed, persona or Persona(), like=original).mail()
    return msgspec.structs.replace(made, id=f"{made.id}:twin", twin_of=mail.id)
