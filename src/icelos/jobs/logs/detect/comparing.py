"""Two detectors on the same held-out days: the one in force, the champion, and one that may replace it.

Both know the same rows before those days and nothing else. Two passes: the days with episodes of attacks in
them, by which recall is told, and the days as they are, whose alerts are taken for false. What is better has
to be so by more than chance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from icelos.errors import InputError
from icelos.jobs.logs.detect.alerts import Drift
from icelos.jobs.logs.detect.behaviour import Behaviour
from icelos.jobs.logs.detect.calibrating import Calibrating
from icelos.jobs.logs.detect.columns import Columns, Floats, Layout, Reader
from icelos.jobs.logs.detect.model import Detector
from icelos.jobs.logs.detect.reading import batches, read_values
from icelos.jobs.logs.detect.takeovers import with_takeovers
from icelos.jobs.logs.detect.training import attacked
from icelos.jobs.logs.whatif.planning import Wanted
from icelos.jobs.logs.whatif.playing import Label
from icelos.jobs.logs.whatif.scenario import Scenario

CHANCE = 0.025
"""Of a gain that is none, at most (one side)."""
_CLOSER = 1.5
"""A threshold that fits is so many times closer to the alerts that it should give, at least."""
_QUIET = 0.5
"""Difficulty of episodes, at least: loud ones are found by any detector, and hide that one is better."""
_TAKEOVERS, _LARGEST_SHARE = 100, 0.02
"""Takeovers where no scenario can be played, and the share of rows at which one begins, at most."""

Progress = Callable[[str, int], None]
_Numbers = npt.NDArray[np.int64]


class HeldOut(NamedTuple):
    """The days from `begin` (seconds since the epoch) on, `rows` in all, and what is played into them."""

    source: str
    begin: float
    rows: int
    scenarios: Sequence[Scenario]
    episodes: int
    budget: float
    seed: int


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A detector on the held-out days. `recall` is the share of episodes with a row that is an alert, by a
    threshold that these very days give for the budget; `alerts_per_day`, false ones, and `drift`, their
    multiple of what it should be, are by the detector's own threshold."""

    detector: str
    recall: float
    alerts_per_day: float
    drift: float


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `won` episodes only the challenger found, `lost` ones only the champion."""

    episodes: int
    by: str
    days: int
    won: int
    lost: int
    champion: Measured
    challenger: Measured
    better: bool
    why: str


def compare(
    champion: Detector, challenger: Detector, held: HeldOut, progress: Progress = lambda *_: None
) -> Compared:
    """Whether the challenger is better, and why.

    `challenger` is as it was trained on the rows before the held-out days; what the champion has seen is not
    used. Raises InputError where no episode could be played.
    """
    one, other = _Contestant(champion, held.budget), _Contestant(challenger, held.budget)
    layout, played = champion.settings.layout, _Episodes()
    if layout == challenger.settings.layout:
        _run(challenger.behaviour, [one, other], held, played, progress)
    else:
        _run(_warmed(layout, held), [one], held, played, progress)
        _run(challenger.behaviour, [other], held, played, progress)
    episodes = sorted(played.numbers.values())
    if not episodes:
        raise InputError("no episode could be played into the held-out days", hint="more --episodes or days")
    found = [[contestant.tops.get(number, -math.inf) for number in episodes] for contestant in (one, other)]
    before, after = (np.array(tops) >= who.fitting for tops, who in zip(found, (one, other), strict=True))
    won, lost = int((after & ~before).sum()), int((before & ~after).sum())
    better, why = _verdict(one, other, before, after)
    return Compared(
        episodes=len(episodes), by="scenarios" if held.scenarios else "takeovers", days=int(one.days),
        won=won, lost=lost, champion=one.measured(before), challenger=other.measured(after),
        better=better, why=why,
    )  # fmt: skip


def chance(won: int, lost: int) -> float:
    """How likely as many or more of `won + lost` are won where both are as good (McNemar's exact test)."""
    both = won + lost
    found: float = sum(math.comb(both, count) for count in range(won, both + 1)) / 2**both
    return found


class _Contestant:
    """A detector, the highest score of each episode, and the scores of the days as they are."""

    def __init__(self, detector: Detector, budget: float) -> None:
        self.detector, self._budget = detector, budget
        self.tops: dict[int, float] = {}
        self.own = Calibrating()

    def add_episodes(self, episodes: _Numbers, scores: Floats) -> None:
        """Scores of rows of attacks, by the number of their episode."""
        for number, score in zip(episodes.tolist(), scores.tolist(), strict=True):
            self.tops[number] = max(score, self.tops.get(number, -math.inf))

    @property
    def days(self) -> float:
        """Held-out ones."""
        return self.own.tops.days

    @cached_property
    def fitting(self) -> float:
        """The threshold that these days give, once all of them were scored."""
        return self.own.calibration(self._budget).threshold

    @property
    def drift(self) -> Drift:
        """Alerts of its own threshold, beside those of the one that fits."""
        tops = self.own.tops
        return Drift(tops.alerts(self.detector.threshold), float(tops.alerts(self.fitting)))

    def measured(self, found: npt.NDArray[np.bool_]) -> Measured:
        """Its figures, given which episodes it found."""
        return Measured(
            detector=self.detector.version, recall=round(float(found.mean()), 4),
            alerts_per_day=round(self.drift.alerts / max(1.0, self.days), 2),
            drift=round(self.drift.times, 2),
        )  # fmt: skip


def _verdict(
    champion: _Contestant,
    challenger: _Contestant,
    before: npt.NDArray[np.bool_],
    after: npt.NDArray[np.bool_],
) -> tuple[bool, str]:
    won, lost = int((after & ~before).sum()), int((before & ~after).sum())
    recall = f"the new one finds {after.sum()} of {after.size} episodes, the old one {before.sum()}"
    old, new = champion.drift, challenger.drift
    drift = f"thresholds give {new.times:.2g} and {old.times:.2g} times the alerts that they should"
    if won > lost and chance(won, lost) <= CHANCE:
        return True, f"{recall}: {won} more and {lost} less"
    fits = old.is_clear and old.apart >= _CLOSER * new.apart
    if won >= lost and fits:
        return True, f"{drift}; {recall}"
    if won < lost:
        return False, f"{recall}: {won} more, but {lost} less"
    within = f", no more than chance gives ({won} more and {lost} less)" if won else ""
    return False, f"{recall}{within}; {drift}"


class _Episodes:
    """Their numbers, the same for every detector."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def number(self, label: Label) -> int:
        """Of a played row's episode; look-alikes are none."""
        return 0 if label.benign else self.of(label.episode)

    def of(self, name: str) -> int:
        """By its name."""
        return self.numbers.setdefault(name, len(self.numbers) + 1)


def _run(
    behaviour: Behaviour, contestants: Sequence[_Contestant], held: HeldOut, played: _Episodes,
    progress: Progress,
) -> None:  # fmt: skip
    """Both passes, from the same state; `behaviour` knows the days as they are when it ends."""
    reader, warm = Reader(contestants[0].detector.settings.layout), behaviour.snapshot()
    for columns, episodes in _with_episodes(reader, held, played):
        features = behaviour.features(columns)
        attack = episodes > 0
        progress("held-out days with attacks", len(columns))
        for one in contestants:
            one.add_episodes(episodes[attack], one.detector.scores(features[attack]))
    behaviour.restore(warm)
    for columns in _held_out(reader, held):
        features = behaviour.features(columns)
        progress("held-out days as they are", len(columns))
        for one in contestants:
            one.own.add(columns, one.detector.scores(features))


def _with_episodes(reader: Reader, held: HeldOut, played: _Episodes) -> Iterator[tuple[Columns, _Numbers]]:
    """The days with attacks in them, and the episode of each row (0: none)."""
    if not held.scenarios:
        yield from _with_takeovers(reader, held, played)
        return
    wanted = Wanted(held.episodes, _QUIET, held.seed, begin=held.begin, hardest=1.0)
    for columns, numbers, attack in attacked(held.source, reader, held.scenarios, wanted, played.number):
        late = np.flatnonzero(columns.moments >= held.begin)
        yield columns.take(late), np.where(attack, numbers, 0)[late]


def _with_takeovers(reader: Reader, held: HeldOut, played: _Episodes) -> Iterator[tuple[Columns, _Numbers]]:
    rng, share = np.random.default_rng(held.seed), min(_TAKEOVERS / max(1, held.rows), _LARGEST_SHARE)
    begun = 0
    for columns in _held_out(reader, held):
        mixed = with_takeovers(columns, share, rng)
        names = {number: played.of(f"takeover-{begun + number}") for number in _some(mixed.takeovers)}
        numbers = np.array([names.get(number, 0) for number in mixed.takeovers.tolist()], np.int64)
        begun += int(mixed.takeovers.max(initial=0))
        yield mixed.columns, numbers


def _some(numbers: _Numbers) -> list[int]:
    return [number for number in np.unique(numbers).tolist() if number]


def _held_out(reader: Reader, held: HeldOut) -> Iterator[Columns]:
    for columns in batches(reader, read_values(held.source, reader)):
        yield columns.take(np.flatnonzero(columns.moments >= held.begin))


def _warmed(layout: Layout, held: HeldOut) -> Behaviour:
    """What another layout's state is after the same rows."""
    behaviour, reader = Behaviour(layout), Reader(layout)
    for columns in batches(reader, read_values(held.source, reader)):
        behaviour.features(columns.take(np.flatnonzero(~(columns.moments >= held.begin))))
    return behaviour
