"""Which rows are compared with which: synthetic rows and real ones in their place, against a reference.

Without a hold-out the real rows are cut in two at random, several times: one half is the reference, the other
gives the ceiling. With one, the hold-out is the reference and one round counts; further ones, of training
rows and hold-out mixed, only show by how much real rows differ by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from icelos.jobs.logs.evaluation.measures import Figures, Measure, measure, spread
from icelos.jobs.logs.evaluation.sample import Sample, user_place
from icelos.jobs.logs.evaluation.table import Part, Table

FEW, SOME = 600, 2000
"""Rows of a side up to which six and three rounds are made; above, two are enough."""
_PEOPLE = 4


class Round(NamedTuple):
    """As many rows each: synthetic, real ones in their place, and real ones that both are held against."""

    synthetic: Part
    real: Part
    reference: Part


@dataclass(frozen=True)
class Rounds:
    """All rounds; the first `counted` of them count."""

    all: tuple[Round, ...]
    counted: int

    @property
    def first(self) -> Round:
        """The round that is shown where one must do."""
        return self.all[0]

    @property
    def size(self) -> int:
        """Rows of each side."""
        return len(self.first.reference)

    def measures(self, take: Callable[[Part, Part], Figures]) -> list[Measure]:
        """What `take` gives of (candidate, reference), of synthetic and of real rows."""
        values = [take(one.synthetic, one.reference) for one in self.all[: self.counted]]
        ceilings = [take(one.real, one.reference) for one in self.all]
        return self.paired(values, ceilings)

    def paired(self, values: Sequence[Figures], ceilings: Sequence[Figures]) -> list[Measure]:
        """One measure of each name: means over the rounds that count, and the spread of all ceilings."""
        nan = float("nan")
        names = dict.fromkeys(name for one in (*ceilings, *values) for name in one)
        return [
            measure(
                name,
                [(v.get(name, nan), c.get(name, nan)) for v, c in zip(values, ceilings, strict=False)],
                noise=spread([c.get(name, nan) for c in ceilings]),
            )
            for name in names
        ]


def of_rows(parts: Sequence[Part], random: np.random.Generator) -> Rounds:
    """Rounds of real, synthetic and, where there are any, held-out rows, in random order."""
    real, synthetic, *holdout = parts
    if holdout:
        size = min(map(len, parts))
        first = Round(*(_some(part, size, random) for part in (synthetic, real, holdout[0])))
        pool = joined(real, holdout[0])
        return Rounds((first, *_splits(first.synthetic, pool, size, _number(size) - 1, random)), 1)
    size = min(len(real) // 2, len(synthetic))
    number = _number(size)
    return Rounds(tuple(_splits(synthetic, real, size, number, random)), number)


def _number(size: int) -> int:
    return 6 if size <= FEW else 3 if size <= SOME else 2


def of_people(
    samples: Sequence[Sample], table: Table, random: np.random.Generator, *, fewest: int
) -> Rounds | None:
    """Rounds of all rows of the same share of users, thinned to the same density; None for too few."""
    share = min(sample.share for sample in samples)
    least = min(sample.total for sample in samples)
    parts = []
    for sample in samples:
        rows = [row for row in sample.people if user_place(row.fields.get(table.who.user)) < share]
        part = table.part(rows)
        parts.append(_some(part, round(len(part) * least / sample.total), random))
    if min(map(len, parts)) < fewest:
        return None
    real, synthetic, *holdout = parts
    if holdout:
        pool = joined(real, holdout[0])
        mixed = [Round(synthetic, *_halves(pool, len(pool) // 2, random)) for _ in range(_PEOPLE - 1)]
        return Rounds((Round(synthetic, real, holdout[0]), *mixed), 1)
    # Halves of the real rows have half their density.
    thinned = [_some(synthetic, len(synthetic) // 2, random) for _ in range(_PEOPLE)]
    return Rounds(tuple(Round(part, *_halves(real, len(real) // 2, random)) for part in thinned), _PEOPLE)


def _splits(synthetic: Part, real: Part, size: int, number: int, random: np.random.Generator) -> list[Round]:
    return [Round(_some(synthetic, size, random), *_halves(real, size, random)) for _ in range(number)]


def _some(part: Part, size: int, random: np.random.Generator) -> Part:
    return part.take(random.permutation(len(part))[:size])


def _halves(part: Part, size: int, random: np.random.Generator) -> tuple[Part, Part]:
    order = random.permutation(len(part))
    return part.take(order[:size]), part.take(order[size : 2 * size])


def joined(left: Part, right: Part) -> Part:
    """The rows of both."""
    return replace(
        left,
        exact=np.concatenate([left.exact, right.exact]),
        codes=np.concatenate([left.codes, right.codes]),
        users=np.concatenate([left.users, right.users]),
        times=np.concatenate([left.times, right.times]),
        rows=[*left.rows, *right.rows],
    )
