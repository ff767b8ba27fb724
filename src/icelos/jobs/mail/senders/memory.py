"""Sketches of senders, of organisations and of all together: how a mail is compared and learnt.

`Memory` holds them in the process, for replays and tests; the shared store is in `store`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from icelos.jobs.mail.senders.departure import fit, surprises
from icelos.jobs.mail.senders.facts import Facts
from icelos.jobs.mail.senders.sketch import Sketch

LEAST_WRITTEN = 3.0
"""Mails with words after which it is worth knowing how a new one fits."""


def learn(facts: Facts, own: Sketch, organisation: Sketch | None, everyone: Sketch, share: float) -> None:
    """Add a mail to its sketches. Of its sender it is first seen how well it fits, without itself."""
    fits = fit(facts, own, everyone) if own.written >= LEAST_WRITTEN else None
    own.add(facts, fits, share=share)
    everyone.add(facts, fits, share=share)
    if organisation is not None:
        organisation.add(facts, share=share)


def sender_key(facts: Facts, proven: bool | None = None) -> bytes:
    """Mail that is proven to be of the sender's domain is kept apart from mail that only says so."""
    return facts.sender + (b"+" if (facts.proven if proven is None else proven) else b"-")


PROVEN_ENOUGH = 5


def chosen(proven: Sketch | None, claimed: Sketch | None) -> tuple[Sketch, bool]:
    """The sketch to compare with, and whether it is the proven one, which mere claims cannot crowd out."""
    if proven is not None and (
        proven.mails >= PROVEN_ENOUGH or claimed is None or proven.mails >= claimed.mails
    ):
        return proven, True
    return claimed or Sketch(), False


class Memory:
    """All sketches in one process; nothing is bounded or kept."""

    def __init__(self) -> None:
        self.senders: dict[bytes, Sketch] = {}
        self.organisations: dict[bytes, Sketch] = {}
        self.everyone = Sketch(wide=True)

    def sketch(self, facts: Facts) -> Sketch:
        """The sketch that a mail is compared with."""
        proven = self.senders.get(sender_key(facts, proven=True))
        return chosen(proven, self.senders.get(sender_key(facts, proven=False)))[0]

    def parts(self, facts: Facts) -> NDArray[np.float64]:
        """The surprises of a mail, (parts,)."""
        return surprises(facts, self.sketch(facts), self.everyone)

    def observe(self, facts: Facts, share: float = 1.0) -> None:
        """Learn a mail."""
        own = self.senders.setdefault(sender_key(facts), Sketch())
        organisation = None
        if facts.organisation:
            organisation = self.organisations.setdefault(facts.organisation, Sketch(style=False))
        learn(facts, own, organisation, self.everyone, share)
