from __future__ import annotations

import re

from icelos.jobs.logs.simulation.organisation import FAMILY, GIVEN, Person, _names, found, guid, stream


def shown(person: Person) -> tuple[object, ...]:
    devices = [device.id for _, device in (*person.laptops, *person.phones)]
    return (person.name, person.id, person.home.address, devices, person.hybrid, len(person.apps))


def test_the_first_people_are_the_same_in_a_larger_organisation() -> None:
    small, large = found(5, 1), found(50, 1)
    assert small.tenant == large.tenant
    assert [shown(p) for p in small.people] == [shown(p) for p in large.people[:5]]
    assert [shown(p) for p in found(5, 2).people] != [shown(p) for p in small.people]


def test_principals_are_unique_ascii_and_of_a_reserved_domain() -> None:
    users = len(GIVEN) * len(FAMILY) + 40
    principals = [principal for _, principal in _names(users, 0)]
    assert len(set(principals)) == users
    assert all(re.fullmatch(r"[a-z]+\.[a-z]+\d*@northwind\.example", p) for p in principals)


def test_devices_take_over_one_after_the_other_and_are_of_one_person() -> None:
    people = found(200, 3).people
    owners: dict[str, int] = {}
    for person in people:
        for devices in (person.laptops, person.phones):
            firsts = [first for first, _ in devices]
            assert firsts == sorted(set(firsts))
            assert firsts[0] == 0
            for _, device in devices:
                assert not device.id or owners.setdefault(device.id, person.number) == person.number
    assert sum(len(p.phones) for p in people) > 2 * len(people)


def test_browsers_are_updated_every_four_weeks() -> None:
    (_, device), *_ = found(1, 0).people[0].laptops
    releases = [device.release(day) for day in range(20_094, 20_094 + 140)]
    assert releases == sorted(releases)
    assert releases[-1] - releases[0] in (4, 5)


def test_machines_have_accounts_of_both_kinds() -> None:
    services = found(150, 0).services
    assert {bool(service.principal) for service in services} == {True, False}
    assert len({service.name for service in services}) == len(services)


def test_identifiers_have_the_form_of_version_4() -> None:
    rng = stream(0, "ids")
    form = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}")
    assert all(form.fullmatch(guid(rng)) for _ in range(50))
