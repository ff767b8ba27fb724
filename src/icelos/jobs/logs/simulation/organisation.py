"""A made-up organisation: people, their devices, networks, applications, and the accounts of machines.

Everything is drawn from one seed and then stays: the bonds between a person and the rest are what a
model of its logs can learn. The domain ends in .example (RFC 2606).
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from icelos.jobs.logs.simulation.catalogue import EVERYBODYS, EXCHANGE, GRAPH, OWN, SHAREPOINT, App, catalogue
from icelos.jobs.logs.simulation.places import OFFICES, Network, cloud, home, mobile, office


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
DOMAIN = "northwind.example"
DEPARTMENTS = ("Sales", "Finance", "Engineering", "Operations", "Marketing", "People", "Legal", "IT")
_SHARES = (20, 8, 30, 16, 10, 5, 4, 7)


@dataclass(frozen=True, slots=True, eq=False)
class Device:
    """A laptop, phone, server or unregistered machine (`id` empty). `family` is that of its browser."""

    id: str
    name: str
    system: str
    family: str
    platform: str
    managed: bool
    trust: str
    kind: str
    lag: int

    @property
    def phone(self) -> bool:
        """Whether it is a phone."""
        return self.kind == "phone"

    def release(self, day: int) -> int:
        """The major version of its browser: a new one every four weeks, `lag` days later on this device."""
        return 109 + (day - self.lag - 19_366) // 28


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One user, or an account that a machine uses. Devices are (first day, device), in order.

    `hybrid` are the weekdays at home; shares: `careful` of sessions through the tunnel, `clumsy` of mistyped
    passwords, `lively` scales tokens on the phone. `tastes` are weights of files, mail, wiki and tickets.
    """

    number: int
    name: str
    principal: str
    id: str
    puid: str
    atlassian: str
    department: str
    office: Network
    home: Network
    mobile: Network
    laptops: tuple[tuple[int, Device], ...]
    phones: tuple[tuple[int, Device], ...]
    apps: tuple[App, ...]
    hybrid: frozenset[int]
    careful: float
    clumsy: float
    lively: float
    tastes: tuple[float, float, float, float]
    admin: bool
    lease: int
    password_age: int


@dataclass(frozen=True, slots=True, eq=False)
class Service:
    """An account that a machine uses every `period` seconds; `principal` empty: a service principal."""

    number: int
    name: str
    principal: str
    id: str
    app_id: str
    resources: tuple[str, ...]
    network: Network
    device: Device
    period: float
    secret_age: int


@dataclass(frozen=True, slots=True, eq=False)
class Organisation:
    """One tenant. `policies` are the ids of its three policies."""

    tenant: str
    seed: int
    apps: tuple[App, ...]
    policies: tuple[str, str, str]
    people: tuple[Person, ...]
    services: tuple[Service, ...]


def stream(seed: int, *names: str | int) -> random.Random:
    """Random numbers that depend on the seed and on what they are for, and on nothing else."""
    return random.Random(f"{seed} {names}")  # noqa: S311 - made-up people, not secrets


def guid(rng: random.Random) -> str:
    """A random identifier in the form of a version 4 UUID (RFC 9562)."""
    return as_guid(f"{rng.getrandbits(128):032x}")


def as_guid(digits: str) -> str:
    """The first 32 hexadecimal digits in the form of a version 4 UUID."""
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def found(users: int, seed: int) -> Organisation:
    """An organisation of `users` people. The first n people are the same for any larger number."""
    rng = stream(seed, "organisation")
    tenant, own = guid(rng), [guid(rng) for _ in OWN]
    apps = catalogue(own)
    people = tuple(
        _person(stream(seed, "person", i), i, name, principal, apps)
        for i, (name, principal) in enumerate(_names(users, seed))
    )
    policies = guid(rng), guid(rng), guid(rng)
    services = tuple(
        _service(stream(seed, "service", i), users + i, i) for i in range(2 * max(1, round(users / 40)))
    )
    return Organisation(tenant, seed, tuple(apps), policies, people, services)


def _names(users: int, seed: int) -> list[tuple[str, str]]:
    """Display name and principal name; a second Anna Kim is anna.kim2."""
    pairs = [(given, family) for given in GIVEN for family in FAMILY]
    stream(seed, "names").shuffle(pairs)
    names = []
    for i in range(users):
        given, family = pairs[i % len(pairs)]
        again = str(i // len(pairs) + 1) if i >= len(pairs) else ""
        local = _ascii(f"{given}.{family}".lower())
        names.append((f"{given} {family}", f"{local}{again}@{DOMAIN}"))
    return names


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.replace("ı", "i"))
    return plain.encode("ascii", "ignore").decode()


