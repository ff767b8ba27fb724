from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from icelos.jobs.logs.simulation.rhythm import DAWN, PAUSE, Rhythm, generator, levels, normal, rhythm, scores


@pytest.fixture(scope="module", params=["office", "developers"])
def model(request: pytest.FixtureRequest) -> Rhythm:
    return rhythm(request.param == "office")


def test_the_parameters_are_small_and_hold_no_rows() -> None:
    tables = rhythm().tables
    assert sum(table.size for table in tables.values()) < 50_000
    assert all(np.isfinite(table).all() for table in tables.values())
    assert (np.diff(tables["first"], axis=-1) >= 0).all()
    assert ((tables["more"] > 0) & (tables["more"] < 1)).all()
    assert ((tables["rho"] > 0) & (tables["rho"] < 1)).all()


def test_normal_draws_have_the_normal_distribution() -> None:
    draws = normal(generator(1), 100_000)
    assert abs(draws.mean()) < 0.02
    assert abs(draws.std() - 1) < 0.02
    assert np.interp(0.0, scores(), levels()) == 0.5


def test_days_are_sessions_in_order_with_pauses_between(model: Rhythm) -> None:
    for number in range(150):
        rng = generator(7, number)
        sessions = model.day(model.habits(rng), rng, weekend=number % 7 >= 5)
        assert sessions
        assert DAWN * 3600 <= sessions[0].times[0] < (DAWN + 24) * 3600
        for session in sessions:
            assert len(session.times) == len(session.events)
            assert (np.diff(session.times) >= 0).all()
            assert (session.events >= 1).all()
        for one, two in pairwise(sessions):
            assert two.times[0] - one.times[-1] >= PAUSE - 1e-6


def test_office_people_work_on_weekdays_and_take_holidays() -> None:
    model = rhythm()
    weekdays: Counter[int] = Counter()
    longest = []
    for number in range(80):
        rng = generator(3, number)
        active = model.calendar(model.habits(rng), rng, 364, 20_094)
        weekdays.update(int(day) % 7 for day in np.flatnonzero(active))
        longest.append(int(np.diff(np.flatnonzero(active)).max()))
    assert sum(weekdays[d] for d in (5, 6)) < 0.05 * weekdays.total()
    assert 180 < weekdays.total() / 80 < 245
    assert 7 <= np.median(longest) <= 35


def test_developers_differ_from_one_another_more_than_their_days_do() -> None:
    model = rhythm(office=False)
    medians, spreads = [], []
    for number in range(120):
        rng = generator(5, number)
        habits = model.habits(rng)
        hours = [model.day(habits, rng, weekend=False)[0].times[0] / 3600 for _ in range(25)]
        medians.append(np.median(hours))
        spreads.append(np.std(hours))
    chance = np.mean(spreads) * 1.2533 / np.sqrt(25)  # standard error of a median of normal draws
    assert np.std(medians) > 1.5 * chance


def test_a_person_is_the_same_whenever_asked(model: Rhythm) -> None:
    one, two = (model.habits(generator(9, 4)) for _ in range(2))
    assert (one.klass, one.chronotype, one.effects) == (two.klass, two.chronotype, two.effects)
    days = [model.calendar(one, generator(9, 5), 364, 20_094) for _ in range(2)]
    assert (days[0] == days[1]).all()
