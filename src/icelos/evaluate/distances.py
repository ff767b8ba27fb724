"""How far two samples of categories are apart, and how much two columns of one sample hang together.

Columns are arrays of small codes, counted from 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]


def total_variation(left: Codes, right: Codes) -> float:
    """Half the sum of the differences between the shares of each code: 0 alike, 1 nothing in common."""
    if not len(left) or not len(right):
        return float("nan")
    size = int(max(left.max(), right.max())) + 1
    shares = np.bincount(left, minlength=size) / len(left) - np.bincount(right, minlength=size) / len(right)
    return float(np.abs(shares).sum() / 2)


def joint(left: Codes, right: Codes) -> Codes:
    """One code for each pair of codes; both columns must be of the same rows."""
    return left * (int(right.max(initial=0)) + 1) + right


def association(left: Codes, right: Codes) -> float:
    """Cramér's V with the correction of bias by Bergsma (2013): 0 independent, 1 the one tells the other."""
    n = len(left)
    _, left = np.unique(left, return_inverse=True)
    _, right = np.unique(right, return_inverse=True)
    rows, columns = int(left.max(initial=0)) + 1, int(right.max(initial=0)) + 1
    if n < 2 or rows < 2 or columns < 2:
        return 0.0
    table = np.bincount(joint(left, right), minlength=rows * columns).reshape(rows, columns)
    expected = table.sum(1)[:, None] * table.sum(0)[None, :] / n
    phi = float(((table - expected) ** 2 / expected).sum() / n)
    corrected = max(0.0, phi - (rows - 1) * (columns - 1) / (n - 1))
    narrow = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return float(min(1.0, np.sqrt(corrected / narrow))) if narrow > 0 else 0.0
