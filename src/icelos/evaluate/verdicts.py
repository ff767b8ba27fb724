"""How good verdicts are: share decided, precision of the decided, F1 by label, and the worst error.

That error is an exploitable pair called "not affected": somebody stops looking there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import msgspec


class Judged(msgspec.Struct, frozen=True):
    """One pair: its true label and the given one, and whether it is exploitable in truth."""

    id: str
    gold: str
    given: str
    exploitable: bool


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """`decided` is the share of pairs with another label than the undecided one. `precision` counts a decided
    pair as right where it is on the right side (exploitable or not); `exact` where the label is the same.
    `macro_f1` is the mean over labels with at least `least` pairs in truth, by exact label."""

    pairs: int
    exploitable: int
    missed: tuple[str, ...]
    decided: float
    precision: float
    exact: float
    macro_f1: float
    f1: dict[str, float]


def figures(
    judged: Sequence[Judged], *, positive: Collection[str], undecided: str, least: int = 8
) -> Figures:
    """The figures of pairs. `positive` are the labels that mean "exploitable". Raises ValueError if empty."""
    if not judged:
        raise ValueError("no pairs to judge")
    decided = [one for one in judged if one.given != undecided]
    right = sum((one.given in positive) == one.exploitable for one in decided)
    counts = Counter(one.gold for one in judged)
    scores = {label: f1(judged, label) for label, number in sorted(counts.items()) if number >= least}
    return Figures(
        pairs=len(judged),
        exploitable=sum(one.exploitable for one in judged),
        missed=tuple(one.id for one in decided if one.exploitable and one.given not in positive),
        decided=len(decided) / len(judged),
        precision=right / len(decided) if decided else 0.0,
        exact=sum(one.given == one.gold for one in decided) / len(decided) if decided else 0.0,
        macro_f1=sum(scores.values()) / len(scores) if scores else 0.0,
        f1=scores,
    )


def f1(judged: Sequence[Judged], label: str) -> float:
    """Twice the right ones, divided by the given ones and the true ones of a label."""
    right = sum(one.gold == label == one.given for one in judged)
    either = sum(one.gold == label for one in judged) + sum(one.given == label for one in judged)
    return 2 * right / either if either else 0.0


def confusion(judged: Sequence[Judged]) -> list[tuple[str, str, int]]:
    """(true label, given label, how many), the most first."""
    counts = Counter((one.gold, one.given) for one in judged)
    return [(gold, given, number) for (gold, given), number in counts.most_common()]
