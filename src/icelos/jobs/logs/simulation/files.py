"""What people work on: files of sites, pages of spaces, tickets of projects; made from numbers, not kept."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

from icelos.jobs.logs.simulation.organisation import Person, guid, stream

_TOPICS = (
    "Budget Forecast Contract Invoice Roadmap Minutes Onboarding Pricing Proposal Review Risk Schedule "
    "Strategy Supplier Survey Training Audit Campaign Design Handbook Inventory Launch "
    "Migration Policy Quarterly"
).split()
_PARTS = "draft final v2 v3 notes summary template appendix comments signed internal overview".split()
_EXTENSIONS = ("docx", "xlsx", "pptx", "pdf", "docx", "xlsx", "txt", "csv", "png", "vsdx")
_FOLDERS = ("General", "Archive", "Projects", "Reports", "Shared", "2024", "2025")
RANKS = 60
"""Things that someone has in hand at a time; those at the front are touched most."""


@dataclass(frozen=True, slots=True, eq=False)
class File:
    """A file of a site; `own` in someone's OneDrive. `root` is the address of the site."""

    root: str
    site_id: str
    web_id: str
    list_id: str
    id: str
    folder: str
    name: str
    extension: str
    own: bool


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """A page or a ticket: its id, title, and the key and name of its space or project."""

    id: int
    title: str
    key: str
    within: str


def rank(rng: random.Random) -> int:
    """Which of the things in hand: the first often, the last seldom."""
    return int(rng.random() ** 2.5 * RANKS)


def file_in_hand(seed: int, person: Person, day: int, place: int) -> File:
    """The file at a rank: the department's, or every third the person's own. New ones come up by the week."""
    if place % 3 == 2:
        return _file(seed, person.principal, 12 * (day // 28) + place)
    return _file(seed, person.department, 40 * (day // 7) + (place * 17 + person.number * 29) % 240)


def file_once(seed: int, person: Person, day: int, rng: random.Random) -> File:
    """A file of the person's that is not touched again: one that goes, or gets another name."""
    return _file(seed, person.principal, _once(day, rng))


def page_once(seed: int, person: Person, day: int, rng: random.Random) -> Thing:
    """A page that is made or goes."""
    return _thing(seed, "wiki", person.department, _once(day, rng))


def ticket_once(seed: int, person: Person, day: int, rng: random.Random) -> Thing:
    """A ticket that is made."""
    return _thing(seed, "ticket", f"{person.department} Requests", _once(day, rng))


def _once(day: int, rng: random.Random) -> int:
    return (day + 1) * 100_000 + int(rng.random() * 100_000)


@lru_cache(maxsize=32_768)
def _file(seed: int, owner: str, number: int) -> File:
    rng = stream(seed, "file", owner, number)
    topic, extension = rng.choice(_TOPICS), rng.choice(_EXTENSIONS)
    own = "@" in owner
    site = _site(seed, owner)
    return File(
        *site,
        id=guid(rng),
        folder="Documents" if own else f"Shared Documents/{rng.choice(_FOLDERS)}",
        name=f"{topic} {rng.choice(_PARTS)} {number % 997:03d}.{extension}",
        extension=extension,
        own=own,
    )


@lru_cache(maxsize=16_384)
def _site(seed: int, owner: str) -> tuple[str, str, str, str]:
    rng = stream(seed, "site", owner)
    if "@" in owner:
        folder = owner.replace("@", "_").replace(".", "_")
        root = f"https://northwind-my.sharepoint.example/personal/{folder}"
    else:
        root = f"https://northwind.sharepoint.example/sites/{owner}"
    return root, guid(rng), guid(rng), guid(rng)


def page_in_hand(seed: int, person: Person, day: int, place: int) -> Thing:
    """A page of the department's space, or of everybody's."""
    return _thing(seed, "wiki", person.department if place % 4 else "Company", 6 * (day // 7) + place)


def ticket_in_hand(seed: int, person: Person, day: int, place: int) -> Thing:
    """A ticket of one of the department's two projects."""
    project = f"{person.department} {'Platform' if (place + person.number) % 2 else 'Requests'}"
    return _thing(seed, "ticket", project, 9 * (day // 7) + place)


@lru_cache(maxsize=32_768)
def _thing(seed: int, kind: str, within: str, number: int) -> Thing:
    rng = stream(seed, kind, within, number)
    first = stream(seed, kind, within).randrange(100_000, 900_000)
    key = "".join(word[:2] for word in within.upper().split()) if kind == "ticket" else within[:5].upper()
    title = f"{rng.choice(_TOPICS)} {rng.choice(_PARTS)}" if kind == "wiki" else f"{key}-{number}"
    return Thing(first + number * 7, title, key, within)
