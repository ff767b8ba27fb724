"""What a measure is: a figure of the synthetic rows, and the same figure of real rows in their place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from icelos.jobs.logs.evaluation.table import Part

Figures = Mapping[str, float]
"""Name of a measure -> its value; NaN or absent where it could not be taken."""


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """`ceiling` is the value of real rows, `noise` how much two samples of real rows differ (a standard
    error). None for what could not be taken; `note` says why, or on what."""

    name: str
    value: float | None = None
    ceiling: float | None = None
    noise: float = 0.0
    note: str = ""


class Round(msgspec.Struct, frozen=True):
    """As many rows each: synthetic, real ones in their place, and real ones that both are held against."""

    synthetic: Part
    real: Part
    reference: Part


def measure(
    name: str, pairs: Sequence[tuple[float, float]], *, noise: float | None = None, note: str = ""
) -> Measure:
    """One measure of (value, ceiling) by round. Without `noise` it is the spread of the ceilings."""
    values = [value for value, _ in pairs if math.isfinite(value)]
    ceilings = [ceiling for _, ceiling in pairs if math.isfinite(ceiling)]
    spread = float(np.std(ceilings, ddof=1)) if len(ceilings) > 1 else 0.0
    return Measure(
        name=name,
        value=rounded(float(np.mean(values))) if values else None,
        ceiling=rounded(float(np.mean(ceilings))) if ceilings else None,
        noise=rounded(spread if noise is None else noise) or 0.0,
        note=note,
    )


def rounded(value: float) -> float | None:
    """To five places; None for what is not finite, which JSON cannot hold."""
    return round(value, 5) if math.isfinite(value) else None


def share_noise(share: float, n: int) -> float:
    """Standard error of the difference of two shares of `n` rows; none is taken for 1 in n."""
    if not n or not math.isfinite(share):
        return 0.0
    bounded = min(max(share, 1 / n), 1 - 1 / n) if n > 2 else 0.5
    return math.sqrt(2 * bounded * (1 - bounded) / n)
