"""How far each person's votes are to be trusted: by how often others, asked alike, voted likewise.

    agreement of a vote = what others support of its document, near its question, / what they support there
    trust of a person   = min(1, (mean agreement / the median of all people's) ^ 2)

The means are shrunk towards PRIOR by WEIGHT votes, so that a newcomer is neither trusted blindly nor ignored,
and the trust of the others weighs their support, in ROUNDS rounds (an agreement model in the manner of Dawid
and Skene, 1979). Who votes at random or against the group counts for little; those who agree with each other
only are held by the cap and by their number.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

PRIOR, WEIGHT = 0.2, 5.0
ROUNDS = 3
SEEN = 0.05
"""Support of others below which a vote can be compared with nothing."""
LEAST_PEOPLE = 3
"""Of fewer people none can be told to be the odd one."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def trust(
    alike: NDArray[np.float32], query: Integers, document: Integers, voter: Integers, value: Floats
) -> Floats:
    """One number from 0 to 1 for each voter.

    `alike` are the kernels of the questions, shape (questions, questions); the others have one entry a vote.
    """
    people = int(voter.max()) + 1 if len(voter) else 0
    trusted = np.ones(people)
    if people < LEAST_PEOPLE:
        return trusted
    for _ in range(ROUNDS):
        sums, counts = np.zeros(people), np.zeros(people)
        for person, shares in _agreements(alike, query, document, voter, value * trusted[voter]):
            sums[person] += shares.sum()
            counts[person] += len(shares)
        means = (sums + PRIOR * WEIGHT) / (counts + WEIGHT)
        trusted = np.minimum(1.0, (means / np.median(means)) ** 2)
    return trusted


def _agreements(
    alike: NDArray[np.float32], query: Integers, document: Integers, voter: Integers, value: Floats
) -> Iterator[tuple[int, Floats]]:
    """For each person, how far the others agree with each of their votes in favour."""
    for person in range(int(voter.max()) + 1):
        own, others = voter == person, voter != person
        mine = np.flatnonzero(own & (value > 0))
        asked = np.unique(query[mine])
        support = np.zeros((len(asked), int(document.max()) + 1))
        weights = alike[asked][:, query[others]] * value[others]
        np.add.at(support.T, document[others], weights.T)
        support = np.maximum(support, 0.0)
        whole = support.sum(1)
        rows = np.searchsorted(asked, query[mine])
        seen = whole[rows] > SEEN
        yield person, support[rows, document[mine]][seen] / whole[rows][seen]
