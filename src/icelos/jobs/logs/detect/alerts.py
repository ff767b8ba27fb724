"""Alerts: one for an entity and a day at most, so that a budget of alerts a day means work, not rows."""

from __future__ import annotations

import math

import numpy as np

from icelos.jobs.logs.detect.behaviour import DAY, mixed
from icelos.jobs.logs.detect.columns import NOTHING, Codes, Columns, Floats


def entity_days(columns: Columns) -> Codes:
    """(rows) a code for the entity and the UTC day of each row: the user, the source where there is none."""
    users = np.where(columns.users == NOTHING, mixed(columns.sources, 1), columns.users)
    days = np.nan_to_num(columns.moments // DAY).astype(np.int64).astype(np.uint64)
    return mixed(users, days)


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

    def threshold(self, budget: float) -> float:
        """The score from which on there are `budget` alerts a day; infinite where there are no rows."""
        wanted = round(budget * max(1, len(self._days)))
        tops = sorted(self._tops.values(), reverse=True)
        if not tops:
            return math.inf
        return tops[min(wanted, len(tops)) - 1] if wanted else math.nextafter(tops[0], math.inf)
