"""A made-up organisation: people, their devices, networks, applications and working habits.

Everything is drawn from one seed and then stays: the bonds between a person and the rest are what a
model of its logs can learn. Addresses are from ranges set aside for tests and documentation
(198.18.0.0/15, RFC 2544; 2001:db8::/32, RFC 3849), AS numbers from the private range (RFC 6996),
the domain ends in .example (RFC 2606): no row can point at anyone.
"""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN = _words(
    "Ada Amara Anders Anna Aylin Bruno Camille Carlos Chidi Clara Daniel Dewi Diego Elif Emma Farid Fatima "
    "Felix Freya Gabriel Grace Hana Hugo Ines Ivan Jamal Jin José Julia Kai Karim Katja Keiko Lars Leila "
    "Liam Lucía Luis Magnus Malika Maria Mateo Mei Mina Nadia Nikos Noah Nora Olga Omar Oskar Paula Priya "
    "Rafael Rosa Samuel Sara Sofia Sven Tariq Tomás Uma Vera Victor Wei Yara Yusuf Zoë"
)
FAMILY = _words(
    "Abbott Adeyemi Ahmed Almeida Andersen Bakker Bauer Becker Bianchi Brandt Brown Castillo Chen Cohen "
    "Costa Dahl Dubois Eriksen Fischer Fontaine Garcia Gruber Gupta Haddad Hansen Hoffmann Horvat Ito "
    "Ivanova Jansen Jensen Johnson Kamau Kaya Keller Khan Kim Kowalski Kumar Larsen Lefèvre Lindqvist "
    "Lopez Martin Mbeki Meyer Moreau Moretti Müller Nakamura Nguyen Nowak Okafor Oliveira Olsen Papadakis "
    "Park Patel Pereira Petrov Ramos Rao Rossi Russo Sato Schmidt Silva Singh Smith Suzuki Tanaka Taylor "
    "Torres Tran Virtanen Visser Wagner Walker Wang Weber Williams Wilson Wong Yamada Yılmaz Zhang Ziegler"
)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A town with its offset from UTC in hours (standard time) and its position in degrees."""

    city: str
    state: str
    country: str
    latitude: float
    longitude: float
    offset: int


OFFICES = (
    Place("Hamburg", "Hamburg", "DE", 53.5511, 9.9937, 1),
    Place("Rotterdam", "Zuid-Holland", "NL", 51.9244, 4.4777, 1),
    Place("Leeds", "England", "GB", 53.8008, -1.5491, 0),
    Place("Denver", "Colorado", "US", 39.7392, -104.9903, -7),
    Place("Raleigh", "North Carolina", "US", 35.7796, -78.6382, -5),
    Place("Pune", "Maharashtra", "IN", 18.5204, 73.8567, 5),
)
ABROAD = (
    Place("Lyon", "Auvergne-Rhone-Alpes", "FR", 45.7640, 4.8357, 1),
    Place("Barcelona", "Catalonia", "ES", 41.3874, 2.1686, 1),
    Place("Warsaw", "Mazowieckie", "PL", 52.2297, 21.0122, 1),
    Place("Chicago", "Illinois", "US", 41.8781, -87.6298, -6),
    Place("Singapore", "", "SG", 1.3521, 103.8198, 8),
    Place("Osaka", "Osaka", "JP", 34.6937, 135.5023, 9),
)


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Where a sign-in comes from: an address that stays, its place and its autonomous system."""

    address: str
    asn: int
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Device:
    """A laptop, phone or unregistered machine (`id` empty)."""

    id: str
    name: str
    system: str
    browser: str
    agent: str
    managed: bool
    trust: str
    phone: bool


@dataclass(frozen=True, slots=True, eq=False)
class App:
    """An application, the resource it asks for, whether it runs in a browser, and on which devices."""

    id: str
    name: str
    resource_id: str
    resource: str
    browser: bool
    on: str
    weight: float

    def runs_on(self, device: Device) -> bool:
        return self.on in ("both", "phone" if device.phone else "laptop")


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One user. Hours are local; `stuck` maps an app's id to the error that its token keeps giving."""

    name: str
    principal: str
    id: str
    office: Network
    home: Network
    mobile: Network
    laptop: Device
    mobile_phone: Device
    apps: tuple[App, ...]
    stuck: dict[str, int]
    arrival: float
    span: float
    pace: float
    weekend: float
    remote: float
    clumsy: float


