"""A threshold by scores of rows: a budget of alerts a day, and never more than a share of all rows."""

from __future__ import annotations

import numpy as np

from icelos.errors import InputError
from icelos.jobs.logs.detect.alerts import DayTops
from icelos.jobs.logs.detect.columns import Columns, Floats
from icelos.jobs.logs.detect.model import QUANTILES, Calibration

_MOST = 0.01
"""The share of rows that may be above the threshold, however large the budget: in a log of few entities every
entity's day could else be an alert."""


class Calibrating:
    """Scores of rows, by which a threshold is set."""

    def __init__(self) -> None:
        self.tops = DayTops()
        self._scores: list[Floats] = []

    def add(self, columns: Columns, scores: Floats) -> None:
        """Some rows and their scores."""
        self.tops.add(columns, scores)
        self._scores.append(scores.astype(np.float32))

    def calibration(self, budget: float) -> Calibration:
        """The threshold for so many alerts a day. Raises InputError where there were no rows."""
        every = np.concatenate(self._scores) if self._scores else np.empty(0)
        if not every.size:
            raise InputError("no rows are left to set a threshold by", hint="a longer log")
        threshold = max(self.tops.threshold(budget), float(np.quantile(every, 1 - _MOST)))
        return Calibration(
            budget=budget, rows=len(every), days=self.tops.days, threshold=threshold,
            quantiles=tuple(float(one) for one in np.quantile(every, QUANTILES)),
            alerts_per_day=round(self.tops.alerts(threshold) / max(1.0, self.tops.days), 3),
        )  # fmt: skip
