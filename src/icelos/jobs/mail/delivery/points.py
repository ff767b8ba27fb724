"""Log-odds as the points that mail servers know: 0 for a mail that nothing speaks of, 5.0 from the threshold.

A weight w of a symbol counts w * 5 / (logit(threshold) - bias) points, so that the points of all symbols sum
to the score. Where the threshold lies at or below the bias, a point is a unit of log-odds instead, and
`BASE` stands for what is missing. Points are counted in hundredths: what is shown sums exactly.
"""

from __future__ import annotations

import math
import re

import msgspec

from icelos.jobs.mail.judge import Judgement

REQUIRED = 5.0
BASE = "ICELOS_BASE"
_LEAST_DISTANCE = 0.5


class Points(msgspec.Struct, frozen=True):
    """A score in points, and what each symbol adds, the heaviest first."""

    total: float
    parts: tuple[tuple[str, float], ...]


def points(judgement: Judgement, threshold: float, *, spam: bool) -> Points:
    """`threshold` is the score, from 0 to 1, at which a mail has `REQUIRED` points.

    `spam` keeps what is shown on the right side of the threshold when it is rounded.
    """
    distance = _logit(threshold) - judgement.bias
    factor = REQUIRED / distance if distance >= _LEAST_DISTANCE else 1.0
    base = REQUIRED - factor * distance
    parts = [(symbol_name(one.name), _hundredths(factor * one.weight)) for one in judgement.symbols]
    if _hundredths(base):
        parts.append((BASE, _hundredths(base)))
    exact = base + factor * sum(one.weight for one in judgement.symbols)
    total = max(500, _hundredths(exact)) if spam else min(499, _hundredths(exact))
    return Points(total / 100, tuple((name, value / 100) for name, value in _summing(parts, total)))


def _summing(parts: list[tuple[str, int]], total: int) -> list[tuple[str, int]]:
    """The heaviest part takes what rounding left over; points without a symbol are the base's."""
    rest = total - sum(value for _, value in parts)
    if not rest:
        return parts
    if not parts:
        return [(BASE, rest)]
    heaviest = max(range(len(parts)), key=lambda place: abs(parts[place][1]))
    name, value = parts[heaviest]
    return [*parts[:heaviest], (name, value + rest), *parts[heaviest + 1 :]]


def symbol_name(name: str) -> str:
    """A symbol's name as mail servers write them: DISPLAY_NAME_ADDRESS."""
    return re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")[:60] or "UNNAMED"


def _hundredths(value: float) -> int:
    """Bounded, so that no weight makes a number that a client cannot read."""
    return round(max(-999.0, min(999.0, value)) * 100)


def _logit(probability: float) -> float:
    bounded = min(1 - 1e-6, max(1e-6, probability))
    return math.log(bounded / (1 - bounded))
