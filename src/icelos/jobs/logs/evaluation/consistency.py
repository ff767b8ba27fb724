"""Fields together: bonds that real rows keep (user and device, address and place), fields that say the same,
and how strongly fields depend on each other. All are found in the reference, none is given."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations as pairs_of

import msgspec
import numpy as np
from numpy.typing import NDArray

from icelos.evaluate.bonds import FUNCTIONAL, Bond, Counts, agreement, combinations, find_bond, kept
from icelos.evaluate.distances import cramers_v, pair_counts
from icelos.jobs.logs.evaluation.measures import Figures
from icelos.jobs.logs.evaluation.table import Part, Table

MAX_COLUMNS = 60
MAX_BONDS = 400
CODES = 12
"""Codes of a column that stay apart where pairs of columns are counted."""
DEPENDENT = 0.3
"""Cramér's V from which on two fields are taken to depend on each other."""
EQUAL = 0.95
FEWEST = 20
"""Rows that a bond must find to be judged."""


class BondKept(msgspec.Struct, frozen=True, kw_only=True):
    """One bond: share of synthetic rows that keep it, of real rows that do, and what chance would give."""

    left: str
    right: str
    kept: float
    ceiling: float
    chance: float
    functional: bool


@dataclass(frozen=True)
class Structure:
    """What holds in a reference: bonds with their combinations, pairs of equal columns, pairs to count."""

    bonds: tuple[tuple[Bond, Counts], ...]
    equal: tuple[tuple[int, int], ...]
    counted: NDArray[np.int64]
    numbers: tuple[int, ...]


def learn(table: Table, reference: Part) -> Structure:
    """Find the structure of the reference."""
    exact = reference.exact + 1  # missing counts as a value of its own: 0
    bonded = _bonded_columns(reference)
    found = [
        bond
        for left in bonded
        for right in bonded
        if left != right and (bond := find_bond(exact[:, left], exact[:, right], (left, right)))
    ]
    found.sort(key=lambda bond: bond.chance - bond.seen)
    numbers = _coarse_columns(reference)
    return Structure(
        tuple((bond, combinations(exact[:, bond.left], exact[:, bond.right])) for bond in found[:MAX_BONDS]),
        tuple(_equal_columns(table, reference)),
        _reduction(reference, numbers),
        numbers,
    )


def _bonded_columns(reference: Part) -> list[int]:
    """Columns whose values come again and are not all the same; the most telling ones where they are many."""
    found = []
    for number in range(reference.exact.shape[1]):
        column = reference.exact[:, number]
        _, counts = np.unique(column, return_counts=True)
        if counts.max() <= 0.95 * len(column) and counts[counts > 1].sum() >= 0.4 * len(column):
            found.append((_entropy(counts), number))
    return [number for _, number in sorted(found, reverse=True)[:MAX_COLUMNS]]


def _entropy(counts: NDArray[np.int64]) -> float:
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


def _coarse_columns(reference: Part) -> tuple[int, ...]:
    found = []
    for number in range(reference.codes.shape[1]):
        counts = np.bincount(reference.codes[:, number])
        if counts.max() <= 0.98 * len(reference):
            found.append((_entropy(counts), number))
    return tuple(number for _, number in sorted(found, reverse=True)[:MAX_COLUMNS])


def _reduction(reference: Part, numbers: tuple[int, ...]) -> NDArray[np.int64]:
    """By column and code: which of `CODES` it becomes; rare codes and new ones share the last."""
    width = int(reference.codes.max(initial=0)) + 1
    reduced = np.full((len(numbers), width), CODES - 1, np.int64)
    for place, number in enumerate(numbers):
        counts = np.bincount(reference.codes[:, number], minlength=width)
        commonest = np.argsort(-counts, kind="stable")[: CODES - 1]
        reduced[place, commonest] = np.arange(len(commonest))
    return reduced


def _equal_columns(table: Table, reference: Part) -> list[tuple[int, int]]:
    """Pairs that say the same where both are there, though each says many things."""
    varied = [n for n in _varied(reference) if table.columns[n].varies]
    found = []
    for left, right in pairs_of(varied, 2):
        both = (reference.exact[:, left] >= 0) & (reference.exact[:, right] >= 0)
        rows = int(both.sum())
        same = int((reference.exact[both, left] == reference.exact[both, right]).sum())
        if rows >= max(FEWEST, 0.1 * len(reference)) and same >= EQUAL * rows:
            found.append((left, right))
    return found


