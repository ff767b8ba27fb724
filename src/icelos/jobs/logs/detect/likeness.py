"""What rows of each taught technique look like, and which of them a row is most like."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from icelos.errors import InputError
from icelos.jobs.logs.detect.behaviour import Matrix

_LEAST_DEVIATION, _FURTHEST = 0.3, 16.0


class Likeness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What rows of a technique look like: mean and deviation of each feature."""

    means: tuple[float, ...]
    deviations: tuple[float, ...]

    @classmethod
    def learned(cls, rows: Matrix) -> Likeness:
        """Of some rows."""
        return cls(_rounded(rows.mean(axis=0)), _rounded(rows.std(axis=0) + _LEAST_DEVIATION))


class Likenesses:
    """All of a detector, to compare rows with."""

    def __init__(self, likenesses: Mapping[str, Likeness], features: int) -> None:
        """Raises InputError where one is of another number of features."""
        self._techniques = tuple(likenesses)
        if any({len(one.means), len(one.deviations)} != {features} for one in likenesses.values()):
            raise InputError("likenesses of other features", source="detector.json")
        self._means = np.array([one.means for one in likenesses.values()])
        self._deviations = np.array([one.deviations for one in likenesses.values()])
        self._sizes = 2 * np.log(self._deviations)

    def nearest(self, row: Matrix) -> str:
        """The technique whose rows are most like this one (features), "" where there is none.

        By the mean of the squared deviations, and the size of what is usual (the logarithm of a Gaussian's
        density, turned round).
        """
        if not self._techniques:
            return ""
        apart = (row - self._means) / self._deviations
        distances = np.mean(np.minimum(apart**2, _FURTHEST) + self._sizes, axis=1)
        return self._techniques[int(np.argmin(distances))]


def _rounded(values: Matrix) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)
