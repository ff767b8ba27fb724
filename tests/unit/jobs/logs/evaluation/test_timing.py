from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from icelos.jobs.logs.evaluation import timing
from icelos.jobs.logs.evaluation.table import Part, Table
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.roles import Who

_HOUR = 3600


def part(moments: Sequence[tuple[str, float]]) -> tuple[Table, Part]:
    rows = [
        Row(b"", {"user": user, "time": 1_700_000_000 + moment, "x": "a"}, "a:1") for user, moment in moments
    ]
    table = Table(rows, Who("", "user", "time"))
    return table, table.part(rows)


def test_gaps_and_sessions_are_of_each_user() -> None:
    _, found = part([("b", 100), ("a", 0), ("a", 60), ("a", 2 * _HOUR), ("b", 105), ("a", 2 * _HOUR + 5)])
    rows = timing.ordered(found)
    assert sorted(timing.gaps(rows)) == [5, 5, 60, 2 * _HOUR - 60]
    assert sorted(timing.session_lengths(rows)) == [2, 2, 2]
    assert timing.binned(np.array([0.0, 1, 2, 3, 4])).tolist() == [0, 1, 2, 2, 3]


def test_bursts_are_told_from_even_times() -> None:
    bursts = [(f"u{n % 20}", (n // 50) * 7 * _HOUR + n % 50) for n in range(500)]
    even = [(f"u{n % 20}", n * 500.0) for n in range(500)]
    _, left = part(bursts)
    _, right = part(even)
    same, other = timing.timing_figures(left, left), timing.timing_figures(right, left)
    assert set(same.values()) == {0.0}
    assert other["gaps"] > 0.8
    assert other["sessions"] > 0.8
    assert other["rows per user"] == 0


def test_users_days() -> None:
    table, found = part([("a", 0), ("a", 60), ("a", 86_400), ("b", 0)])
    days = timing.user_days(table, found)
    assert sorted(days[:, 0]) == [1, 1, 2]
    assert days[days[:, 0] == 2][0, 4] == pytest.approx(60)


def test_rows_without_users_or_times() -> None:
    rows = [Row(b"", {"x": n}, "a:1") for n in range(3)]
    table = Table(rows, Who("", "", ""))
    found = table.part(rows)
    assert len(timing.user_days(table, found)) == 0
    assert all(np.isnan(value) for value in timing.timing_figures(found, found).values())


def test_a_candidate_without_repeated_users_does_not_get_away() -> None:
    _, reference = part([(f"u{n % 20}", n * 100.0) for n in range(400)])
    _, lonely = part([(f"u{n}", n * 100.0) for n in range(400)])
    figures = timing.timing_figures(lonely, reference)
    assert figures["gaps"] == 1
    assert figures["rows per user"] == 1
    few = timing.timing_figures(reference, reference.take(np.arange(10)))
    assert np.isnan(few["gaps"])
    assert np.isnan(few["rows per user"])
