"""Paragraphs that want nothing, for long mails of either sort: earlier mails, neighbours in a newsletter."""

from __future__ import annotations

import random

from icelos.jobs.mail.synthesis.bank import Bank
from icelos.jobs.mail.synthesis.layout import Paragraph, Piece
from icelos.jobs.mail.synthesis.longer import blocks
from icelos.jobs.mail.synthesis.personas import Values
from icelos.jobs.mail.synthesis.synthetic import Scene

_TOPICS = {
    "corporate": ("work", "account-notice", "receipt", "meeting", "newsletter"),
    "bulk": ("newsletter", "receipt", "shipping", "account-notice"),
    "personal": ("work", "personal", "community", "meeting"),
    "terse": ("work", "meeting", "community"),
}

OWN_TOPIC = 0.7
FROM_GRAMMAR = 0.6
PARAGRAPHS = (1, 1, 2, 2, 3, 4, 6, 10, 16)
"""How many paragraphs or blocks: most mails get a few, some get very long."""


def filler(bank: Bank, scene: Scene, values: Values, rng: random.Random) -> list[Paragraph]:
    """Some paragraphs: long text of the grammar, or harmless scenes of the same language.

    A harmless scene is lengthened by its own topic, a malicious one by a topic of its style.
    """
    topics = _TOPICS[scene.style]
    own = rng.random() < OWN_TOPIC and not scene.malicious
    topic = scene.intent if own else rng.choice(topics)
    number = rng.choice(PARAGRAPHS)
    if rng.random() < FROM_GRAMMAR and (found := blocks(topic, number, values, rng)):
        return found
    scenes = [one for topic in topics for one in bank.of(scene.language, topic)]
    return [_paragraph(rng.choice(scenes), values, rng) for _ in range(number)] if scenes else []


def _paragraph(scene: Scene, values: Values, rng: random.Random) -> Paragraph:
    phrases = [
        rng.choice(scene.openers),
        *rng.sample(scene.details, min(len(scene.details), rng.randint(1, 2))),
    ]
    return [Piece(values.fill(phrase)) for phrase in phrases if "{link}" not in phrase]
