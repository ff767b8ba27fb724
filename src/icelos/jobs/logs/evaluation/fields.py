"""Fields one by one: known paths and types, shares of values, coverage of common values, missing rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from icelos.evaluate.distances import total_variation
from icelos.jobs.logs.evaluation.measures import Figures
from icelos.jobs.logs.evaluation.table import CATEGORY, COMMON, FIRST, MISSING, Part, Table
from icelos.jobs.logs.profile.rows import Row

PRESENT = 0.05
"""Share of rows that must have a field for it to count by itself: many rare ones would hide the rest."""
EXPECTED = 5
"""How often a value must be expected among the rows for its absence to mean something: by chance 1 of 148."""


class FieldDistance(msgspec.Struct, frozen=True, kw_only=True):
    """One field: total variation distance of the synthetic rows and of real ones, and missing rates."""

    path: str
    kind: str
    distance: float
    ceiling: float
    missing: float
    missing_real: float


Shape = tuple[tuple[str, ...], tuple[type, ...]]
"""A row's paths, and the types of its values."""


def _shape(row: Row) -> Shape:
    return tuple(row.fields), tuple(map(type, row.fields.values()))


def _types(shape: Shape) -> set[tuple[str, type]]:
    pairs = zip(*shape, strict=True)
    return {(path, float if kind is int else kind) for path, kind in pairs if kind is not type(None)}


def known_types(rows: Iterable[Row]) -> set[tuple[str, type]]:
    """All (path, type) pairs of rows; integers and other numbers are one type, null is any."""
    return {found for shape in set(map(_shape, rows)) for found in _types(shape)}


def known_share(rows: Iterable[Row], known: set[tuple[str, type]]) -> float:
    """Share of rows without a path or type that is not known."""
    shapes = Counter(map(_shape, rows))
    good = sum(number for shape, number in shapes.items() if _types(shape) <= known)
    return good / shapes.total() if shapes else float("nan")


def known_figures(candidate: Sequence[Row], reference: Sequence[Row]) -> Figures:
    """Share of rows that have only paths and types of the reference."""
    return {"known fields": known_share(candidate, known_types(reference))}


def distances(table: Table, candidate: Part, reference: Part) -> dict[int, float]:
    """Total variation distance by column, of those that vary in either part and are common in one."""
    found = {}
    present = np.maximum((candidate.codes != MISSING).mean(0), (reference.codes != MISSING).mean(0))
    for number, column in enumerate(table.columns):
        left, right = candidate.codes[:, number], reference.codes[:, number]
        if present[number] >= PRESENT and (column.varies or (left != right[:1]).any()):
            found[number] = total_variation(left, right)
    return found


def field_figures(table: Table, candidate: Part, reference: Part) -> Figures:
    """Means over fields."""
    variation = distances(table, candidate, reference)
    absent = np.abs((candidate.codes == MISSING).mean(0) - (reference.codes == MISSING).mean(0))
    at_times = (reference.codes == MISSING).any(0) | (candidate.codes == MISSING).any(0)
    return {
        "field distance": float(np.mean(list(variation.values()))) if variation else float("nan"),
        "missing rates": float(absent[at_times].mean()) if at_times.any() else 0.0,
        "value coverage": coverage(table, candidate, reference),
    }


def common_share(rows: int) -> float:
    """Share from which on a value counts as common among so many rows."""
    return max(COMMON, EXPECTED / max(rows, 1))


def coverage(table: Table, candidate: Part, reference: Part) -> float:
    """Share of the reference's common values that the candidate has at all, over all fields."""
    least = common_share(len(reference)) * len(reference)
    there = wanted = 0
    for number, column in enumerate(table.columns):
        if column.kind != CATEGORY:
            continue
        counts = np.bincount(reference.codes[:, number])
        common = np.flatnonzero(counts >= least)
        common = common[common >= FIRST]
        wanted += len(common)
        there += int(np.isin(common, candidate.codes[:, number]).sum())
    return there / wanted if wanted else float("nan")


def listed(table: Table, synthetic: Part, real: Part, reference: Part) -> tuple[FieldDistance, ...]:
    """All fields that vary, the one that is furthest above its ceiling first."""
    ceilings = distances(table, real, reference)
    found = []
    for number, distance in distances(table, synthetic, reference).items():
        column = table.columns[number]
        found.append(
            FieldDistance(
                path=column.path,
                kind=column.kind,
                distance=round(distance, 4),
                ceiling=round(ceilings.get(number, 0.0), 4),
                missing=round(float((synthetic.codes[:, number] == MISSING).mean()), 4),
                missing_real=round(float((reference.codes[:, number] == MISSING).mean()), 4),
            )
        )
    return tuple(sorted(found, key=lambda field: (field.ceiling - field.distance, field.path)))
