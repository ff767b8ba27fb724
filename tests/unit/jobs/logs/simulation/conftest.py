"""One organisation and two weeks of its events for all tests of this room."""

from __future__ import annotations

import pytest

from icelos.jobs.logs.simulation.events import START_DAY, Action, Event, SignIn, Stream
from icelos.jobs.logs.simulation.life import Life
from icelos.jobs.logs.simulation.machines import Machine
from icelos.jobs.logs.simulation.organisation import Organisation, Person, found
from icelos.jobs.logs.simulation.rhythm import rhythm

DAYS = 14


@pytest.fixture(scope="session")
def organisation() -> Organisation:
    return found(60, 11)


@pytest.fixture(scope="session")
def events(organisation: Organisation) -> list[Event]:
    streams: list[Stream] = [
        *(Life(organisation, person, rhythm()) for person in organisation.people),
        *(Machine(organisation, service) for service in organisation.services),
    ]
    return [
        event
        for day in range(START_DAY, START_DAY + DAYS)
        for stream in streams
        for event in stream.events(day)
    ]


@pytest.fixture(scope="session")
def signins(events: list[Event]) -> list[SignIn]:
    return [event for event in events if isinstance(event, SignIn)]


@pytest.fixture(scope="session")
def people_signins(signins: list[SignIn]) -> list[SignIn]:
    return [event for event in signins if isinstance(event.actor, Person)]


@pytest.fixture(scope="session")
def actions(events: list[Event]) -> list[Action]:
    return [event for event in events if isinstance(event, Action)]
