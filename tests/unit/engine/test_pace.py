"""Rates of now and on the whole, and the quantiles of the last batches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.engine.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_now_is_the_last_seconds_and_mean_is_all() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.begin(1000)
    read = 1000
    for second in range(60):
        clock.now += 0.5
        read += 50 if second < 30 else 500
        now = pace.now(read)
    assert now == pytest.approx(1000, rel=0.01)
    assert pace.mean(read) == pytest.approx((30 * 50 + 30 * 500) / 30)


def test_at_the_beginning_and_after_going_back_there_is_no_rate() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.begin(10)
    assert (pace.now(10), pace.mean(10), pace.quantile(0.5)) == (0, 0, None)
    clock.now += 1
    assert pace.now(5) == 0
    assert pace.mean(5) == 0


def test_few_points_are_kept_however_long_it_goes() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.begin(0)
    for read in range(10_000):
        clock.now += 0.25
        pace.now(read)
    assert len(pace._points) < 30


@given(st.lists(st.floats(0, 100), min_size=1, max_size=1500))
def test_quantiles_are_of_the_last_batches(seconds: list[float]) -> None:
    pace = Pace()
    for one in seconds:
        pace.scored(one)
    last = sorted(seconds[-512:])
    assert pace.quantile(0) == last[0]
    assert pace.quantile(1) == last[-1]
    half = pace.quantile(0.5)
    assert half is not None
    assert sum(one <= half for one in last) >= len(last) / 2
