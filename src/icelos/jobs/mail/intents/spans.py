"""Which sentence of a mail carries an intent."""

from __future__ import annotations

import re

import numpy as np

from icelos.jobs.mail.detector.model import MailModel
from icelos.jobs.mail.detector.vectors import folded, vectors
from icelos.jobs.mail.detector.view import plain_view

MAX_SENTENCES = 60
_END = re.compile(r"(?<=[.!?。！？])\s+|\n+")


def sentences(text: str) -> list[str]:
    """The first `MAX_SENTENCES` sentences or lines of a text that hold words."""
    return [one.strip() for one in _END.split(text[:20_000]) if len(one.split()) > 1 or len(one) > 20][
        :MAX_SENTENCES
    ]


def carrying_sentence(model: MailModel, text: str, intent: str) -> str:
    """The sentence of a text that speaks most for an intent; empty where it has none."""
    found = sentences(text)
    if not found:
        return ""
    place = list(model.card.intents).index(intent)
    rows = folded(vectors([plain_view("", one) for one in found]))
    return found[int(np.argmax(rows @ model.intents.weights[place]))][:500]
