"""Measures of ranked answers, and how sure a mean is."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence

import msgspec
import numpy as np


class Estimate(msgspec.Struct, frozen=True):
    """A mean with its bootstrap interval. `n` is the number of cases."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}] n={self.n}"


def recall_at(ranked: Sequence[str], gold: Collection[str], k: int) -> float:
    """1 where any gold document is among the first `k`, else 0 (also called hit rate or success@k)."""
    return float(any(document in gold for document in ranked[:k]))


def reciprocal_rank(ranked: Sequence[str], gold: Collection[str]) -> float:
    """1 / rank of the first gold document, 0 where there is none."""
    return next((1 / rank for rank, document in enumerate(ranked, 1) if document in gold), 0.0)


def ndcg_at(ranked: Sequence[str], gold: Collection[str], k: int) -> float:
    """Normalised discounted cumulative gain with gains of 0 and 1 (Järvelin and Kekäläinen, 2002)."""
    gain = sum(1 / math.log2(rank + 1) for rank, document in enumerate(ranked[:k], 1) if document in gold)
    best = sum(1 / math.log2(rank + 1) for rank in range(1, min(len(gold), k) + 1))
    return gain / best if best else 0.0


def estimate(
    values: Sequence[float], *, confidence: float = 0.95, rounds: int = 1000, seed: int = 0
) -> Estimate:
    """Mean and percentile bootstrap interval (Efron, 1979) of one number a case."""
    data = np.asarray(values, np.float64)
    if not len(data):
        return Estimate(math.nan, math.nan, math.nan, 0)
    picks = np.random.default_rng(seed).integers(0, len(data), (rounds, len(data)))
    low, high = np.quantile(data[picks].mean(1), [(1 - confidence) / 2, (1 + confidence) / 2])
    return Estimate(float(data.mean()), float(low), float(high), len(data))


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927); (0, 1) for none."""
    if not n:
        return 0.0, 1.0
    z = 1.959964
    share = hits / n
    middle = share + z * z / (2 * n)
    reach = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, (middle - reach) / (1 + z * z / n)), min(1.0, (middle + reach) / (1 + z * z / n))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of the values do not exceed, interpolated; NaN for none."""
    return float(np.quantile(np.asarray(values, np.float64), share)) if len(values) else math.nan


Measure = Callable[[Sequence[str], Collection[str]], float]
"""What a ranking is worth against the gold documents."""
