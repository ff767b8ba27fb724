"""All things of one kind, by their names: what a list might wrongly name besides."""

from __future__ import annotations

from functools import cache

from tests.quality.agent.events import SERVICE
from tests.quality.agent.organisation import organisation
from tests.quality.agent.rows import Person
from tests.quality.agent.staff import PEOPLE, TARGETS


def names_of(person: Person) -> str:
    """The names under which a person may be told, as "one|another"."""
    return f"{person.name}|{person.address}|{person.address.partition('@')[0]}"


def user(address: str) -> str:
    """The same of a user as logs have it."""
    own = address.partition("@")[0]
    person = next((one for one in PEOPLE if one.address == address), None)
    return names_of(person) if person else own


@cache
def names(kind: str) -> tuple[str, ...]:
    """Of hosts, users, CVEs and the like, by the keys below; none for ""."""
    known = organisation()
    found: dict[str, list[str]] = {
        "": [],
        "host": [*(one.name for one in TARGETS), *(one.host for one in known.events)],
        "user": [*map(names_of, PEOPLE), SERVICE],
        "cve": [one.vulnerability for one in known.weaknesses],
        "technique": [one.technique for one in known.alerts],
        "rule": [one.rule for one in known.alerts if one.rule],
        "package": [one.package for one in known.weaknesses],
        "sender": [one.sender for one in known.messages],
        "address": [one.source_ip for one in known.events],
        "incident": [one.incident for one in known.alerts if one.incident],
    }
    return tuple(dict.fromkeys(found[kind]))
