"""One day of one person before anything happens: at work or not, where, with which devices, in which state.

All of it follows from the seed, the person and the day: any day can be asked for at any time.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

from icelos.jobs.logs.simulation.catalogue import STUCK
from icelos.jobs.logs.simulation.events import START_DAY
from icelos.jobs.logs.simulation.organisation import Device, Organisation, Person, stream
from icelos.jobs.logs.simulation.places import ABROAD, Network, hotel, midnight, renewed, vpn
from icelos.jobs.logs.simulation.rhythm import Habits, Rhythm, generator

YEAR = 364
PASSWORD_DAYS = 120
_FORTNIGHT = 14


@dataclass(frozen=True, slots=True, eq=False)
class Today:
    """`midnight` is local, in seconds since the epoch. `trip` is a hotel's network abroad, or None.

    `stuck` maps an app's id to the error that its token keeps giving.
    """

    person: Person
    day: int
    midnight: float
    works: bool
    weekend: bool
    trip: Network | None
    home: Network
    at_office: bool
    laptop: Device
    phone: Device
    compliant: bool
    new_phone: bool
    new_password: bool
    stuck: dict[str, int]

    @property
    def base(self) -> Network:
        """The network of the desk."""
        return self.trip or (self.person.office if self.at_office else self.home)


class Almanac:
    """The days of one person."""

    def __init__(self, organisation: Organisation, person: Person, rhythm: Rhythm) -> None:
        self.person = person
        self._seed = organisation.seed
        self._rhythm = rhythm
        self.habits: Habits = rhythm.habits(generator(self._seed, 1, person.number))
        self._active = lru_cache(maxsize=2)(self._year)
        self._stuck = lru_cache(maxsize=2)(self._fortnight)

    def _year(self, year: int) -> list[bool]:
        rng = generator(self._seed, 2, self.person.number, year)
        active = self._rhythm.calendar(self.habits, rng, YEAR, START_DAY + year * YEAR)
        return [bool(day) for day in active]

    def _fortnight(self, number: int) -> dict[str, int]:
        """Tokens that went stale in these two weeks."""
        rng = stream(self._seed, "stuck", self.person.number, number)
        return {
            app.id: STUCK[int(rng.random() * len(STUCK))] for app in self.person.apps if rng.random() < 0.26
        }

    def day(self, day: int, rng: random.Random) -> Today:
        """That day; draws from `rng` what is decided in the morning."""
        person, since = self.person, day - START_DAY
        trip = self._trip(since)
        place = trip.place if trip else person.office.place
        weekday = (day + 3) % 7
        laptop = _current(person.laptops, since)
        phone = _current(person.phones, since)
        works = self._active(since // YEAR)[since % YEAR] and not (trip and not laptop.managed)
        at_home = weekday >= 5 or (rng.random() < (0.9 if weekday in person.hybrid else 0.06))
        return Today(
            person=person,
            day=day,
            midnight=midnight(place, day),
            works=works,
            weekend=weekday >= 5,
            trip=trip,
            home=self._home(since),
            at_office=not at_home,
            laptop=laptop,
            phone=phone,
            compliant=laptop.managed
            and stream(self._seed, "lapse", person.number, since // 3).random() > 0.008,
            new_phone=since > 0 and any(first == since for first, _ in person.phones),
            new_password=works and (since + person.password_age) % PASSWORD_DAYS == 0,
            stuck=self._stuck(since // _FORTNIGHT),
        )

    def _home(self, since: int) -> Network:
        lease = since // self.person.lease
        if not lease:
            return self.person.home
        return renewed(self.person.home, stream(self._seed, "lease", self.person.number, lease))

    def _trip(self, since: int) -> Network | None:
        """One fortnight in twenty holds a trip of two to five days."""
        rng = stream(self._seed, "trip", self.person.number, since // _FORTNIGHT)
        if rng.random() >= 0.05:
            return None
        first, length = int(rng.random() * 9), 2 + int(rng.random() * 4)
        if not first <= since % _FORTNIGHT < first + length:
            return None
        away = [place for place in ABROAD if place.country != self.person.office.place.country]
        return hotel(away[int(rng.random() * len(away))], rng)


def _current(devices: tuple[tuple[int, Device], ...], since: int) -> Device:
    return next(device for first, device in reversed(devices) if first <= max(0, since))


def tunnel(today: Today) -> Network:
    """Where the person's tunnel comes out."""
    return vpn(today.person.office.place)
