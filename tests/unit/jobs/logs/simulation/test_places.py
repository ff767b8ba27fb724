from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from icelos.jobs.logs.simulation.organisation import stream
from icelos.jobs.logs.simulation.places import (
    ABROAD,
    OFFICES,
    cloud,
    home,
    hotel,
    midnight,
    mobile,
    office,
    renewed,
    vpn,
)

NOBODY = [ipaddress.ip_network("198.18.0.0/15"), ipaddress.ip_network("2001:db8::/32")]
ZONES = {
    "Hamburg": "Europe/Berlin", "Leeds": "Europe/London", "Denver": "America/Denver",
    "Raleigh": "America/New_York", "Pune": "Asia/Kolkata", "Singapore": "Asia/Singapore",
}  # fmt: skip


def test_addresses_are_from_ranges_that_belong_to_nobody() -> None:
    rng = stream(0, "places")
    networks = [make(place, rng) for place in OFFICES for make in (home, mobile, hotel) for _ in range(20)]
    networks += (
        [hotel(place, rng) for place in ABROAD] + [vpn(p) for p in OFFICES] + [office(p) for p in OFFICES]
    )
    networks += [cloud(i) for i in range(200)]
    for network in networks:
        address = ipaddress.ip_address(network.address)
        assert any(address in range_ for range_ in NOBODY if range_.version == address.version)
        assert 64512 <= network.asn <= 65534


def test_a_block_is_of_one_carrier_in_one_town() -> None:
    rng = stream(1, "blocks")
    seen: dict[str, tuple[int, str]] = {}
    for place in (*OFFICES, *ABROAD):
        for _ in range(300):
            for network in (home(place, rng), hotel(place, rng), renewed(home(place, rng), rng)):
                block = network.address.rpartition(".")[0]
                assert seen.setdefault(block, (network.asn, place.city)) == (network.asn, place.city)
    carriers: dict[int, set[str]] = {}
    for asn, city in seen.values():
        country = next(p.country for p in (*OFFICES, *ABROAD) if p.city == city)
        carriers.setdefault(asn, set()).add(country)
    assert all(len(countries) == 1 for countries in carriers.values())


@pytest.mark.parametrize("city", ZONES)
def test_midnights_are_those_of_the_time_zone_database(city: str) -> None:
    place = next(p for p in (*OFFICES, *ABROAD) if p.city == city)
    try:
        zone = ZoneInfo(ZONES[city])
    except ZoneInfoNotFoundError:
        pytest.skip("no time zone database here")
    for day in range(20_094, 20_094 + 730):
        at = datetime.fromtimestamp(midnight(place, day), UTC).astimezone(zone)
        date = datetime.fromtimestamp(day * 86_400, UTC).date()
        # On the two days of a change the clock is one hour off before the change.
        assert at.date() == date or (date.weekday() == 6 and at.hour == 23)
        if date.weekday() != 6:
            assert (at.hour, at.minute) == (0, 0)
