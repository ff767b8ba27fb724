"""When people are at it: a compact statistical model of real human timing, and what an office makes of it.

rhythm.npz holds parameters alone (tables of quantiles and rates, no rows, no people), fitted by
`benchmarks/logs_rhythm.py` to the author times of 42 public git histories; docs/logs-simulation.md says how
well they hold on people left out of the fit. The parts:

- classes of activity, and the chance of another active day given class, days since the last one, weekday,
  week of the year, chronotype and a slow trend of the person;
- chronotypes: the hour of a day's first session, and whether another one follows;
- bursts in a session, the seconds between them, events in a burst.

What differs between people is a Gaussian copula: of the variance of each quantity's normal score, `rho` is
the person's own and the rest is the day's, so that pooled values keep the fitted distribution and people keep
their habits. Draws use uniform numbers and tables only, so that they are the same on every machine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

DAWN = 4.0
"""A day of a person begins at this local hour: work after midnight belongs to the day before."""
PAUSE = 3600.0
"""Seconds without an event that end a session."""
GAPS = (1, 2, 3, 4, 5, 6, 7, 8, 11, 15, 22, 31, 61, 121)
"""Days since the last active day: lower bounds of the hazard's steps."""
QUANTITIES = ("first", "pause", "bursts", "spacing", "events")
"""What has an effect of the person, in the order of the correlation matrix."""
MONTH = 28
"""Days over which the trend of a person is one value."""
POINTS = 129


@cache
def scores() -> Floats:
    """The normal scores at which tables of quantiles are given (POINTS,)."""
    return np.linspace(-4.0, 4.0, POINTS)


@cache
def levels() -> Floats:
    """The probabilities of `scores()`, rounded so that every machine has the same ones."""
    return np.array([round(NormalDist().cdf(float(score)), 9) for score in scores()])


def generator(*names: int) -> np.random.Generator:
    """Random numbers that depend on these names (each >= 0) alone."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(names)))


def normal(rng: np.random.Generator, size: int) -> Floats:
    """Standard normal draws by table, within ±4."""
    return np.interp(rng.random(size), levels(), scores())


@dataclass(frozen=True, slots=True)
class Office:
    """What sets employees apart from developers in the open; each factor is an assumption, not a measurement.

    presence, weekend    chance of work on a weekday and on a day of the weekend, holidays apart
    start, personal, daily   the median first hour, and how much of people's and days' real spread remains
    span                 hours after which another session becomes rare
    more, pause          factors on the odds of another session and on the pause before it
    holidays             absences a year; their lengths are the real ones
    """

    presence: float = 0.95
    weekend: float = 0.05
    start: float = 8.7
    personal: float = 0.3
    daily: float = 0.16
    span: float = 9.0
    more: float = 24.0
    pause: float = 0.55
    holidays: float = 3.5


@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """One person's place in the model: class, chronotype, effects by `QUANTITIES`."""

    klass: int
    chronotype: int
    effects: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """Bursts of events: seconds after local midnight of the day (n,), rising, and events in each (n,)."""

    times: Floats
    events: NDArray[np.int64]


