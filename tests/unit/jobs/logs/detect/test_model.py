"""What a detector keeps of the scores that its threshold was set by."""

from __future__ import annotations

import numpy as np
import pytest

from icelos.jobs.logs.detect.model import QUANTILES, Calibration


def calibration(scores: list[float]) -> Calibration:
    values = np.array(scores, np.float32)
    quantiles = tuple(float(one) for one in np.quantile(values, QUANTILES))
    return Calibration(budget=1, threshold=1, rows=len(scores), days=1, quantiles=quantiles)


def test_scores_that_moved_are_told_and_the_same_are_not() -> None:
    rng = np.random.default_rng(1)
    known = calibration(rng.normal(size=5000).tolist())
    same, moved = rng.normal(size=5000), rng.normal(size=5000) + 1
    assert known.shift(known.counted(same)) < 0.03
    assert known.shift(known.counted(moved)) == pytest.approx(0.34, abs=0.03)
    halves = known.counted(same[:2000]) + known.counted(same[2000:])
    assert np.array_equal(halves, known.counted(same))


def test_scores_that_are_all_the_same_are_no_shift() -> None:
    known = calibration([0.1] * 900 + [2.0] * 100)
    assert known.shift(known.counted(np.array([0.1] * 900 + [2.0] * 100))) == pytest.approx(0, abs=1e-9)
    assert known.shift(known.counted(np.array([2.0] * 200))) == pytest.approx(0.9)
    assert known.shift(known.counted(np.array([2.0] * 199))) == 0
    assert known.shift(known.counted(np.empty(0))) == 0
    bare = Calibration(budget=1, threshold=1, rows=0, days=0, quantiles=())
    assert bare.shift(bare.counted(np.ones(300))) == 0
