"""Bonds between columns: whose values come together, found from a sample and looked for in another.

Columns are arrays of codes of exact values. A pair of columns is a *bond* where rows repeat each other's
combinations far more often than they would if the second value was drawn by itself: a user and a device, a
device and its system. It is *functional* where rows with the same first value have the same second one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
SEEN = 0.9
"""Share of rows whose combination another row of the sample has, too."""
LIFT = 0.2
"""By how much that share must be above the one of values drawn independently."""
SUPPORT = 0.1
"""Share of rows whose first value comes again; the others say nothing."""
FUNCTIONAL = 0.98


class Bond(NamedTuple):
    """Columns by number. `seen` of rows whose first value comes again have a combination that does;
    `chance` would, if the second value was independent; `agree` is how often two rows with the same first
    value have the same second."""

    left: int
    right: int
    seen: float
    chance: float
    agree: float


class Counts(NamedTuple):
    """The combinations of two columns: their codes, how often each comes, and its first value."""

    left: Codes
    right: Codes
    n: Codes


def combinations(left: Codes, right: Codes) -> Counts:
    """The different (left, right) pairs with their numbers, ordered by left."""
    size = int(right.max(initial=0)) + 1
    keys, n = np.unique(left * size + right, return_counts=True)
    return Counts(keys // size, keys % size, n)


def find_bond(left: Codes, right: Codes, numbers: tuple[int, int]) -> Bond | None:
    """The bond of two columns of the same rows, None where there is none."""
    found = combinations(left, right)
    of_left = np.bincount(found.left, weights=found.n)
    repeated = of_left[found.left] >= 2
    total = float(found.n[repeated].sum())
    if total < max(20.0, SUPPORT * len(left)):
        return None
    n, totals = found.n[repeated], of_left[found.left[repeated]]
    seen = float(n[n >= 2].sum()) / total
    if seen < SEEN:
        return None
    share = np.bincount(found.right, weights=found.n) / len(left)
    reached = np.bincount(found.left, weights=share[found.right])
    chance = float((reached[found.left[repeated]] * n).sum()) / total
    if chance > seen - LIFT:
        return None
    agree = float((n * (n - 1) / (totals - 1)).sum()) / total
    return Bond(*numbers, seen, chance, agree)


def kept(known: Counts, left: Codes, right: Codes) -> tuple[int, int]:
    """Of rows both of whose values are known: how many have a known combination, and how many there are.

    New values say nothing here: honest rows may have new sessions, and new files.
    """
    eligible = np.isin(left, known.left) & np.isin(right, known.right)
    if not eligible.any():
        return 0, 0
    size = int(max(right.max(initial=0), known.right.max(initial=0))) + 1
    good = np.isin(left[eligible] * size + right[eligible], known.left * size + known.right)
    return int(good.sum()), int(eligible.sum())


def agreement(left: Codes, right: Codes) -> tuple[float, int]:
    """How often two rows with the same first value have the same second; and of how many rows."""
    found = combinations(left, right)
    of_left = np.bincount(found.left, weights=found.n)[found.left]
    repeated = of_left >= 2
    rows = int(found.n[repeated].sum())
    if not rows:
        return float("nan"), 0
    n = found.n[repeated]
    return float((n * (n - 1) / (of_left[repeated] - 1)).sum()) / rows, rows