@dataclass(frozen=True, slots=True, eq=False)
class Organisation:
    """One tenant."""

    tenant: str
    people: tuple[Person, ...]


def stream(seed: int, *names: str | int) -> random.Random:
    """Random numbers that depend on the seed and on what they are for, and on nothing else."""
    return random.Random(f"{seed} {names}")  # noqa: S311 - made-up people, not secrets


def guid(rng: random.Random) -> str:
    """A random identifier in the form of a version 4 UUID (RFC 9562)."""
    h = f"{rng.getrandbits(128):032x}"
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


def found(users: int, seed: int) -> Organisation:
    """An organisation of `users` people. The first n people are the same for any larger number."""
    tenant = guid(stream(seed, "tenant"))
    apps = _catalogue(stream(seed, "apps"))
    offices = [_network(stream(seed, "office", i), place) for i, place in enumerate(OFFICES)]
    names = _names(users, seed)
    people = tuple(
        _person(stream(seed, "person", i), name, principal, offices, apps)
        for i, (name, principal) in enumerate(names)
    )
    return Organisation(tenant, people)


def _names(users: int, seed: int) -> list[tuple[str, str]]:
    """Display name and principal name; a second Anna Kim is anna.kim2."""
    pairs = [(given, family) for given in GIVEN for family in FAMILY]
    stream(seed, "names").shuffle(pairs)
    names = []
    for i in range(users):
        given, family = pairs[i % len(pairs)]
        again = str(i // len(pairs) + 1) if i >= len(pairs) else ""
        local = _ascii(f"{given}.{family}".lower())
        names.append((f"{given} {family}", f"{local}{again}@northwind.example"))
    return names


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.replace("ı", "i"))
    return plain.encode("ascii", "ignore").decode()


CATALOGUE = (
    # name, resource, in a browser, on, weight
    ("Microsoft Teams", "Microsoft Teams Services", False, "both", 9.0),
    ("Microsoft Office", "Microsoft Graph", False, "laptop", 8.0),
    ("Outlook Mobile", "Office 365 Exchange Online", False, "phone", 8.0),
    ("Office 365 Exchange Online", "Office 365 Exchange Online", True, "laptop", 6.0),
    ("OfficeHome", "OfficeHome", True, "laptop", 4.0),
    ("SharePoint Online Web Client Extensibility", "Office 365 SharePoint Online", True, "laptop", 5.0),
    ("OneDrive SyncEngine", "Office 365 SharePoint Online", False, "laptop", 6.0),
    ("Microsoft Edge", "Microsoft Edge Enterprise New Tab Page", False, "both", 4.0),
    ("Microsoft Authentication Broker", "Windows Azure Active Directory", False, "phone", 3.0),
    ("Atlassian Cloud", "Atlassian Cloud", True, "laptop", 3.0),
    ("Travel and Expenses", "Travel and Expenses", True, "laptop", 0.7),
    ("Payroll Portal", "Payroll Portal", True, "laptop", 0.5),
    ("Azure Portal", "Windows Azure Service Management API", True, "laptop", 0.6),
    ("Power BI Service", "Power BI Service", True, "laptop", 1.0),
    ("Code Repository", "Code Repository", True, "laptop", 1.5),
    ("Customer Relations", "Customer Relations", True, "laptop", 1.5),
)
_COMMON = 10
"""The first applications of the catalogue are everybody's; of the rest each person has some."""


def _catalogue(rng: random.Random) -> list[App]:
    resources = {resource: guid(rng) for _, resource, *_ in CATALOGUE}
    return [
        App(guid(rng), name, resources[resource], resource, browser, on, weight)
        for name, resource, browser, on, weight in CATALOGUE
    ]


