from __future__ import annotations

import math

import pytest

from icelos.jobs.logs.evaluation.measures import measure, rounded, share_noise


def test_means_and_the_spread_of_ceilings() -> None:
    found = measure("x", [(0.2, 0.4), (0.4, 0.6), (math.nan, math.nan)])
    assert (found.value, found.ceiling) == (0.3, 0.5)
    assert found.noise == pytest.approx(0.14142)
    assert measure("x", [(math.nan, 1.0)]).value is None
    assert measure("x", [(1.0, 1.0)], noise=0.5).noise == 0.5


def test_shares() -> None:
    assert share_noise(0.5, 100) == pytest.approx(math.sqrt(0.005))
    assert share_noise(0.0, 100) == pytest.approx(math.sqrt(2 * 0.01 * 0.99 / 100))
    assert share_noise(0.5, 0) == share_noise(math.nan, 5) == 0
    assert rounded(math.inf) is None
