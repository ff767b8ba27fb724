"""Alerts: one for an entity and a day at most, so that a budget of alerts a day means work, not rows."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from icelos.jobs.logs.detect.behaviour import DAY, mixed
from icelos.jobs.logs.detect.columns import NOTHING, Codes, Columns, Floats


def entity_days(columns: Columns) -> Codes:
    """(rows) a code for the entity and the UTC day of each row: the user, the source where there is none."""
    users = np.where(columns.users == NOTHING, mixed(columns.sources, 1), columns.users)
    days = np.nan_to_num(columns.moments // DAY).astype(np.int64).astype(np.uint64)
    return mixed(users, days)


_FAR = 2.0
"""Alerts of a threshold that fits may be this many times what they should be, or that part of it."""


class Drift(NamedTuple):
    """How many alerts (an entity, a day) there were, and how many there should have been."""

    alerts: int
    expected: float

    @property
    def times(self) -> float:
        """Alerts as a multiple of what they should be; where they should be none, of one."""
        return self.alerts / max(self.expected, 1.0)

    @property
    def apart(self) -> float:
        """Alerts too many, or too few."""
        return abs(self.alerts - self.expected)

    @property
    def is_clear(self) -> bool:
        """Whether there are twice as many or half, and by more than chance: two deviations of Poisson's. Half
        an alert more on both sides makes few of them say less."""
        doublings = abs(math.log2((self.alerts + 0.5) / (self.expected + 0.5)))
        return doublings > math.log2(_FAR) and self.apart > 2 * math.sqrt(max(self.expected, 1.0))


class DayTops:
    """The highest score of each entity and day."""

    def __init__(self) -> None:
        self._tops: dict[int, float] = {}
        self._days: set[int] = set()

    @property
    def days(self) -> float:
        """Days that have rows."""
        return float(len(self._days))

    def add(self, columns: Columns, scores: Floats) -> None:
        """Some rows and their scores."""
        keys, place = np.unique(entity_days(columns), return_inverse=True)
        tops = np.full(keys.size, -np.inf)
        np.maximum.at(tops, place, scores)
        for key, top in zip(keys.tolist(), tops.tolist(), strict=True):
            if top > self._tops.get(key, -math.inf):
                self._tops[key] = top
        days = columns.moments[~np.isnan(columns.moments)] // DAY
        self._days.update(np.unique(days).astype(np.int64).tolist())

    def alerts(self, threshold: float) -> int:
        """How many alerts a threshold gives."""
        return sum(top >= threshold for top in self._tops.values())

    def threshold(self, budget: float) -> float:
        """The score from which on there are `budget` alerts a day; infinite where there are no rows."""
        wanted = round(budget * max(1, len(self._days)))
        tops = sorted(self._tops.values(), reverse=True)
        if not tops:
            return math.inf
        return tops[min(wanted, len(tops)) - 1] if wanted else math.nextafter(tops[0], math.inf)
