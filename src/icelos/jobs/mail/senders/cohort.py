"""Other senders to measure a mail against: who writes like someone else writes unlike the sender.

Speaker recognition knows this as cohort normalisation: a text that fits everyone says little, one that fits
others better than its sender says much.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from icelos.jobs.mail.senders.facts import Facts
from icelos.jobs.mail.senders.sketch import Sketch
from icelos.jobs.mail.senders.style import SLICES

SIZE = 48
LEAST = 5
LEAST_MAILS = 8
"""Mails of a sender that is good enough to measure against."""
BACK_OFF = 100.0
"""Tokens of what all senders write that are mixed into what one writes."""


class Cohort:
    """The tables of some senders as log-ratios to those of all: shape (senders, buckets)."""

    def __init__(self, senders: Mapping[bytes, Sketch], everyone: Sketch) -> None:
        self._background = _background(everyone.tables)
        self.keys = tuple(senders)
        rows = [self._ratios(sketch.tables) for sketch in senders.values()]
        self._rows = np.stack(rows) if rows else np.zeros((0, len(self._background)), dtype=np.float32)

    def against(
        self, facts: Facts, own: Sketch, leave_out: frozenset[bytes] = frozenset()
    ) -> NDArray[np.float64]:
        """For each table how many deviations others fit better on the mean, by how much the best three do,
        and the share that fit better: (3 * tables,). Nothing but zeros where there are too few others.
        """
        out = leave_out | {facts.sender}
        kept = [place for place, key in enumerate(self.keys) if key not in out]
        rows = self._rows if len(kept) == len(self.keys) else self._rows[kept]
        if len(rows) < LEAST:
            return np.zeros(3 * len(SLICES))
        counts, mine = facts.tables, self._ratios(own.tables)
        roots = np.sqrt([max(float(counts[part].sum()), 1e-9) for part in SLICES.values()])
        fits = np.array([float(mine[part] @ counts[part]) for part in SLICES.values()]) / roots
        theirs = np.stack([rows[:, part] @ counts[part] for part in SLICES.values()]) / roots[:, None]
        return _compared(fits, theirs)

    def _ratios(self, tables: NDArray[np.float32]) -> NDArray[np.float32]:
        ratios = np.empty_like(tables)
        for part in SLICES.values():
            background = self._background[part]
            chance = (tables[part] + BACK_OFF * background) / (tables[part].sum() + BACK_OFF)
            ratios[part] = np.log(chance / background)
        return ratios


def _background(tables: NDArray[np.float32]) -> NDArray[np.float32]:
    found = np.empty_like(tables)
    for part in SLICES.values():
        found[part] = (tables[part] + 0.1) / (tables[part].sum() + 0.1 * len(tables[part]))
    return found


def _compared(fits: NDArray[np.float64], theirs: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sender's fits, (tables,), against those of others, (tables, others)."""
    best = np.sort(theirs, axis=1)[:, -3:].mean(axis=1)
    deviations = (theirs.mean(axis=1) - fits) / (theirs.std(axis=1) + 0.1)
    rank = (theirs > fits[:, None]).mean(axis=1)
    return np.stack([deviations, best - fits, rank], axis=1).ravel()
