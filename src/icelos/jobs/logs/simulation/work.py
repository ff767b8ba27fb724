"""What a burst of work consists of, by where it goes. Shares among writes of files follow the real activity
that the rhythm was fitted to (modified 74 : uploaded 15 : deleted 11); all other shares are assumptions.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from icelos.jobs.logs.simulation.catalogue import App
from icelos.jobs.logs.simulation.files import (
    file_in_hand,
    file_once,
    page_in_hand,
    page_once,
    rank,
    ticket_in_hand,
    ticket_once,
)
from icelos.jobs.logs.simulation.organisation import Organisation, Person
from icelos.jobs.logs.simulation.today import Today

DESTINATIONS = ("files", "mail", "wiki", "tickets", "directory")
BULK = 300
"""Most events of a burst: what is larger in the real activity are machines' commits."""
_MOST = {"files": BULK, "mail": 6, "wiki": 12, "tickets": 12, "directory": 8}

Step = tuple[str, str, object]
"""The log, the operation, its target."""

_READS = (("FileAccessed", 70), ("FilePreviewed", 18), ("FileDownloaded", 12))
_WRITES = (
    ("FileModified", 60), ("FileModifiedExtended", 14), ("FileUploaded", 15), ("FileDeleted", 7),
    ("FileRecycled", 4), ("FileRenamed", 2), ("FileMoved", 2), ("SharingSet", 1),
)  # fmt: skip
_MAIL = (
    ("MailItemsAccessed", 60),
    ("Send", 22),
    ("MoveToDeletedItems", 10),
    ("SoftDelete", 5),
    ("Create", 3),
)
_WIKI = (
    ("Page viewed", 66), ("Page edited", 20), ("Page created", 6), ("Attachment uploaded", 5),
    ("Page deleted", 1),
)  # fmt: skip
_WIKI_ADMIN = (("Space permission added", 3), ("Space configuration updated", 2))
_TICKETS = (("Issue viewed", 62), ("Issue updated", 22), ("Comment added", 10), ("Issue created", 6))
_TICKETS_ADMIN = (
    ("User added to group", 4),
    ("User removed from group", 1),
    ("Project component updated", 3),
)
_ONCE = frozenset(
    {
        "FileDeleted",
        "FileRecycled",
        "FileRenamed",
        "FileMoved",
        "Page created",
        "Page deleted",
        "Issue created",
    }
)
"""What can be done to a thing only once: it falls on things that are not touched again."""
_DIRECTORY = (
    ("Add member to group", 40), ("Remove member from group", 12), ("Update user", 25),
    ("Remove app role assignment from user", 4),
    ("Add app role assignment grant to user", 8), ("Update device", 5),
)  # fmt: skip


_WEB, _DESKTOP = "SharePoint Online Web Client Extensibility", "Microsoft Office"
_APPS = {
    "mail": "Office 365 Exchange Online", "wiki": "Atlassian Cloud", "tickets": "Atlassian Cloud",
    "directory": "Azure Portal",
}  # fmt: skip


def app_of(destination: str, today: Today, rng: random.Random) -> App:
    """The application through which the work is done; the desktop's only while its token is good."""
    wanted = _APPS.get(destination)
    if wanted is None:
        desktop = named(_DESKTOP, today.person)
        return named(_WEB, today.person) if desktop.id in today.stuck or rng.random() < 0.5 else desktop
    return named(wanted, today.person)


def named(name: str, person: Person) -> App:
    """The person's application of that name."""
    return next(app for app in person.apps if app.name == name)


def operations(
    destination: str, organisation: Organisation, today: Today, events: int, rng: random.Random
) -> Iterator[Step]:
    """The steps of a burst, as many as there are events, within what is plausible there."""
    most = min(events, _MOST[destination])
    for _ in range(most):
        if destination == "files":
            yield from _on_files(organisation, today, rng)
        else:
            yield _elsewhere(destination, organisation, today, rng)


def _on_files(organisation: Organisation, today: Today, rng: random.Random) -> Iterator[Step]:
    seed, person, day = organisation.seed, today.person, today.day
    if rng.random() < 0.45:
        yield "office365", _pick(_READS, rng), file_in_hand(seed, person, day, rank(rng))
        return
    operation = _pick(_WRITES, rng)
    once = operation in _ONCE
    file = file_once(seed, person, day, rng) if once else file_in_hand(seed, person, day, rank(rng))
    yield "office365", "FileAccessed", file
    yield "office365", operation, file


def _elsewhere(destination: str, organisation: Organisation, today: Today, rng: random.Random) -> Step:
    person, seed, day = today.person, organisation.seed, today.day
    if destination == "mail":
        return "office365", _pick(_MAIL, rng), person
    if destination == "wiki":
        table = _WIKI_ADMIN if rng.random() < (0.1 if person.admin else 0.004) else _WIKI
        operation, place = _pick(table, rng), rank(rng)
        once = operation in _ONCE
        page = page_once(seed, person, day, rng) if once else page_in_hand(seed, person, day, place)
        return "confluence", operation, page
    if destination == "tickets":
        admin = rng.random() < (0.25 if person.admin else 0.004)
        operation = _pick(_TICKETS_ADMIN if admin else _TICKETS, rng)
        return "jira", operation, _on_ticket(organisation, today, operation, rng)
    return "entra-audit", _pick(_DIRECTORY, rng), someone(organisation, rng)


def _on_ticket(organisation: Organisation, today: Today, operation: str, rng: random.Random) -> object:
    if operation.startswith("User"):
        return someone(organisation, rng)
    if operation in _ONCE:
        return ticket_once(organisation.seed, today.person, today.day, rng)
    return ticket_in_hand(organisation.seed, today.person, today.day, rank(rng))


def someone(organisation: Organisation, rng: random.Random) -> Person:
    """Anyone."""
    return organisation.people[int(rng.random() * len(organisation.people))]


def _pick(table: tuple[tuple[str, int], ...], rng: random.Random) -> str:
    return rng.choices([name for name, _ in table], weights=[weight for _, weight in table])[0]
