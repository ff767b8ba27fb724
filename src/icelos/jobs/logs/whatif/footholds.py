"""Where an attacker works from: an address that nobody had before, its network and town, and a client.

In the victim's town or country it is an address beside one that the log has, with the same network and
place, so that what goes together in the log still does. Abroad is made up: addresses from 198.18.0.0/15, set
aside for tests (RFC 2544), AS numbers from the private range (RFC 6996).
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from icelos.jobs.logs.whatif.forms import Fields

_TRIES = 200


@dataclass(frozen=True)
class Network:
    """An address, its autonomous system, and the `location` of its rows, None where they tell none."""

    address: str
    asn: object
    location: Fields | None

    @property
    def country(self) -> str:
        """Of its place, "" where that is unknown."""
        return str((self.location or {}).get("countryOrRegion") or "")

    @property
    def city(self) -> str:
        """Of its place, "" where that is unknown."""
        return str((self.location or {}).get("city") or "")


@dataclass(frozen=True)
class Client:
    """A program that signs in, as rows name it: its user agent, browser and system."""

    agent: str
    browser: str
    system: str


SCRIPTS = (
    Client("python-requests/2.32.3", "Python Requests 2.32", ""),
    Client("axios/1.7.9", "Other", ""),
    Client("Go-http-client/2.0", "Other", ""),
    Client("okhttp/4.12.0", "Other", ""),
)
_CHROMES, _FIREFOXES = (119, 121, 122, 124, 126), (115, 121, 124)
BROWSERS = (
    *(
        Client(
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            f"Chrome/{release}.0.0.0 Safari/537.36",
            f"Chrome {release}.0.0", "Windows10",
        )
        for release in _CHROMES
    ),
    *(
        Client(
            f"Mozilla/5.0 (X11; Linux x86_64; rv:{release}.0) Gecko/20100101 Firefox/{release}.0",
            f"Firefox {release}.0", "Linux",
        )
        for release in _FIREFOXES
    ),
)  # fmt: skip
"""Forms of user agents: httpwg.org/specs/rfc9110 (User-Agent), and the browsers' own."""

_ABROAD = (
    # city, state, country, latitude, longitude
    ("Bucharest", "Bucuresti", "RO", 44.4268, 26.1025), ("Lagos", "Lagos", "NG", 6.5244, 3.3792),
    ("Kyiv", "Kyiv", "UA", 50.4501, 30.5234), ("Jakarta", "Jakarta", "ID", -6.2088, 106.8456),
    ("Sao Paulo", "Sao Paulo", "BR", -23.5505, -46.6333), ("Hanoi", "Ha Noi", "VN", 21.0278, 105.8342),
    ("Riga", "Riga", "LV", 56.9496, 24.1052), ("Istanbul", "Istanbul", "TR", 41.0082, 28.9784),
    ("Toronto", "Ontario", "CA", 43.6532, -79.3832), ("Zurich", "Zurich", "CH", 47.3769, 8.5417),
)  # fmt: skip
_FIRST_ASN, _FIRST_BLOCK = 64_900, 192
"""Behind those of the simulator's own networks (`simulation.places`)."""


def abroad(countries: Iterable[str], used: Callable[[str], bool], rng: random.Random) -> Network:
    """An address in a country that the organisation has nobody in."""
    known = set(countries)
    places = [place for place in _ABROAD if place[2] not in known] or list(_ABROAD)
    number = _ABROAD.index(rng.choice(places))
    city, state, country, latitude, longitude = _ABROAD[number]
    provider = rng.randrange(3)
    location: Fields = {
        "city": city, "state": state, "countryOrRegion": country,
        "geoCoordinates": {"altitude": None, "latitude": latitude, "longitude": longitude},
    }  # fmt: skip
    block = f"198.19.{_FIRST_BLOCK + 3 * number + provider}"
    addresses = (f"{block}.{rng.randint(1, 254)}" for _ in range(_TRIES))
    return Network(_unused(addresses, used, f"{block}.254"), _FIRST_ASN + 3 * number + provider, location)


def beside(networks: Sequence[Network], used: Callable[[str], bool], rng: random.Random) -> Network:
    """An address of the same network as one of these."""
    base = rng.choice(networks)
    addresses = (_neighbour(base.address, rng) for _ in range(_TRIES))
    return Network(_unused(addresses, used, base.address), base.asn, base.location)


def _unused(addresses: Iterable[str], used: Callable[[str], bool], otherwise: str) -> str:
    return next((address for address in addresses if not used(address)), otherwise)


def _neighbour(address: str, rng: random.Random) -> str:
    """Another host of the same /24, or /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(ipaddress.IPv4Address((int(parsed) & ~0xFF) | rng.randint(1, 254)))
    return str(ipaddress.IPv6Address((int(parsed) >> 64 << 64) | rng.getrandbits(64)))


def client_of(kind: str, rng: random.Random) -> Client | None:
    """An attacker's client; None for `same` and `own`: that of the victim's rows."""
    return {"script": rng.choice(SCRIPTS), "browser": rng.choice(BROWSERS)}.get(kind)
