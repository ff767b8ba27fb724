"""Do synthetic rows give real ones away? Copies, closeness to training rows, and membership."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from icelos.evaluate.nearest import binary_rows, closer_share, membership_auc, nearest_distances
from icelos.jobs.logs.evaluation.measures import Figures
from icelos.jobs.logs.evaluation.table import TIME, Part, Table

MOST = 2500
"""Rows whose distance to all training rows is taken."""
NEAR = 0.1
"""Distance up to which a row is a near copy: of ten fields that differ among rows, about one is another."""
UNIQUE = 0.1
"""Share of values that come again below which a field tells rows apart, as ids do, and is left out of what is
compared: a copy under a new id is a copy."""
_MOST_COLUMNS = 100
Floats = NDArray[np.float64]


def content_columns(table: Table) -> list[int]:
    """Columns that differ among rows and are neither times nor ids."""
    found = [
        n for n, column in enumerate(table.columns)
        if column.varies and column.kind != TIME and column.repeats >= UNIQUE
    ]  # fmt: skip
    return found[:_MOST_COLUMNS]


def exact_copies(candidate: Part, training: Part) -> float:
    """Share of rows all of whose values are those of one training row."""
    known = {row.tobytes() for row in training.exact}
    return (
        float(np.mean([row.tobytes() in known for row in candidate.exact]))
        if len(candidate)
        else float("nan")
    )


class Closeness:
    """Distances among parts by the content of rows: 1 - Jaccard similarity of their (field, value) pairs."""

    def __init__(self, table: Table, *parts: Part) -> None:
        self._columns = content_columns(table)
        self._codes: dict[tuple[int, int], int] = {}
        matrices = [self._features(part) for part in parts]
        self.rows: list[Any] = [binary_rows(codes, codes >= 0, len(self._codes)) for codes in matrices]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to compare rows by."""
        return not self._columns

    def _features(self, part: Part) -> NDArray[np.int64]:
        exact = part.exact[:, self._columns]
        found = np.full(exact.shape, -1, np.int64)
        for place in range(exact.shape[1]):
            unique, inverse = np.unique(exact[:, place], return_inverse=True)
            codes = [
                self._codes.setdefault((place, int(value)), len(self._codes)) if value >= 0 else -1
                for value in unique
            ]
            found[:, place] = np.array(codes, np.int64)[inverse]
        return found


def copy_figures(candidate: Part, training: Part, closest: Floats) -> Figures:
    """Exact copies of training rows, and near ones by content; `closest` are their `distances`."""
    near = float((closest <= NEAR).mean()) if len(closest) else float("nan")
    return {"exact copies": exact_copies(candidate, training), "near copies": near}


def distances(table: Table, candidate: Part, training: Part) -> Floats:
    """The distance of each of the first `MOST` rows to its closest training row; none without content."""
    closeness = Closeness(table, candidate.first(MOST), training)
    return nearest_distances(*closeness.rows) if not closeness.is_empty else np.zeros(0)


def holdout_figures(table: Table, synthetic: Part, training: Part, holdout: Part) -> Figures:
    """Closeness to training rows rather than to rows held out, and how well it tells who was trained on."""
    size = min(MOST, len(training), len(holdout))
    closeness = Closeness(table, synthetic.first(MOST), training.first(size), holdout.first(size))
    if closeness.is_empty:
        return {"closer to training": float("nan"), "membership": float("nan")}
    made, known, unknown = closeness.rows
    return {
        "closer to training": closer_share(nearest_distances(made, known), nearest_distances(made, unknown)),
        "membership": membership_auc(nearest_distances(known, made), nearest_distances(unknown, made)),
    }
