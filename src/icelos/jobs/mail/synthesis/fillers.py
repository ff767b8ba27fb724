"""Paragraphs that want nothing, for long mails of either sort: earlier mails, neighbours in a newsletter."""

from __future__ import annotations

import random

from icelos.jobs.mail.synthesis.bank import Bank
from icelos.jobs.mail.synthesis.layout import Paragraph, Piece
from icelos.jobs.mail.synthesis.personas import Values
from icelos.jobs.mail.synthesis.synthetic import Scene

_TOPICS = {
    "corporate": ("work", "account-notice", "receipt", "meeting", "newsletter"),
    "bulk": ("newsletter", "receipt", "shipping", "account-notice"),
    "personal": ("work", "personal", "community", "meeting"),
    "terse": ("work", "meeting", "community"),
}


def filler(bank: Bank, scene: Scene, values: Values, rng: random.Random) -> list[Paragraph]:
    """One to four paragraphs out of harmless scenes of the same language; none where it has none."""
    topics = _TOPICS[scene.style]
    scenes = [one for topic in topics for one in bank.of(scene.language, topic)]
    if not scenes:
        return []
    return [_paragraph(rng.choice(scenes), values, rng) for _ in range(rng.choice((1, 2, 2, 3, 4)))]


def _paragraph(scene: Scene, values: Values, rng: random.Random) -> Paragraph:
    phrases = [
        rng.choice(scene.openers),
        *rng.sample(scene.details, min(len(scene.details), rng.randint(1, 2))),
    ]
    return [Piece(values.fill(phrase)) for phrase in phrases if "{link}" not in phrase]
