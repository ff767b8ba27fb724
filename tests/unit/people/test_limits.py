"""Bursts pass, floods wait; each key has a bucket of its own."""

from __future__ import annotations

import pytest

from icelos.people import limits
from icelos.people.limits import Limit


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_as_many_at_once_as_in_a_minute_then_evenly() -> None:
    clock = Clock()
    limit = Limit(60, clock=clock)
    assert [limit.take("ann") for _ in range(60)] == [0.0] * 60
    assert limit.take("ann") == pytest.approx(1.0)
    assert limit.take("bob") == 0.0
    clock.now += 0.5
    assert limit.take("ann") == pytest.approx(0.5)
    clock.now += 0.5
    assert limit.take("ann") == 0.0
    clock.now += 3600
    assert [limit.take("ann") == 0.0 for _ in range(61)] == [True] * 60 + [False]


def test_no_limit_is_none() -> None:
    limit = Limit(0)
    assert all(limit.take("ann") == 0.0 for _ in range(10_000))


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PRINCIPALS", 10)
    limit = Limit(5, clock=Clock())
    for number in range(100):
        limit.take(str(number))
    assert len(limit._buckets) == 10
