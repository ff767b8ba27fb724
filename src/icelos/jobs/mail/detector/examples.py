"""Mails as examples to learn from: real ones with a label, and synthetic ones with their intents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from icelos.jobs.mail.detector.anatomy import anatomy
from icelos.jobs.mail.detector.meaning import meanings
from icelos.jobs.mail.detector.train import Examples
from icelos.jobs.mail.detector.vectors import vectors
from icelos.jobs.mail.detector.view import view
from icelos.jobs.mail.intents.taxonomy import ALL
from icelos.jobs.mail.reading.message import Message, read_message
from icelos.jobs.mail.synthesis.envelope import to_message
from icelos.jobs.mail.synthesis.synthetic import SyntheticMail
from icelos.llm.encoder import Encoder


class Labelled(NamedTuple):
    """A real mail: 1 for malicious, and the name of those it stands or falls with in a split.

    `built` is false for a text in an envelope that somebody made up: its links and sender tell nothing.
    """

    message: Message
    label: int
    group: str
    intents: Sequence[str] = ()
    built: bool = True


def examples_of(
    mails: Sequence[Labelled], encoder: Encoder | None = None, *, weight: float = 1.0
) -> Examples:
    """Real mails as numbers; nothing of their text is kept."""
    views = [view(mail.message) for mail in mails]
    return Examples(
        vectors(views),
        np.stack([anatomy(mail.message) for mail in mails]),
        meanings(views, encoder) if encoder is not None else None,
        np.array([mail.label for mail in mails], np.int8),
        np.stack([intent_row(mail.intents) for mail in mails]),
        [mail.group for mail in mails],
        np.zeros(len(mails), np.bool_),
        np.array([mail.built for mail in mails], np.bool_),
        np.full(len(mails), weight, np.float32),
    )


def synthetic_examples(
    mails: Iterable[SyntheticMail], encoder: Encoder | None = None, *, weight: float = 1.0
) -> Examples:
    """Synthetic mails as numbers; a scene is one group, so that no phrase is on both sides of a split."""
    made = list(mails)
    read = [
        Labelled(
            read_message(to_message(mail)), int(mail.malicious), f"{mail.language}/{mail.scene}", mail.intents
        )
        for mail in made
    ]
    found = examples_of(read, encoder, weight=weight)
    return found._replace(simulated=np.ones(len(made), np.bool_))


def intent_row(intents: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.int8]]:
    """1 at the places of the intents; shape (len(ALL),)."""
    return np.array([name in intents for name in ALL], np.int8)
