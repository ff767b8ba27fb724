"""Budgets of alerts, and when there are too many."""

from __future__ import annotations

import pytest

from icelos.jobs.logs.detect.alerts import Drift


@pytest.mark.parametrize(
    ("alerts", "expected", "clear"),
    [
        (60, 20, True),
        (8, 20, True),
        (0, 20, True),
        (38, 20, False),
        (11, 20, False),
        (3, 1, False),
        (0, 0, False),
    ],
)
def test_drift_is_far_and_more_than_chance(alerts: int, expected: float, clear: bool) -> None:
    assert Drift(alerts, expected).is_clear == clear


def test_drift_as_a_multiple_and_as_a_number() -> None:
    assert (Drift(30, 20).times, Drift(30, 20).apart, Drift(10, 20).apart) == (1.5, 10, 10)
    assert (Drift(3, 0).times, Drift(3, 0).apart) == (3, 3)
