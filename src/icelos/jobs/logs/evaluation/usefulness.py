"""Trained on synthetic rows, tested on real ones: does a classifier learn as much as from real rows?

After Esteban et al., "Real-valued (Medical) Time Series Generation with Recurrent Conditional GANs" (2017),
section 4.1 (TSTR).
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from icelos.errors import InputError
from icelos.evaluate.bonds import agreement
from icelos.evaluate.discriminator import boosting, one_thread
from icelos.evaluate.distances import association
from icelos.jobs.logs.evaluation.discriminator import features
from icelos.jobs.logs.evaluation.table import CATEGORY, NUMBER, Part, Table

_NAMED = re.compile(
    r"(?i)(?:result|error|status|outcome|success|failure|action|operation|eventname|eventtype|risk)"
)
MOST_CLASSES = 10
LEAST_SHARE = 0.03
SAME = 0.98
"""How often rows with the same value of a field have the same target, from which on the field gives it away
and is not used to guess it."""
GAIN = 0.1
"""By how much a model from real rows must beat guessing for a target to be of use."""
_TRIED = 4
_COLUMNS = 40
Codes = NDArray[np.int64]


class Target(NamedTuple):
    """What is guessed, by column number, and from which columns."""

    column: int
    from_columns: tuple[int, ...]


def targets(table: Table, reference: Part, wanted: str = "") -> list[Target]:
    """Fields worth guessing, those named like a result first. Raises InputError where `wanted` is none."""
    if wanted and wanted not in table.paths:
        near = ", ".join(
            [path for path in table.paths if wanted.lower() in path.lower()][:5] or table.paths[:5]
        )
        raise InputError(f"no field {wanted!r} to guess", hint=f"fields such as {near}")
    possible = [table.paths.index(wanted)] if wanted else _possible(table, reference)
    found = []
    for column in possible[:_TRIED]:
        others = tuple(_others(table, reference, column))
        if others:
            found.append(Target(column, others))
    return found


def _possible(table: Table, reference: Part) -> list[int]:
    found = []
    for number, column in enumerate(table.columns):
        if column.kind != CATEGORY:
            continue
        shares = np.bincount(reference.codes[:, number]) / len(reference)
        if 2 <= int((shares >= LEAST_SHARE).sum()) <= MOST_CLASSES:
            found.append((_reluctance(column.path), float((shares**2).sum()), number))
    # Of the fields that are alike in name, the one with the most even classes.
    return [number for _, _, number in sorted(found)]


def _reluctance(path: str) -> int:
    """Fields named like a result come first, those within a list last."""
    return 2 * ("[" in path) + (_NAMED.search(path.rsplit(".", 1)[-1]) is None)


def _others(table: Table, reference: Part, target: int) -> list[int]:
    aim = reference.codes[:, target]
    found = []
    for number, column in enumerate(table.columns):
        if number == target or not column.varies:
            continue
        agree, rows = agreement(reference.exact[:, number] + 1, aim)
        if rows < SAME * len(reference) or agree < SAME:
            found.append((-association(reference.codes[:, number], aim), number))
    return [number for _, number in sorted(found)[:_COLUMNS]]


def best(
    table: Table, synthetic: Part, real: Part, reference: Part, *, wanted: str = ""
) -> tuple[Target, Scores] | None:
    """The first target that real rows teach to guess, and its scores; None where none is."""
    for target in targets(table, reference, wanted):
        found = scores(table, target, synthetic, real, reference)
        if found.real - found.guess >= GAIN:
            return target, found
    return None


class Scores(NamedTuple):
    """Macro F1 on the reference: learnt from synthetic rows, from real ones, and always the same class."""

    synthetic: float
    real: float
    guess: float


def scores(table: Table, target: Target, synthetic: Part, real: Part, reference: Part) -> Scores:
    """What is learnt of one target."""
    truth = _classes(reference, reference, target.column)
    commonest = np.full_like(truth, np.bincount(truth).argmax())
    return Scores(
        _learnt(table, target, synthetic, reference, truth),
        _learnt(table, target, real, reference, truth),
        macro_f1(truth, commonest),
    )


def _classes(part: Part, reference: Part, column: int) -> Codes:
    """Codes of the target; those that are rare in the reference are one class."""
    counts = np.bincount(reference.codes[:, column])
    common = np.flatnonzero(counts >= LEAST_SHARE * len(reference))
    codes = part.codes[:, column]
    return np.where(np.isin(codes, common), codes + 1, 0)


def _learnt(table: Table, target: Target, training: Part, reference: Part, truth: Codes) -> float:
    classes = _classes(training, reference, target.column)
    if len(np.unique(classes)) < 2:
        return macro_f1(truth, np.full_like(truth, classes[0]))
    columns = list(target.from_columns)
    categorical = [table.columns[n].kind != NUMBER for n in columns]
    train, test = features(table, training, columns), features(table, reference, columns)
    # Both are looked at, so that a column is categorical for both.
    small = boosting(np.concatenate([train, test]), categorical)
    with one_thread():
        return macro_f1(truth, small.fit(train, classes).predict(test))


def macro_f1(truth: Codes, guesses: Codes) -> float:
    """Mean F1 over the classes of the truth."""
    from sklearn.metrics import f1_score

    return float(f1_score(truth, guesses, labels=np.unique(truth), average="macro", zero_division=0))