def _varied(reference: Part) -> list[int]:
    found = []
    for number in range(reference.exact.shape[1]):
        column = reference.exact[:, number]
        _, counts = np.unique(column[column >= 0], return_counts=True)
        if len(counts) > 2 and counts.max() <= 0.9 * counts.sum():
            found.append((_entropy(counts), number))
    return [number for _, number in sorted(found, reverse=True)[: 2 * MAX_COLUMNS]]


def consistency_figures(structure: Structure, candidate: Part, reference: Part) -> Figures:
    """How much of the reference's structure a candidate has."""
    exact = candidate.exact + 1
    return {
        "bonds kept": _mean([share for share in _kept(structure, exact) if share is not None]),
        "bonds within": _within(structure, exact),
        "equal fields": _equal(structure, candidate),
        **_dependence(structure, candidate, reference),
    }


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _kept(structure: Structure, exact: NDArray[np.int64]) -> list[float | None]:
    """Share of rows that keep each bond, None where too few have values that the reference knows."""
    found: list[float | None] = []
    for bond, known in structure.bonds:
        good, eligible = kept(known, exact[:, bond.left], exact[:, bond.right])
        found.append(good / eligible if eligible >= FEWEST else None)
    return found


def _within(structure: Structure, exact: NDArray[np.int64]) -> float:
    """How functional the functional bonds are among the candidate's own values, known or not."""
    found = []
    for bond, _ in structure.bonds:
        if bond.agree >= FUNCTIONAL:
            share, rows = agreement(exact[:, bond.left], exact[:, bond.right])
            if rows >= FEWEST:
                found.append(share)
    return _mean(found)


def _equal(structure: Structure, candidate: Part) -> float:
    found = []
    for left, right in structure.equal:
        both = (candidate.exact[:, left] >= 0) & (candidate.exact[:, right] >= 0)
        if both.sum() >= FEWEST:
            found.append(float((candidate.exact[both, left] == candidate.exact[both, right]).mean()))
    return _mean(found)


def _dependence(structure: Structure, candidate: Part, reference: Part) -> Figures:
    """Mean distance of pairs of fields, and mean error of Cramér's V over pairs that depend on each other."""
    if len(structure.numbers) < 2 or not len(candidate):
        return {"pair distance": float("nan"), "dependence error": float("nan")}
    left, right = (pair_counts(_reduced(structure, part), CODES) for part in (candidate, reference))
    pairs = np.triu_indices(len(structure.numbers), 1)
    left, right = left[pairs], right[pairs]
    apart = np.abs(left / len(candidate) - right / len(reference)).sum((-1, -2)) / 2
    strengths = cramers_v(right)
    errors = np.abs(cramers_v(left) - strengths)[strengths >= DEPENDENT]
    return {"pair distance": _mean(list(apart)), "dependence error": _mean(list(errors))}


def _reduced(structure: Structure, part: Part) -> NDArray[np.int64]:
    last = structure.counted.shape[1] - 1
    rows = [
        np.where(
            part.codes[:, number] > last,
            CODES - 1,
            structure.counted[place, np.minimum(part.codes[:, number], last)],
        )
        for place, number in enumerate(structure.numbers)
    ]
    return np.array(rows, np.int64)


def worst_bonds(
    table: Table, structure: Structure, synthetic: Part, real: Part, most: int = 30
) -> tuple[BondKept, ...]:
    """The bonds that synthetic rows break most, beside how real rows keep them."""
    found = []
    shares = zip(
        structure.bonds, _kept(structure, synthetic.exact + 1), _kept(structure, real.exact + 1), strict=True
    )
    for (bond, _), share, ceiling in shares:
        if share is not None and ceiling is not None:
            found.append(
                BondKept(
                    left=table.paths[bond.left],
                    right=table.paths[bond.right],
                    kept=round(share, 4),
                    ceiling=round(ceiling, 4),
                    chance=round(bond.chance, 4),
                    functional=bond.agree >= FUNCTIONAL,
                )
            )
    return tuple(sorted(found, key=lambda bond: bond.kept - bond.ceiling)[:most])
