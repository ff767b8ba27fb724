"""Events to rows by several processes, so that the number of processes does not show.

Each process has some of the streams and goes through time in steps, rendering what has arrived; the rows of
a step are then put in order by arrival, actor and number. Nothing is kept beyond the rows of some steps and
the events of a day and a half, whatever the length of the log.
"""

from __future__ import annotations

import gc
import multiprocessing
import queue
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from icelos.errors import RunError
from icelos.jobs.logs.processes import deaf_to_interrupts
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
_MANY = 600
"""From so many people on, time goes by the tenth of an hour, which keeps memory low."""
_AHEAD = 8
"""Steps that a process may be ahead."""

Weave = Callable[[Organisation], Sequence[Stream]]
"""Further streams for an organisation; must be importable by name."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be simulated: at most `days`, twenty years, after which a log is too sparse to fill."""

    users: int
    seed: int
    kinds: tuple[str, ...]
    office: bool = True
    dirt: bool = True
    weave: Weave | None = None
    days: int = 7305


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


Step = list[list[Row]]
"""The rows of a step in time, by kind."""
_order = attrgetter("arrival", "actor", "number", "again")


@contextmanager
def steps(plan: Plan, workers: int) -> Iterator[Iterator[Step]]:
    """The rows of all streams, step by step; by one process or by several."""
    if workers <= 1:
        yield _part(plan, 0, 1)
        return
    context = multiprocessing.get_context("spawn")
    started: list[tuple[SpawnProcess, Connection]] = []
    try:
        for part in range(workers):
            here, there = context.Pipe(duplex=False)
            process = context.Process(target=_serve, args=(plan, part, workers, there), daemon=True)
            with deaf_to_interrupts():
                process.start()
                started.append((process, here))
            there.close()
        yield _merged([connection for _, connection in started])
    finally:
        for process, connection in started:
            connection.close()
            process.terminate()
            process.join()


def _serve(plan: Plan, part: int, parts: int, connection: Connection) -> None:
    """A process: sends step after step until nobody listens, working ahead; nothing is the end."""
    gc.disable()  # events make no cycles, and there are too many of them to look through again and again
    encoder = msgspec.msgpack.Encoder()
    ready: queue.Queue[bytes] = queue.Queue(_AHEAD)
    gone = threading.Event()
    sender = threading.Thread(target=_send, args=(ready, connection, gone), daemon=True)
    sender.start()
    for rows in _part(plan, part, parts):
        ready.put(encoder.encode(rows))
        if gone.is_set():
            return
    ready.put(b"")
    sender.join()


def _send(ready: queue.Queue[bytes], connection: Connection, gone: threading.Event) -> None:
    data = b"-"
    try:
        while data:
            data = ready.get()
            connection.send_bytes(data)
    except OSError:
        gone.set()
        while ready.get():  # the one who puts must not wait for ever
            pass


def _merged(connections: list[Connection]) -> Iterator[Step]:
    """The steps of all processes, in one order. Raises RunError where one of them ended."""
    decoder = msgspec.msgpack.Decoder(Step)
    while True:
        try:
            sent = [connection.recv_bytes() for connection in connections]
        except EOFError as error:
            raise RunError(
                "a process of the simulation ended early", hint="--workers 1 needs none"
            ) from error
        if not all(sent):
            return
        parts = [decoder.decode(data) for data in sent]
        yield [
            sorted((row for rows in same for row in rows), key=_order) for same in zip(*parts, strict=True)
        ]


def _part(plan: Plan, part: int, parts: int) -> Iterator[Step]:
    """The rows of every `parts`-th stream."""
    organisation = found(plan.users, plan.seed)
    streams = _streams(plan, organisation)[part::parts]
    renderer = _Renderer(plan, organisation)
    step = HOUR if plan.users < _MANY else HOUR // 10
    pending: list[tuple[int, int, int, bool, bool, Event]] = []
    for day in range(START_DAY, START_DAY + plan.days):
        for name, stream in streams:
            pending.extend(_arriving(plan, name, day, list(stream.events(day))))
        pending.sort(key=lambda item: item[:4])
        begin, done = day * DAY * SECOND - _SLACK, 0
        for end in range(begin + step, begin + 24 * HOUR + 1, step):
            until = bisect_left(pending, end, key=lambda item: item[0])
            yield renderer.rows(pending[done:until])
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

    def rows(self, items: list[tuple[int, int, int, bool, bool, Event]]) -> Step:
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
            key = lacks(kind, event, data)
            if key:
                data, flaw = without(data, key), flaw + "K"
            if kind.added and event.time >= self._drift:
                data = data[:-1] + b"," + kind.added + b"}"
        return Row(arrival, actor, number, again, flaw, "", event.label, data)