def _person(rng: random.Random, number: int, name: str, principal: str, apps: list[App]) -> Person:
    place = rng.choices(OFFICES, weights=(6, 4, 4, 4, 5, 5))[0]
    department = rng.choices(DEPARTMENTS, weights=_SHARES)[0] if number else "IT"
    admin = not number or (department == "IT" and rng.random() < 0.6)
    own = [
        app for i, app in enumerate(apps)
        if i < EVERYBODYS or rng.random() < 0.4 or (admin and app.name == "Azure Portal")
    ]  # fmt: skip
    return Person(
        number=number,
        name=name,
        principal=principal,
        id=guid(rng),
        puid=f"1003{rng.getrandbits(48):012x}",
        atlassian=f"{rng.getrandbits(96):024x}",
        department=department,
        office=office(place),
        home=home(place, rng),
        mobile=mobile(place, rng),
        laptops=_over_time(rng, 1300, lambda: _laptop(rng, principal)),
        phones=_over_time(rng, 800, lambda: _phone(rng, name)),
        apps=tuple(own),
        hybrid=frozenset(day for day in range(5) if rng.random() < rng.choice((0.0, 0.3, 0.5, 0.9))),
        careful=rng.choice((0.0, 0.0, 0.1, 0.3, 0.9)),
        clumsy=min(0.3, rng.expovariate(1 / 0.06)),
        lively=rng.lognormvariate(0.0, 0.35),
        tastes=_tastes(rng, department),
        admin=admin,
        lease=rng.choice((7, 30, 60, 120, 400)),
        password_age=rng.randint(0, 119),
    )


def _tastes(rng: random.Random, department: str) -> tuple[float, float, float, float]:
    writes_code = department in ("Engineering", "IT")
    means = (2.0, 1.0, 1.5, 2.5) if writes_code else (5.0, 2.0, 0.8, 0.4)
    files, mail, wiki, tickets = (mean * rng.lognormvariate(0, 0.5) for mean in means)
    return files, mail, wiki, tickets


def _over_time(rng: random.Random, days: int, make: Callable[[], Device]) -> tuple[tuple[int, Device], ...]:
    """Devices of one kind with the days, counted from the first of the log, on which each takes over."""
    out, first = [(0, make())], rng.expovariate(1 / days)
    while first < 2000 and len(out) < 6:
        out.append((1 + int(first), make()))
        first += 60 + rng.expovariate(1 / days)
    return tuple(out)


_SYSTEMS = (
    ("Windows10", "Windows NT 10.0; Win64; x64"),
    ("Windows11", "Windows NT 10.0; Win64; x64"),
    ("MacOs", "Macintosh; Intel Mac OS X 10_15_7"),
)


def _laptop(rng: random.Random, principal: str) -> Device:
    system, platform = rng.choices(_SYSTEMS, weights=(3, 8, 3))[0]
    short = principal.partition("@")[0].replace(".", "")[:11].upper()
    managed = rng.random() < 0.95
    return Device(
        id=guid(rng) if managed else "",
        name=f"{short}-{rng.randint(100, 999)}" if managed else "",
        system=system,
        family=rng.choice(("Edge", "Edge", "Chrome")),
        platform=platform,
        managed=managed,
        trust=rng.choice(("Azure AD joined", "Hybrid Azure AD joined")) if managed else "",
        kind="laptop",
        lag=rng.randint(0, 12),
    )


def _phone(rng: random.Random, name: str) -> Device:
    if rng.random() < 0.55:
        version = rng.choice(("17.7.2", "18.1.1", "18.2"))
        system, family, model = f"Ios {version}", "Mobile Safari", "iPhone"
        platform = f"iPhone; CPU iPhone OS {version.replace('.', '_')} like Mac OS X"
    else:
        release = rng.choice(("13", "14", "15"))
        system, family, model = f"Android {release}", "Chrome Mobile", rng.choice(("Pixel", "Galaxy"))
        platform = f"Linux; Android {release}; K"
    registered = rng.random() < 0.8
    return Device(
        id=guid(rng) if registered else "",
        name=f"{name.split()[0]}'s {model}" if registered else "",
        system=system,
        family=family,
        platform=platform,
        managed=registered,
        trust="Azure AD registered" if registered else "",
        kind="phone",
        lag=rng.randint(0, 20),
    )


_TASKS = ("sync", "backup", "reporting", "monitoring", "invoicing", "deploy", "archive", "scanner")


def _service(rng: random.Random, number: int, i: int) -> Service:
    task = f"{_TASKS[i // 2 % len(_TASKS)]}{i // 16 + 1:02d}"
    device = Device("", "", "", "", f"python-requests/2.{rng.randint(28, 32)}.3", False, "", "server", 0)
    return Service(
        number=number,
        name=f"svc-{task}" if i % 2 else f"app-{task}",
        principal=f"svc-{task}@{DOMAIN}" if i % 2 else "",
        id=guid(rng),
        app_id=guid(rng),
        resources=tuple(rng.sample((GRAPH, EXCHANGE, SHAREPOINT), 2)),
        network=cloud(i),
        device=device,
        period=rng.choice((1800.0, 3600.0, 3600.0, 7200.0, 21_600.0)),
        secret_age=rng.randint(0, 360),
    )
