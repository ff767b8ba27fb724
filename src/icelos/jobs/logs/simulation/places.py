"""Where people are: towns with their clocks, and networks with their addresses, all of them ours.

Addresses are from ranges set aside for tests and documentation (198.18.0.0/15, RFC 2544; 2001:db8::/32,
RFC 3849), AS numbers from the private range (RFC 6996): no row can point at anyone. Within them the
table is like a real one: a /24 block belongs to one carrier in one town, a carrier has one AS number, and a
home keeps its address until its lease ends.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache

DAY = 86_400


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A town: its position in degrees, its offset from UTC in hours, and whose summer time it keeps."""

    city: str
    state: str
    country: str
    latitude: float
    longitude: float
    offset: float
    summer: str


OFFICES = (
    Place("Hamburg", "Hamburg", "DE", 53.5511, 9.9937, 1, "EU"),
    Place("Rotterdam", "Zuid-Holland", "NL", 51.9244, 4.4777, 1, "EU"),
    Place("Leeds", "England", "GB", 53.8008, -1.5491, 0, "EU"),
    Place("Denver", "Colorado", "US", 39.7392, -104.9903, -7, "US"),
    Place("Raleigh", "North Carolina", "US", 35.7796, -78.6382, -5, "US"),
    Place("Pune", "Maharashtra", "IN", 18.5204, 73.8567, 5.5, ""),
)
ABROAD = (
    Place("Lyon", "Auvergne-Rhone-Alpes", "FR", 45.7640, 4.8357, 1, "EU"),
    Place("Barcelona", "Catalonia", "ES", 41.3874, 2.1686, 1, "EU"),
    Place("Warsaw", "Mazowieckie", "PL", 52.2297, 21.0122, 1, "EU"),
    Place("Chicago", "Illinois", "US", 41.8781, -87.6298, -6, "US"),
    Place("Singapore", "", "SG", 1.3521, 103.8198, 8, ""),
    Place("Osaka", "Osaka", "JP", 34.6937, 135.5023, 9, ""),
)


def midnight(place: Place, day: int) -> float:
    """Local midnight of a day (number since 1970-01-01) as seconds since the epoch, UTC."""
    return day * DAY - 3600 * (place.offset + (1 if _summer(place.summer, day) else 0))


@cache
def _summer(rule: str, day: int) -> bool:
    """Summer time by the rules in force since 1996 (EU) and 2007 (US), day by day."""
    if not rule:
        return False
    at = datetime.fromtimestamp(day * DAY, UTC).date()
    if rule == "EU":
        return _last_sunday(at.year, 3) <= at < _last_sunday(at.year, 10)
    return _first_sunday(at.year, 3) + timedelta(7) <= at < _first_sunday(at.year, 11)


def _first_sunday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + timedelta((6 - first.weekday()) % 7)


def _last_sunday(year: int, month: int) -> date:
    last = date(year, month, 31)
    return last - timedelta((last.weekday() + 1) % 7)


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Where a sign-in comes from: an address, its autonomous system, its town and what it is.

    `kind` is office, home, mobile, hotel, vpn or cloud.
    """

    address: str
    asn: int
    place: Place
    kind: str


_OWN_ASN = 64_512
_CARRIERS = {"home": 2, "mobile": 1, "hotel": 1}
_BLOCKS = {"home": 6, "hotel": 1}
"""/24 blocks of each carrier in a town."""


@cache
def _blocks() -> dict[tuple[str, str, int], tuple[int, int]]:
    """(city, kind, carrier) -> AS number and the first of its /24 blocks, in 198.18.0.0/15."""
    carriers: dict[tuple[str, str, int], int] = {}
    table: dict[tuple[str, str, int], tuple[int, int]] = {}
    block = 8  # the first blocks are the organisation's own
    for place in (*OFFICES, *ABROAD):
        for kind, number in _CARRIERS.items():
            for carrier in range(number):
                asn = carriers.setdefault((place.country, kind, carrier), _OWN_ASN + 8 + len(carriers))
                table[place.city, kind, carrier] = asn, block
                block += _BLOCKS.get(kind, 0)
    return table


def _in_block(block: int, host: int) -> str:
    return f"198.{18 + block // 256}.{block % 256}.{host}"


@cache
def office(place: Place) -> Network:
    """The address behind which an office works."""
    return Network(_in_block(OFFICES.index(place), 10), _OWN_ASN, place, "office")


@cache
def vpn(place: Place) -> Network:
    """The way out of the organisation's tunnel: one for Europe and Asia, one for America."""
    site = OFFICES[3] if place.country == "US" else OFFICES[0]
    return Network(_in_block(6 if site is OFFICES[3] else 7, 20), _OWN_ASN, site, "vpn")


@cache
def cloud(number: int) -> Network:
    """The address of one of the organisation's servers."""
    return Network(_in_block(6, 100 + number % 120), _OWN_ASN, OFFICES[3], "cloud")


def home(place: Place, rng: random.Random) -> Network:
    """A broadband line: one of the town's carriers, an address of its blocks."""
    carrier = int(rng.random() * _CARRIERS["home"])
    asn, block = _blocks()[place.city, "home", carrier]
    return Network(_in_block(block + int(rng.random() * 6), 1 + int(rng.random() * 254)), asn, place, "home")


def renewed(network: Network, rng: random.Random) -> Network:
    """The same line after its lease: another host of the same block."""
    prefix = network.address.rpartition(".")[0]
    return Network(f"{prefix}.{1 + int(rng.random() * 254)}", network.asn, network.place, network.kind)


def mobile(place: Place, rng: random.Random) -> Network:
    """A phone's line: IPv6 of the country's carrier."""
    asn, block = _blocks()[place.city, "mobile", 0]
    tail = ":".join(f"{1 + int(rng.random() * 65_535):x}" for _ in range(5))
    return Network(f"2001:db8:{asn - _OWN_ASN:x}:{block:x}:{tail.partition(':')[2]}", asn, place, "mobile")


def hotel(place: Place, rng: random.Random) -> Network:
    """A guest network."""
    asn, block = _blocks()[place.city, "hotel", 0]
    return Network(_in_block(block, 1 + int(rng.random() * 254)), asn, place, "hotel")
