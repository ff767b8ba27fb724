"""Fields one by one: known paths and types, shares of values, coverage of common values, missing rates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from icelos.data.parse.flat import Value
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


def known_types(rows: Iterable[Row]) -> set[tuple[str, type]]:
    """All (path, type) pairs of rows; integers and other numbers are one type, null is any."""
    return {found for row in rows for found in _types(row)}


def _types(row: Row) -> Iterable[tuple[str, type]]:
    return ((path, _type(value)) for path, value in row.fields.items() if value is not None)


def _type(value: Value) -> type:
    return float if type(value) is int else type(value)


def known_share(rows: Iterable[Row], known: set[tuple[str, type]]) -> float:
    """Share of rows without a path or type that is not known."""
    good = [all(found in known for found in _types(row)) for row in rows]
    return sum(good) / len(good) if good else float("nan")


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
