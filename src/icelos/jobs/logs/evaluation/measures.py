"""What a measure is: a figure of the synthetic rows, and the same figure of real rows in their place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

Figures = Mapping[str, float]
"""Name of a measure -> its value; NaN or absent where it could not be taken."""


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """`ceiling` is the value of real rows, `relative` the value's share of it, `noise` how much two samples
    of real rows differ (a standard error). None for what could not be taken; `note` says why, or on what."""

    name: str
    value: float | None = None
    ceiling: float | None = None
    relative: float | None = None
    noise: float = 0.0
    note: str = ""


def measure(
    name: str, pairs: Sequence[tuple[float, float]], *, noise: float | None = None, note: str = ""
) -> Measure:
    """One measure of (value, ceiling) by round. Without `noise` it is the spread of the ceilings."""
    value, ceiling = (_mean(side) for side in zip(*pairs, strict=True))
    return Measure(
        name=name,
        value=rounded(value),
        ceiling=rounded(ceiling),
        relative=rounded(value / ceiling) if ceiling else None,
        noise=rounded(spread([ceiling for _, ceiling in pairs]) if noise is None else noise) or 0.0,
        note=note,
    )


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return float(np.mean(finite)) if finite else math.nan


def spread(values: Sequence[float]) -> float:
    """Standard deviation of the finite ones, 0 for fewer than two."""
    finite = [value for value in values if math.isfinite(value)]
    return float(np.std(finite, ddof=1)) if len(finite) > 1 else 0.0


def rounded(value: float) -> float | None:
    """To five places; None for what is not finite, which JSON cannot hold."""
    return round(value, 5) if math.isfinite(value) else None


def share_noise(share: float, n: int) -> float:
    """Standard error of the difference of two shares of `n` rows; none is taken for 1 in n."""
    if not n or not math.isfinite(share):
        return 0.0
    bounded = min(max(share, 1 / n), 1 - 1 / n) if n > 2 else 0.5
    return math.sqrt(2 * bounded * (1 - bounded) / n)
