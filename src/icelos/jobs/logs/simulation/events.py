"""What happens, before it is a row of any log: sign-ins; work on files, mail, pages, tickets, accounts.

Several streams of events are woven into one log (`Stream`): each person's, each machine's, and whatever else
is given to `simulate`, such as an attack's: its events carry a label, which goes to a side file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from icelos.jobs.logs.simulation.catalogue import App
from icelos.jobs.logs.simulation.organisation import Device, Person, Service, as_guid
from icelos.jobs.logs.simulation.places import Network

START_DAY = 20_094
"""The first day of every log, counted from 1970-01-01: Monday, 6 January 2025."""
SECOND = 1_000_000
"""Times of events are microseconds since the epoch, UTC."""
WOVEN = 10**12


@dataclass(slots=True, eq=False, kw_only=True)
class SignIn:
    """Someone, or a token of theirs, asks for an application.

    `number` is unique among the actor's events: with the label, the row's identifiers are made from it.
    `resource` is what the application asks for. `second_factor` is "", asked, claim or done.
    """

    time: int
    actor: Person | Service
    number: int
    device: Device
    network: Network
    app: App
    resource: str
    interactive: bool
    code: int
    second_factor: str
    session: str
    correlation: str
    compliant: bool
    unfamiliar: bool = False
    label: str = ""


@dataclass(slots=True, eq=False, kw_only=True)
class Action:
    """Someone does something to something. `source` names the log in which it is kept."""

    time: int
    actor: Person | Service
    number: int
    device: Device
    network: Network
    source: str
    operation: str
    target: object
    session: str
    label: str = ""


Event = SignIn | Action


class Stream(Protocol):
    """Events of one origin."""

    def events(self, day: int) -> Sequence[Event]:
        """Those of a local day, counted from 1970-01-01, in any order.

        None is more than twelve hours earlier than the day's midnight UTC; the same day gives the same events
        whatever was asked before. Streams beside people's and machines' number their events from `WOVEN` on.
        """


def identifiers(seed: int, event: Event) -> tuple[str, str]:
    """Two GUIDs, the row's id and its correlation, that depend on the seed and the event."""
    name = f"{seed} {event.actor.number} {event.number} {event.label}"
    digits = hashlib.blake2b(name.encode(), digest_size=32).hexdigest()
    return as_guid(digits), as_guid(digits[32:])


def identifier(seed: int, event: Event, what: str) -> str:
    """Another GUID, by what it is for."""
    name = f"{seed} {event.actor.number} {event.number} {event.label} {what}"
    return as_guid(hashlib.blake2b(name.encode(), digest_size=16).hexdigest())
