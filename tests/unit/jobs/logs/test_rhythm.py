from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import takewhile

import pytest

from icelos.jobs.logs.organisation import Organisation, found
from icelos.jobs.logs.rhythm import DAY, START, Attempt, attempts

DAYS = 14


@pytest.fixture(scope="module")
def organisation() -> Organisation:
    return found(30, 4)


@pytest.fixture(scope="module")
def fortnight(organisation: Organisation) -> list[Attempt]:
    end = START.timestamp() + DAYS * DAY
    return list(takewhile(lambda a: a.time < end, attempts(organisation, 4)))


def local(attempt: Attempt, organisation: Organisation) -> datetime:
    offset = organisation.people[attempt.person].office.place.offset
    return datetime.fromtimestamp(attempt.time + offset * 3600, UTC)


def test_times_rise_and_begin_with_the_first_day(fortnight: list[Attempt]) -> None:
    times = [attempt.time for attempt in fortnight]
    assert times == sorted(times)
    assert START.timestamp() - DAY / 2 <= times[0] < START.timestamp() + DAY / 2


def test_people_work_by_day_and_rest_at_weekends(
    fortnight: list[Attempt], organisation: Organisation
) -> None:
    at_home = [a for a in fortnight if not a.abroad and not a.device.phone]
    times = [local(a, organisation) for a in at_home]
    weekend = sum(t.weekday() >= 5 for t in times) / len(times)
    by_day = sum(7 <= t.hour < 19 for t in times if t.weekday() < 5) / sum(t.weekday() < 5 for t in times)
    assert 0.0 < weekend < 0.1
    assert by_day > 0.9


def test_interactive_sign_ins_are_the_few(fortnight: list[Attempt]) -> None:
    interactive = sum(a.interactive for a in fortnight)
    assert 10 <= (len(fortnight) - interactive) / interactive <= 22


def test_people_keep_their_devices_networks_and_habits(
    fortnight: list[Attempt], organisation: Organisation
) -> None:
    for number, person in enumerate(organisation.people):
        own = [a for a in fortnight if a.person == number]
        assert {a.device for a in own} <= {person.laptop, person.mobile_phone}
        assert {a.network for a in own if not a.abroad} <= {person.home, person.office, person.mobile}
    counts = Counter(a.person for a in fortnight)
    assert max(counts.values()) > 2 * min(counts.values())


def test_travellers_sign_in_from_elsewhere_for_some_days() -> None:
    organisation = found(80, 1)
    end = START.timestamp() + DAYS * DAY
    trips = [a for a in takewhile(lambda a: a.time < end, attempts(organisation, 1)) if a.abroad]
    days: dict[int, set[str]] = {}
    for attempt in trips:
        place = attempt.network.place
        assert place != organisation.people[attempt.person].office.place
        days.setdefault(attempt.person, set()).add(local(attempt, organisation).date().isoformat())
    assert 1 <= len(days) <= 12
    assert max(len(d) for d in days.values()) <= 7
