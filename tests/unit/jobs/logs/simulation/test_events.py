from __future__ import annotations

from uuid import UUID

from icelos.jobs.logs.simulation.events import START_DAY, Event, SignIn, identifier, identifiers
from icelos.jobs.logs.simulation.places import DAY


def test_identifiers_are_unique_and_repeatable(events: list[Event]) -> None:
    some = events[:4000]
    ids = [identifiers(1, event) for event in some]
    assert len({id for pair in ids for id in pair}) == 2 * len(some)
    assert all(str(UUID(one)) == one for pair in ids for one in pair)
    assert ids[7] == identifiers(1, some[7])
    assert ids[7] != identifiers(2, some[7])
    assert identifier(1, some[7], "token") not in ids[7]


def test_no_event_is_earlier_than_the_stream_promises(events: list[Event]) -> None:
    for event in events:
        day = event.number // 1_000_000 - 1 + START_DAY
        assert event.time >= (day * DAY - DAY / 2) * 1_000_000


def test_numbers_are_unique_for_an_actor(events: list[Event]) -> None:
    assert len({(event.actor.number, event.number) for event in events}) == len(events)
    assert any(isinstance(event, SignIn) for event in events)
