from __future__ import annotations

from icelos.jobs.logs.simulation.events import START_DAY
from icelos.jobs.logs.simulation.organisation import Organisation, stream
from icelos.jobs.logs.simulation.rhythm import rhythm
from icelos.jobs.logs.simulation.today import PASSWORD_DAYS, Almanac, Today


def days(organisation: Organisation, number: int, count: int) -> list[Today]:
    almanac = Almanac(organisation, organisation.people[number], rhythm())
    return [almanac.day(START_DAY + day, stream(0, number, day)) for day in range(count)]


def test_days_can_be_asked_for_in_any_order(organisation: Organisation) -> None:
    almanac = Almanac(organisation, organisation.people[2], rhythm())
    late = almanac.day(START_DAY + 500, stream(0, 1))
    almanac.day(START_DAY, stream(0, 2))
    again = almanac.day(START_DAY + 500, stream(0, 1))
    assert (late.works, late.stuck, late.laptop, late.home.address) == (
        again.works, again.stuck, again.laptop, again.home.address,
    )  # fmt: skip


def test_homes_keep_their_block_and_trips_lead_abroad(organisation: Organisation) -> None:
    trips = 0
    for number in range(20):
        person = organisation.people[number]
        for today in days(organisation, number, 120):
            assert today.home.address.rpartition(".")[0] == person.home.address.rpartition(".")[0]
            if today.trip:
                trips += 1
                assert today.trip.place.country != person.office.place.country
                assert today.base is today.trip
                assert not (today.works and not today.laptop.managed)
    assert 3 <= trips < 100


def test_passwords_and_phones_change_now_and_then(organisation: Organisation) -> None:
    changes, phones = 0, 0
    for number in range(30):
        year = days(organisation, number, 364)
        changes += sum(today.new_password for today in year)
        phones += sum(today.new_phone for today in year)
        for today in year:
            assert today.phone in [device for _, device in today.person.phones]
    assert 30 < changes <= 30 * (364 // PASSWORD_DAYS + 1)
    assert 3 < phones < 40
