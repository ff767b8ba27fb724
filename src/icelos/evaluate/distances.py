"""How far two samples of categories are apart, and how much two columns of one sample hang together.

Columns are arrays of small codes, counted from 0.
"""

from __future__ import annotations

from typing import Any

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
    """How much two columns of the same rows depend on each other, by `cramers_v`."""
    if not len(left):
        return 0.0
    rows, columns = int(left.max()) + 1, int(right.max()) + 1
    table = np.bincount(joint(left, right), minlength=rows * columns).reshape(rows, columns)
    return float(cramers_v(table[table.any(1)][:, table.any(0)][None])[0])


def pair_counts(codes: Codes, size: int) -> NDArray[np.float64]:
    """How often two columns have two codes together, for all pairs of columns at once.

    `codes` is of one line a column, codes are below `size`; the result of columns x columns x size x size.
    """
    number, rows = codes.shape
    marks = np.zeros((rows, number * size), np.float32)
    marks[np.arange(rows)[:, None], codes.T + size * np.arange(number)] = 1
    counts = (marks.T @ marks).reshape(number, size, number, size)  # whole numbers: exact below 2**24 rows
    return counts.transpose(0, 2, 1, 3).astype(np.float64)


def cramers_v(tables: NDArray[Any]) -> NDArray[np.float64]:
    """Cramér's V with the correction of bias by Bergsma (2013): 0 independent, 1 the one tells the other.

    `tables` are counts, (..., rows, columns); the result has the shape (...). Codes that never come are left
    out.
    """
    by_row, by_column = tables.sum(-1), tables.sum(-2)
    n = by_row.sum(-1)
    rows, columns = (by_row > 0).sum(-1), (by_column > 0).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = by_row[..., :, None] * by_column[..., None, :] / n[..., None, None]
        off = np.where(expected > 0, (tables - expected) ** 2 / expected, 0.0)
        phi = off.sum((-1, -2)) / n
        corrected = np.maximum(0.0, phi - (rows - 1) * (columns - 1) / (n - 1))
        narrow = np.minimum(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
        found = np.minimum(1.0, np.sqrt(corrected / narrow))
    return np.where((n >= 2) & (rows >= 2) & (columns >= 2) & (narrow > 0), found, 0.0)
