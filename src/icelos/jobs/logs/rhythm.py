"""When people sign in: days, weekends, trips, sessions, and the quiet refreshes between.

A day of a person is drawn from (seed, person, day) alone, so that rows do not depend on how many
are asked for, nor on who else works there. Times are seconds since the epoch, UTC.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from icelos.jobs.logs.organisation import App, Device, Network, Organisation, Person, stream, travel

START = datetime(2025, 1, 6, tzinfo=UTC)
"""A Monday."""
DAY = 86_400
_WINDOW = 14
"""Trips are drawn by fortnight."""


@dataclass(frozen=True, slots=True, order=True)
class Attempt:
    """Someone, or a token of theirs, asks for an application. Orders by time, then by what is unique."""

    time: float
    person: int
    number: int
    device: Device
    app: App
    network: Network
    interactive: bool
    abroad: bool


def attempts(organisation: Organisation, seed: int) -> Iterator[Attempt]:
    """All attempts of all people in order of time, without end. Memory: one day of the organisation."""
    waiting: list[Attempt] = []
    day = 0
    while True:
        for number, person in enumerate(organisation.people):
            for attempt in _day(person, number, day, seed):
                heapq.heappush(waiting, attempt)
        day += 1
        # People east of Greenwich begin a day before it begins in UTC, by at most half of one.
        until = START.timestamp() + day * DAY - DAY / 2
        while waiting and waiting[0].time < until:
            yield heapq.heappop(waiting)


def _day(person: Person, number: int, day: int, seed: int) -> Iterator[Attempt]:
    rng = stream(seed, "day", number, day)
    abroad = _trip(number, day, seed)
    weekend = day % 7 >= 5
    works = rng.random() < (person.weekend if weekend else 0.93)
    place = abroad.place if abroad else person.office.place
    midnight = START.timestamp() + day * DAY - place.offset * 3600
    serial = 0
    plans = []
    if works:
        plans.append(_at_work(person, rng, abroad, short=weekend))
    plans.append(_on_phone(person, rng, abroad, rare=weekend and not works))
    for plan in plans:
        for hours, device, app, network, interactive in plan:
            yield Attempt(
                midnight + hours * 3600, number, serial, device, app, network, interactive, abroad is not None
            )
            serial += 1


_Planned = tuple[float, Device, App, Network, bool]


def _trip(number: int, day: int, seed: int) -> Network | None:
    """One fortnight in twenty-five holds a trip of two to five days."""
    rng = stream(seed, "trip", number, day // _WINDOW)
    if rng.random() >= 0.04:
        return None
    first = rng.randint(0, 8)
    network = travel(rng)
    return network if first <= day % _WINDOW < first + rng.randint(2, 5) else None


def _at_work(
    person: Person, rng: random.Random, abroad: Network | None, *, short: bool
) -> Iterator[_Planned]:
    """A working day at the laptop: interactive sign-ins after breaks, token refreshes in between."""
    network = abroad or (person.home if short or rng.random() < person.remote else person.office)
    now = person.arrival + rng.gauss(0, 0.4)
    end = now + (rng.uniform(0.5, 3) if short else person.span + rng.gauss(0, 0.7))
    lunch = now + (end - now) * rng.uniform(0.4, 0.6)
    apps, weights = _usable(person, person.laptop)
    interactive = True
    while now < end:
        yield now, person.laptop, rng.choices(apps, cum_weights=weights)[0], network, interactive
        gap = rng.lognormvariate(-1.9, 0.9) / person.pace
        interactive = rng.random() < 0.035
        if now < lunch <= now + gap:
            gap += rng.uniform(0.4, 1.0)
            interactive = rng.random() < 0.5
        now += gap


def _on_phone(
    person: Person, rng: random.Random, abroad: Network | None, *, rare: bool
) -> Iterator[_Planned]:
    """The phone fetches mail from waking to sleeping, mostly without its owner."""
    now = max(5.0, person.arrival - rng.uniform(0.3, 2.0))
    end = rng.uniform(20.5, 23.5)
    apps, weights = _usable(person, person.mobile_phone)
    while now < end:
        network = person.mobile if abroad is None and rng.random() < 0.6 else (abroad or person.home)
        app = rng.choices(apps, cum_weights=weights)[0]
        yield now, person.mobile_phone, app, network, rng.random() < 0.03
        now += rng.expovariate(1 / (2.5 if rare else 1.2)) / person.pace


def _usable(person: Person, device: Device) -> tuple[list[App], list[float]]:
    apps = [app for app in person.apps if app.runs_on(device)]
    total, weights = 0.0, []
    for app in apps:
        total += app.weight
        weights.append(total)
    return apps, weights