class Rhythm:
    """The fitted model; `office` None gives the developers that it was fitted to."""

    def __init__(self, tables: dict[str, Floats], office: Office | None = None) -> None:
        self.tables = tables
        self.office = office
        self._own = {name: math.sqrt(rho) for name, rho in zip(QUANTITIES, tables["rho"], strict=True)}
        self._rest = {name: math.sqrt(1 - rho) for name, rho in zip(QUANTITIES, tables["rho"], strict=True)}

    def habits(self, rng: np.random.Generator) -> Habits:
        """A person. In an office the three least active classes of the fit stay out."""
        tables, skip = self.tables, 3 if self.office else 0
        klass = skip + _draw(rng, tables["class_share"][skip:])
        chronotype = _draw(rng, tables["type_share"][klass])
        effects = tables["effects"] @ normal(rng, len(QUANTITIES))
        return Habits(klass, chronotype, tuple(float(x) for x in effects))

    def calendar(self, habits: Habits, rng: np.random.Generator, days: int, first: int) -> Mask:
        """Which days are active (days,); `first` is the day's number since 1970-01-01, a Thursday."""
        numbers = first + np.arange(days)
        season = self.tables["season"][(numbers % 365.2425 / 7).astype(int)]
        tides = self._tides(rng, days)
        if self.office:
            return self._employed(self.office, rng, numbers, np.minimum(1.0, season))
        weekday = (numbers + 3) % 7
        factor = season * tides * self.tables["weekday"][habits.chronotype][weekday]
        return self._chain(habits, rng.random(days), factor)

    def _tides(self, rng: np.random.Generator, days: int) -> Floats:
        """The slow trend: one factor a month, remembering the month before."""
        spread, memory = (float(x) for x in self.tables["trend"])
        months, at = normal(rng, days // MONTH + 1), 0.0
        values: list[float] = []
        for shock in months:
            at = memory * at + math.sqrt(1 - memory * memory) * float(shock) if values else float(shock)
            values.append(max(0.05, 1 + spread * at))
        return np.repeat(values, MONTH)[:days]

    def _chain(self, habits: Habits, draws: Floats, factor: Floats) -> Mask:
        hazard = [float(x) for x in self.tables["hazard"][habits.klass]]
        active, since, step = np.zeros(len(draws), dtype=bool), 1, 0
        for day, (draw, times) in enumerate(zip(draws.tolist(), factor.tolist(), strict=True)):
            if draw < min(0.98, hazard[step] * times):
                active[day], since, step = True, 1, 0
                continue
            since += 1
            if step + 1 < len(GAPS) and since >= GAPS[step + 1]:
                step += 1
        return active

    def _employed(
        self, office: Office, rng: np.random.Generator, numbers: NDArray[np.int64], season: Floats
    ) -> Mask:
        days = len(numbers)
        chance = np.where((numbers + 3) % 7 >= 5, office.weekend, office.presence)
        active = rng.random(days) < chance * season
        begins = np.flatnonzero(rng.random(days) < office.holidays / 365.0)
        lengths = np.interp(normal(rng, len(begins)), scores(), self.tables["away"])
        for begin, length in zip(begins.tolist(), lengths.tolist(), strict=True):
            active[begin : begin + int(length)] = False
        return active

    def day(self, habits: Habits, rng: np.random.Generator, *, weekend: bool) -> list[Session]:
        """The sessions of an active day, in order."""
        start = self._first(habits, rng, weekend)
        begun, sessions = start, []
        while start < DAWN + 24:
            session = self._session(habits, rng, start)
            sessions.append(session)
            end = float(session.times[-1]) / 3600
            if rng.random() >= self._another(habits, end, end - begun, weekend=weekend):
                break
            step = min(7, max(0, int((self._as_developer(end) - DAWN) / 3)))
            pause = self._value(habits, "pause", self.tables["pause"][step], rng, 1)[0] / 3600
            start = end + max(PAUSE / 3600, pause * (self.office.pause if self.office else 1.0))
        return sessions

    def _first(self, habits: Habits, rng: np.random.Generator, weekend: bool) -> float:
        table = self.tables["first"][habits.chronotype][int(weekend)]
        hour = float(self._value(habits, "first", table, rng, 1)[0])
        if self.office is None:
            return hour
        own = float(np.interp(self._own["first"] * habits.effects[0], scores(), table))
        center = float(self.tables["noon"][0])
        hour = self.office.start + self.office.personal * (own - center) + self.office.daily * (hour - own)
        return max(5.0, hour)

    def _as_developer(self, hour: float) -> float:
        """The developers' hour that corresponds to this one."""
        return hour + 0.5 * (float(self.tables["noon"][0]) - self.office.start) if self.office else hour

    def _another(self, habits: Habits, end: float, past: float, *, weekend: bool) -> float:
        hour = min(23, max(0, int(self._as_developer(end) - DAWN)))
        chance = float(self.tables["more"][habits.chronotype][hour])
        odds = chance / (1 - chance) * float(self.tables["more_odds"][habits.klass])
        if self.office and not weekend:
            odds *= self.office.more if past < self.office.span else 0.15
        return odds / (1 + odds)

    def _session(self, habits: Habits, rng: np.random.Generator, start: float) -> Session:
        tables = self.tables
        bursts = int(self._value(habits, "bursts", tables["bursts"][habits.klass], rng, 1)[0] + 0.5)
        spacing = self._value(habits, "spacing", tables["spacing"], rng, bursts - 1)
        times = start * 3600 + np.concatenate(([0.0], np.cumsum(np.minimum(PAUSE, spacing))))
        events = self._value(habits, "events", tables["events"][habits.klass], rng, bursts)
        return Session(times, np.maximum(1, (events + 0.5).astype(np.int64)))

    def _value(self, habits: Habits, name: str, table: Floats, rng: np.random.Generator, size: int) -> Floats:
        """Draws of a quantity: the person's effect and the moment's, through the table of quantiles."""
        effect = habits.effects[QUANTITIES.index(name)]
        return np.interp(self._own[name] * effect + self._rest[name] * normal(rng, size), scores(), table)


def _draw(rng: np.random.Generator, weights: Floats) -> int:
    """An index by weight."""
    total = np.cumsum(weights)
    return min(len(weights) - 1, int(np.searchsorted(total, rng.random() * total[-1], side="right")))


@cache
def rhythm(office: bool = True) -> Rhythm:
    """The model that ships with the package; of office workers unless `office` is False."""
    with (
        as_file(files("icelos.jobs.logs.simulation") / "rhythm.npz") as path,
        np.load(path, allow_pickle=False) as arrays,
    ):
        tables = {name: arrays[name].astype(np.float64) for name in arrays.files}
    return Rhythm(tables, Office() if office else None)
