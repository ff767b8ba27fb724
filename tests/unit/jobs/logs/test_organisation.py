from __future__ import annotations

import ipaddress
import re

from icelos.jobs.logs.organisation import FAMILY, GIVEN, Person, found, guid, stream, travel


def shown(person: Person) -> tuple[object, ...]:
    return (person.name, person.id, person.home.address, person.laptop.id, person.arrival, len(person.apps))


def test_the_first_people_are_the_same_in_a_larger_organisation() -> None:
    small, large = found(5, 1), found(50, 1)
    assert small.tenant == large.tenant
    assert [shown(p) for p in small.people] == [shown(p) for p in large.people[:5]]
    assert [shown(p) for p in found(5, 2).people] != [shown(p) for p in small.people]


def test_principals_are_unique_ascii_and_of_a_reserved_domain() -> None:
    users = len(GIVEN) * len(FAMILY) + 40
    principals = [person.principal for person in found(users, 0).people]
    assert len(set(principals)) == users
    assert all(re.fullmatch(r"[a-z]+\.[a-z]+\d*@northwind\.example", p) for p in principals)


def test_addresses_are_from_ranges_that_belong_to_nobody() -> None:
    nobody = [ipaddress.ip_network("198.18.0.0/15"), ipaddress.ip_network("2001:db8::/32")]
    people = found(100, 3).people
    networks = [n for p in people for n in (p.office, p.home, p.mobile)] + [travel(stream(0, "t"))]
    for network in networks:
        address = ipaddress.ip_address(network.address)
        assert any(address in n for n in nobody if n.version == address.version)
        assert 64512 <= network.asn <= 65534


def test_phones_run_what_phones_run() -> None:
    for person in found(20, 0).people:
        on_phone = {app.name for app in person.apps if app.runs_on(person.mobile_phone)}
        on_laptop = {app.name for app in person.apps if app.runs_on(person.laptop)}
        assert "Outlook Mobile" in on_phone - on_laptop
        assert "OfficeHome" in on_laptop - on_phone


def test_identifiers_have_the_form_of_version_4() -> None:
    rng = stream(0, "ids")
    form = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}")
    assert all(form.fullmatch(guid(rng)) for _ in range(50))