def _network(rng: random.Random, place: Place, *, v6: bool = False) -> Network:
    asn = rng.randint(64512, 65534)
    if v6:
        groups = ":".join(f"{rng.getrandbits(16):x}" for _ in range(4))
        return Network(f"2001:db8:{rng.getrandbits(16):x}:{rng.getrandbits(16):x}:{groups}", asn, place)
    return Network(f"198.{rng.randint(18, 19)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}", asn, place)


def travel(rng: random.Random) -> Network:
    """A hotel's network abroad."""
    return _network(rng, rng.choice(ABROAD))


def _person(rng: random.Random, name: str, principal: str, offices: list[Network], apps: list[App]) -> Person:
    office = rng.choice(offices)
    own = [
        App(a.id, a.name, a.resource_id, a.resource, a.browser, a.on, a.weight * rng.lognormvariate(0, 0.6))
        for i, a in enumerate(apps)
        if i < _COMMON or rng.random() < 0.35
    ]
    return Person(
        name=name,
        principal=principal,
        id=guid(rng),
        office=office,
        home=_network(rng, office.place),
        mobile=_network(rng, office.place, v6=True),
        laptop=_laptop(rng, principal),
        mobile_phone=_phone(rng, name),
        apps=tuple(own),
        stuck={a.id: rng.choice(STUCK) for a in own if rng.random() < 0.22},
        arrival=min(11.0, max(6.0, rng.gauss(8.6, 0.9))),
        span=min(11.0, max(4.0, rng.gauss(8.6, 1.0))),
        pace=rng.lognormvariate(0.0, 0.45),
        weekend=min(0.6, rng.expovariate(1 / 0.12)),
        remote=rng.betavariate(1.2, 2.0),
        clumsy=min(0.3, rng.expovariate(1 / 0.06)),
    )


STUCK = (50158, 50158, 700082, 700082, 50173, 70043, 65001, 50097)
"""Errors that a client repeats with its token until someone signs in anew (see `signins.ERRORS`)."""


def _laptop(rng: random.Random, principal: str) -> Device:
    system, platform = rng.choices(SYSTEMS, weights=(8, 3, 3))[0]
    browser, agent = rng.choice(BROWSERS)
    short = principal.partition("@")[0].replace(".", "")[:11].upper()
    managed = rng.random() < 0.93
    return Device(
        id=guid(rng) if managed else "",
        name=f"{short}-{rng.randint(100, 999)}" if managed else "",
        system=system,
        browser=browser,
        agent=f"Mozilla/5.0 ({platform}) AppleWebKit/537.36 (KHTML, like Gecko) {agent}",
        managed=managed,
        trust=rng.choice(("Azure AD joined", "Hybrid Azure AD joined")) if managed else "",
        phone=False,
    )


SYSTEMS = (
    ("Windows10", "Windows NT 10.0; Win64; x64"),
    ("Windows11", "Windows NT 10.0; Win64; x64"),
    ("MacOs", "Macintosh; Intel Mac OS X 10_15_7"),
)
BROWSERS = (
    ("Edge 131.0.0", "Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0"),
    ("Edge 130.0.0", "Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0"),
    ("Chrome 131.0.0", "Chrome/131.0.0.0 Safari/537.36"),
)


def _phone(rng: random.Random, name: str) -> Device:
    version = rng.choice(("17.7.2", "18.1.1", "18.2"))
    if rng.random() < 0.55:
        system = f"Ios {version}"
        browser, model = f"Mobile Safari {version}", "iPhone"
        platform = f"iPhone; CPU iPhone OS {version.replace('.', '_')} like Mac OS X"
    else:
        release = rng.choice(("13", "14", "15"))
        system, browser, model = f"Android {release}", "Chrome Mobile 131.0.0", "Pixel"
        platform = f"Linux; Android {release}; K"
    agent = f"Mozilla/5.0 ({platform}) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile"
    registered = rng.random() < 0.7
    return Device(
        id=guid(rng) if registered else "",
        name=f"{name.split()[0]}'s {model}" if registered else "",
        system=system,
        browser=browser,
        agent=agent,
        managed=registered,
        trust="Azure AD registered" if registered else "",
        phone=True,
    )
