"""Events to rows by several processes, so that the number of processes does not show.

Each process has some of the streams and goes through time by the hour, rendering what has arrived; the rows of an
hour are then put in order by arrival, actor and number. Nothing is kept beyond the rows of an hour and the
events of a day and a half, whatever the length of the log.
"""

from __future__ import annotations

import multiprocessing
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from icelos.jobs.logs.simulation.events import SECOND, START_DAY, Event, Stream
from icelos.jobs.logs.simulation.kinds import KINDS, arrivals, drift_day, lacks, without
from icelos.jobs.logs.simulation.life import Life
from icelos.jobs.logs.simulation.machines import Machine
from icelos.jobs.logs.simulation.organisation import Organisation, found
from icelos.jobs.logs.simulation.places import DAY
from icelos.jobs.logs.simulation.rhythm import rhythm

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

HOUR = 3600 * SECOND
_SLACK = 12 * HOUR
"""No event of a day is earlier than its midnight by more than this."""

Weave = Callable[[Organisation], Sequence[Stream]]
"""Further streams for an organisation; must be importable by name."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be simulated."""

    users: int
    seed: int
    kinds: tuple[str, ...]
    office: bool = True
    dirt: bool = True
    weave: Weave | None = None


class Row(msgspec.Struct, array_like=True):
    """A row without line end and its place in the order. `flaw`: L late, T the second time, K lacks a key."""

    arrival: int
    actor: int
    number: int
    again: bool
    flaw: str
    id: str
    label: str
    data: bytes


Hour = list[list[Row]]
"""The rows of an hour, by kind."""
_order = attrgetter("arrival", "actor", "number", "again")


@contextmanager
def hours(plan: Plan, workers: int) -> Iterator[Iterator[Hour]]:
    """The rows of all streams, hour by hour, without end; by one process or by several."""
    if workers <= 1:
        yield _part(plan, 0, 1)
        return
    context = multiprocessing.get_context("spawn")
    started: list[tuple[SpawnProcess, Connection]] = []
    try:
        for part in range(workers):
            here, there = context.Pipe(duplex=False)
            process = context.Process(target=_serve, args=(plan, part, workers, there), daemon=True)
            process.start()
            there.close()
            started.append((process, here))
        yield _merged([connection for _, connection in started])
    finally:
        for process, connection in started:
            connection.close()
            process.terminate()
            process.join()


def _serve(plan: Plan, part: int, parts: int, connection: Connection) -> None:
    """A process: sends hour after hour until nobody listens."""
    encoder = msgspec.msgpack.Encoder()
    try:
        for hour in _part(plan, part, parts):
            connection.send_bytes(encoder.encode(hour))
    except (BrokenPipeError, KeyboardInterrupt):
        pass


def _merged(connections: list[Connection]) -> Iterator[Hour]:
    decoder = msgspec.msgpack.Decoder(Hour)
    while True:
        parts = [decoder.decode(connection.recv_bytes()) for connection in connections]
        yield [sorted((row for rows in same for row in rows), key=_order) for same in zip(*parts, strict=True)]


def _part(plan: Plan, part: int, parts: int) -> Iterator[Hour]:
    """The rows of every `parts`-th stream."""
    organisation = found(plan.users, plan.seed)
    streams = _streams(plan, organisation)[part::parts]
    renderer = _Renderer(plan, organisation)
    pending: list[tuple[int, int, int, bool, bool, Event]] = []
    for day in count(START_DAY):
        for name, stream in streams:
            pending.extend(_arriving(plan, name, day, list(stream.events(day))))
        pending.sort(key=lambda item: item[:4])
        begin = day * DAY * SECOND - _SLACK
        done = 0
        for hour in range(1, 25):
            until = bisect_left(pending, begin + hour * HOUR, key=lambda item: item[0])
            yield renderer.hour(pending[done:until])
            done = until
        del pending[:done]


def _streams(plan: Plan, organisation: Organisation) -> list[tuple[str, Stream]]:
    model = rhythm(plan.office)
    streams: list[tuple[str, Stream]] = [
        *((person.principal, Life(organisation, person, model)) for person in organisation.people),
        *((service.name, Machine(organisation, service)) for service in organisation.services),
    ]
    woven = plan.weave(organisation) if plan.weave else ()
    return streams + [(f"woven {i}", stream) for i, stream in enumerate(woven)]


def _arriving(
    plan: Plan, name: str, day: int, events: list[Event]
) -> Iterator[tuple[int, int, int, bool, bool, Event]]:
    if not plan.dirt:
        for event in events:
            yield event.time, event.actor.number, event.number, False, False, event
        return
    before = -1
    for arrival, late, event in arrivals(plan.seed, name, day, events):
        yield arrival, event.actor.number, event.number, event.number == before, late, event
        before = event.number


class _Renderer:
    def __init__(self, plan: Plan, organisation: Organisation) -> None:
        self._dirt = plan.dirt
        self._kinds = [(KINDS[name], KINDS[name].writer(organisation)) for name in plan.kinds]
        self._drift = drift_day(plan.seed) * DAY * SECOND
        self._labels = plan.weave is not None

    def hour(self, items: list[tuple[int, int, int, bool, bool, Event]]) -> Hour:
        return [
            [
                self._row(index, item)
                for item in items
                if kind.keeps(item[5]) and not (kind.numbered and item[3])
            ]
            for index, (kind, _) in enumerate(self._kinds)
        ]

    def _row(self, index: int, item: tuple[int, int, int, bool, bool, Event]) -> Row:
        arrival, actor, number, again, late, event = item
        kind, writer = self._kinds[index]
        data, flaw = writer.row(event), "L" if late else "T" if again else ""
        if self._dirt:
            key = lacks(kind, event)
            if key:
                data, flaw = without(data, key), flaw + "K"
            if kind.added and event.time >= self._drift:
                data = data[:-1] + b"," + kind.added + b"}"
        return Row(arrival, actor, number, again, flaw, "", event.label, data)
