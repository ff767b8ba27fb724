"""Fit the rhythm of `icelos logs simulate` to real human timing, and measure it on people left out.

    ICELOS_DATA=... python -m benchmarks.logs_rhythm [--write]

Every fifth person (by a hash of the pseudonym) is left out of the fit. The table gives distances between real
people left out and simulated ones (Kolmogorov-Smirnov, or total variation for hours and weekdays), beside the
distance between those people and the fitted ones: what a perfect model would show. With --write the model of
the four fifths becomes the package's rhythm.npz. People whose clocks were always UTC are left aside: their
machines were set so, and their local hours are unknown. The data has nobody with fewer than 30 events, and so
the simulated have not.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from icelos.jobs.logs.simulation import rhythm as model
from icelos.jobs.logs.simulation.rhythm import DAWN, GAPS, MONTH, PAUSE, QUANTITIES, Rhythm, generator

CLASSES, CHRONOTYPES, REPEATS = 10, 8, 3
LEAST_EVENTS = 30
"""People with fewer are not in the data."""
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PACKAGED = Path(model.__file__).with_name("rhythm.npz")


class Row(msgspec.Struct):
    CreationTime: str
    ClientOffset: str
    UserId: str


class Person(NamedTuple):
    """Bursts of one person: local seconds since 1970 (n,), rising, and events in each (n,)."""

    times: Ints
    events: Ints

    @property
    def breaks(self) -> Ints:
        """Indices of the bursts that begin a session."""
        return np.concatenate(([0], np.flatnonzero(np.diff(self.times) > PAUSE) + 1))

    @property
    def ends(self) -> Ints:
        return np.concatenate((self.breaks[1:] - 1, [len(self.times) - 1]))


def day_of(times: Ints) -> Ints:
    return (times - int(DAWN * 3600)) // 86_400


def hour_of(times: Ints) -> Floats:
    """Hours from DAWN to DAWN + 24."""
    return DAWN + (times - int(DAWN * 3600)) % 86_400 / 3600


def weekday_of(days: Ints) -> Ints:
    return (days + 3) % 7


def people(path: Path) -> tuple[list[Person], list[Person]]:
    """Those to fit, those left out."""
    rows: dict[str, list[int]] = defaultdict(list)
    local: set[str] = set()
    decoder = msgspec.json.Decoder(Row)
    with gzip.open(path) as file:
        for line in file:
            row = decoder.decode(line)
            offset = row.ClientOffset
            minutes = (int(offset[1:3]) * 60 + int(offset[3:5])) * (-1 if offset[0] == "-" else 1)
            at = np.datetime64(row.CreationTime.rstrip("Z"), "s").astype(np.int64)
            rows[row.UserId].append(int(at) + minutes * 60)
            if minutes:
                local.add(row.UserId)
    fitted: list[Person] = []
    left_out: list[Person] = []
    for user in sorted(local):
        times, events = np.unique(np.array(rows[user], dtype=np.int64), return_counts=True)
        part = left_out if hashlib.sha256(user.encode()).digest()[0] % 5 == 0 else fitted
        part.append(Person(times, events))
    return fitted, left_out


def active_days(person: Person) -> Ints:
    return np.unique(day_of(person.times[person.breaks]))


def quantiles(values: Floats | Ints) -> Floats:
    return np.quantile(np.asarray(values, dtype=np.float64), model.levels())


def fit(fitted: list[Person]) -> dict[str, Floats]:
    days = [active_days(person) for person in fitted]
    tenure = np.array([d[-1] - d[0] + 1 for d in days])
    rate = np.array([len(d) for d in days]) / (tenure + 30)
    klass = np.searchsorted(np.quantile(rate, np.linspace(0, 1, CLASSES + 1)[1:-1]), rate)
    shares, kind = chronotypes(fitted)
    tables: dict[str, Floats] = {
        "class_share": np.bincount(klass, minlength=CLASSES) / len(klass),
        "type_share": np.stack([(kind[klass == c].mean(0) + 0.2 * shares) / 1.2 for c in range(CLASSES)]),
        "tenure": np.stack([quantiles(tenure[klass == c]) for c in range(CLASSES)]),
    }
    hard = kind.argmax(1)
    tables |= sessions(fitted, klass, hard)
    tables |= hazards(days, klass, hard)
    away = np.concatenate([np.diff(d) - 1 for d, c in zip(days, klass, strict=True) if c >= CLASSES - 3])
    tables["away"] = quantiles(away[(away >= 5) & (away <= 30)])
    return tables


def chronotypes(fitted: list[Person]) -> tuple[Floats, Floats]:
    """A mixture of multinomials over hour and weekend by EM: shares (K,), memberships (n, K)."""
    counts = np.zeros((len(fitted), 48))
    for i, person in enumerate(fitted):
        starts = person.times[person.breaks]
        cells = (hour_of(starts) - DAWN).astype(int) + 24 * (weekday_of(day_of(starts)) >= 5)
        counts[i] = np.bincount(cells, minlength=48)
    weight = np.minimum(1.0, 60 / counts.sum(1, keepdims=True))
    member = generator(5).dirichlet(np.ones(CHRONOTYPES) * 0.3, len(fitted))
    pooled = counts.sum(0) / counts.sum()
    for _ in range(300):
        profile = member.T @ (counts * weight) + 20 * pooled
        profile /= profile.sum(1, keepdims=True)
        shares = member.mean(0) + 1e-9
        score = (counts * weight) @ np.log(profile).T + np.log(shares)
        member = np.exp(score - score.max(1, keepdims=True))
        member /= member.sum(1, keepdims=True)
    return shares, member


def sessions(fitted: list[Person], klass: Ints, kind: Ints) -> dict[str, Floats]:
    """Tables of all that happens within a day, with the share of the person in each quantity."""
    parts: dict[str, list[tuple[int, Floats, Ints]]] = {name: [] for name in QUANTITIES}
    more: list[tuple[Ints, Ints, Ints, Ints]] = []
    for i, person in enumerate(fitted):
        starts, ends = person.times[person.breaks], person.times[person.ends]
        day, last = day_of(starts), np.append(day_of(starts)[1:] != day_of(starts)[:-1], True)
        first = np.append(True, last[:-1])
        parts["first"].append((i, hour_of(starts[first]), kind[i] * 2 + (weekday_of(day[first]) >= 5)))
        hours = np.clip((ends - day * 86_400) / 3600 - DAWN, 0, 23.9)
        owner = np.full(len(day), klass[i]), np.full(len(day), kind[i])
        more.append((hours.astype(int), (~last).astype(int), *owner))
        pauses = (starts[1:] - ends[:-1])[~last[:-1]].astype(float)
        parts["pause"].append((i, pauses, np.minimum(7, hours[:-1][~last[:-1]] // 3).astype(int)))
        number = person.ends - person.breaks + 1
        parts["bursts"].append((i, number.astype(float), np.full(len(number), klass[i])))
        spacing = np.diff(person.times)
        spacing = spacing[spacing <= PAUSE].astype(float)
        parts["spacing"].append((i, spacing, np.zeros(len(spacing), dtype=np.int64)))
        parts["events"].append((i, person.events.astype(float), np.full(len(person.events), klass[i])))
    tables: dict[str, Floats] = {}
    rho, effects = [], np.full((len(fitted), len(QUANTITIES)), np.nan)
    for j, name in enumerate(QUANTITIES):
        who = np.concatenate([np.full(len(values), i) for i, values, _ in parts[name]])
        values = np.concatenate([values for _, values, _ in parts[name]])
        group = np.concatenate([group for *_, group in parts[name]])
        table = np.stack([quantiles(values[group == g]) for g in range(int(group.max()) + 1)])
        tables[name] = table[0] if name == "spacing" else table
        share, effects[:, j] = person_share(who, normal_scores(values, group), len(fitted))
        rho.append(share)
    tables["first"] = tables["first"].reshape(CHRONOTYPES, 2, -1)
    tables["noon"] = np.array([np.median(np.concatenate([v[g % 2 == 0] for _, v, g in parts["first"]]))])
    tables["rho"] = np.array(rho)
    known = effects[~np.isnan(effects).any(1)]
    tables["effects"] = np.linalg.cholesky(np.corrcoef(known.T))
    hour, another, c, k = (np.concatenate(x) for x in zip(*more, strict=True))
    tables |= continuing(hour, another, c, k)
    return tables


def continuing(hour: Ints, another: Ints, klass: Ints, kind: Ints) -> dict[str, Floats]:
    """The chance of another session by chronotype and hour of the last one's end; odds factor by class."""
    pooled = (np.bincount(hour, another, 24) + 1) / (np.bincount(hour, minlength=24) + 4)
    cell = kind * 24 + hour
    size = CHRONOTYPES * 24
    chance = (np.bincount(cell, another, size) + 30 * np.tile(pooled, CHRONOTYPES)) / (
        np.bincount(cell, minlength=size) + 30
    )
    factor = np.ones(CLASSES)
    for _ in range(30):
        odds = chance[cell] / (1 - chance[cell]) * factor[klass]
        got = np.bincount(klass, odds / (1 + odds), CLASSES)
        factor *= np.bincount(klass, another, CLASSES) / np.maximum(got, 1e-9)
    return {"more": np.clip(chance, 0.005, 0.97).reshape(CHRONOTYPES, 24), "more_odds": factor}


def normal_scores(values: Floats, group: Ints) -> Floats:
    """Ranks within the group as normal scores; ties share their middle."""
    out = np.empty(len(values))
    for g in np.unique(group):
        at = np.flatnonzero(group == g)
        ordered = np.sort(values[at])
        middle = (
            np.searchsorted(ordered, values[at], "left") + np.searchsorted(ordered, values[at], "right")
        ) / 2
        out[at] = np.interp(middle / len(ordered), model.levels(), model.scores())
    return out


def person_share(who: Ints, scores: Floats, people: int) -> tuple[float, Floats]:
    """One-way random effects (ANOVA): share of variance between people, and shrunken effects (NaN: few)."""
    n = np.bincount(who, minlength=people)
    mean = np.bincount(who, scores, people) / np.maximum(n, 1)
    within = float(((scores - mean[who]) ** 2).sum() / max(1, len(who) - (n > 0).sum()))
    many = n >= 10
    between = max(1e-3, float(np.var(mean[many]) - np.mean(within / n[many])))
    effect = np.where(many, mean * between / (between + within / np.maximum(n, 1)), np.nan)
    return between / (between + within), effect


def hazards(days: list[Ints], klass: Ints, kind: Ints) -> dict[str, Floats]:
    """The chance of an active day by class and days since the last one, with factors; and the trend."""
    cells, types, weekdays, weeks, hits, months, owners = [], [], [], [], [], [], []
    for i, active in enumerate(days):
        span = np.arange(active[0] + 1, active[-1] + 1)
        if not len(span):
            continue
        before = active[np.searchsorted(active, span, "left") - 1]
        step = np.searchsorted(GAPS, span - before, "right") - 1
        cells.append(klass[i] * len(GAPS) + step)
        types.append(np.full(len(span), kind[i]))
        weekdays.append(weekday_of(span))
        weeks.append((span % 365.2425 / 7).astype(int))
        hits.append(np.isin(span, active).astype(float))
        months.append((span - active[0]) // MONTH)
        owners.append(np.full(len(span), i))
    cell, kinds, weekday, week, hit, month, owner = (
        np.concatenate(x) for x in (cells, types, weekdays, weeks, hits, months, owners)
    )
    size, pair = CLASSES * len(GAPS), kinds * 7 + weekday
    hazard, factor, season = np.ones(size), np.ones(CHRONOTYPES * 7), np.ones(53)
    for _ in range(40):
        hazard *= ratio(cell, hit, hazard[cell] * factor[pair] * season[week], size)
        factor *= ratio(pair, hit, hazard[cell] * factor[pair] * season[week], len(factor))
        season *= ratio(week, hit, hazard[cell] * factor[pair] * season[week], 53)
    expected = np.minimum(0.98, hazard[cell] * factor[pair] * season[week])
    return {
        "hazard": hazard.reshape(CLASSES, len(GAPS)),
        "weekday": factor.reshape(CHRONOTYPES, 7),
        "season": season,
        "trend": trend(owner * 1000 + month, hit, expected),
    }


def ratio(cell: Ints, hit: Floats, expected: Floats, size: int) -> Floats:
    """Observed by expected, drawn towards one where little is known."""
    return (np.bincount(cell, hit, size) + 2) / (np.bincount(cell, expected, size) + 2)


def trend(month: Ints, hit: Floats, expected: Floats) -> Floats:
    """Spread of the monthly factor beyond chance, and its correlation with the month before."""
    keys, index = np.unique(month, return_inverse=True)
    seen, due = np.bincount(index, hit), np.bincount(index, expected)
    noise = np.bincount(index, expected * (1 - expected))
    spread = max(0.01, float(((seen - due) ** 2 - noise).sum() / (due**2).sum()))
    next_to = np.flatnonzero(np.diff(keys) == 1)
    product = (seen - due)[next_to] * (seen - due)[next_to + 1]
    memory = float(product.sum() / (due[next_to] * due[next_to + 1]).sum()) / spread
    return np.array([np.sqrt(spread), np.clip(memory, 0.0, 0.95)])


def simulated(rhythm: Rhythm, number: int, seed: int) -> list[Person]:
    """As many made-up developers, of the classes as they come, each with at least `LEAST_EVENTS`."""
    out = []
    for i in range(number):
        klass = rhythm.habits(generator(seed, i)).klass
        for attempt in range(10_000):
            person = made_up(rhythm, generator(seed, i, attempt), klass)
            if person is not None and person.events.sum() >= LEAST_EVENTS:
                out.append(person)
                break
    return out


def made_up(rhythm: Rhythm, rng: np.random.Generator, klass: int) -> Person | None:
    """A developer with a tenure of the class, or None where the draw is of another class."""
    habits = rhythm.habits(rng)
    if habits.klass != klass:
        return None
    tenure = int(np.interp(model.normal(rng, 1)[0], model.scores(), rhythm.tables["tenure"][klass]))
    first = 16_000 + int(rng.random() * 3650)
    active = rhythm.calendar(habits, rng, max(1, tenure), first)
    active[0] = True
    times, events = [], []
    for day in np.flatnonzero(active):
        number = first + int(day)
        for session in rhythm.day(habits, rng, weekend=(number + 3) % 7 >= 5):
            times.append(number * 86_400 + session.times)
            events.append(session.events)
    return _person(np.concatenate(times).astype(np.int64), np.concatenate(events))


def _person(times: Ints, events: Ints) -> Person:
    order = np.argsort(times, kind="stable")
    return Person(times[order], events[order])


def measures(group: list[Person]) -> dict[str, Floats]:
    starts = [p.times[p.breaks] for p in group]
    return {
        "hour of day": np.concatenate([hour_of(s).astype(int) for s in starts]).astype(float),
        "day of week": np.concatenate([weekday_of(day_of(s)) for s in starts]).astype(float),
        "gap between sessions": np.concatenate(
            [p.times[p.breaks][1:] - p.times[p.ends][:-1] for p in group]
        ).astype(float),
        "sessions per active day": np.concatenate(
            [np.unique(day_of(s), return_counts=True)[1] for s in starts]
        ).astype(float),
        "events per session": np.concatenate([np.add.reduceat(p.events, p.breaks) for p in group]).astype(
            float
        ),
        "session length": np.concatenate([p.times[p.ends] - p.times[p.breaks] for p in group]).astype(float),
        "active days per person": np.array([len(active_days(p)) for p in group], dtype=float),
        "longest absence per person": np.array(
            [np.diff(active_days(p), prepend=active_days(p)[0]).max() for p in group], dtype=float
        ),
        "median hour per person": np.array([np.median(hour_of(s)) for s in starts]),
        "events per session, mean per person": np.array([p.events.sum() / len(p.breaks) for p in group]),
    }


def distance(name: str, one: Floats, two: Floats) -> float:
    """Total variation for hours and weekdays, Kolmogorov-Smirnov for the rest."""
    if name in ("hour of day", "day of week"):
        cells = np.union1d(one, two)
        shares = [np.array([(x == c).mean() for c in cells]) for x in (one, two)]
        return float(np.abs(shares[0] - shares[1]).sum() / 2)
    grid = np.union1d(one, two)
    return float(
        np.abs(
            np.searchsorted(np.sort(one), grid, "right") / len(one)
            - np.searchsorted(np.sort(two), grid, "right") / len(two)
        ).max()
    )


def main() -> None:
    data = os.environ.get("ICELOS_DATA")
    if not data:
        raise SystemExit("ICELOS_DATA is not set")
    fitted, left_out = people(Path(data) / "logs/openstack_scm_activity/dev_users.jsonl.gz")
    tables = {name: table.astype(np.float32) for name, table in fit(fitted).items()}
    rhythm = Rhythm({name: table.astype(np.float64) for name, table in tables.items()})
    made = measures(simulated(rhythm, REPEATS * len(left_out), 1))
    real, seen = measures(left_out), measures(fitted)
    print(f"{len(fitted)} people fitted, {len(left_out)} left out, {REPEATS * len(left_out)} simulated")
    print(
        "| quantity | median real | median simulated | distance | fitted people's distance |\n"
        "|---|---|---|---|---|"
    )
    for name, values in real.items():
        print(
            f"| {name} | {np.median(values):,.1f} | {np.median(made[name]):,.1f} "
            f"| {distance(name, values, made[name]):.3f} | {distance(name, values, seen[name]):.3f} |"
        )
    print({n: np.round(tables[n], 3).tolist() for n in ("rho", "trend", "noon")})
    if "--write" in sys.argv:
        np.savez_compressed(PACKAGED, allow_pickle=False, **tables)
        print(f"{PACKAGED.name}: {PACKAGED.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
