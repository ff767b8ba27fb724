"""A detector out of a log: attacks are played into it, and what tells them from its own rows is learned.

Three passes: the fields; the log with attacks in it, whose rows teach the trees; the log as it is, by which
the threshold is set and at the end of which the detector knows what is usual. The log itself is taken for
benign: what it holds of real attacks becomes part of what is usual.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from icelos.data.reading import files_below
from icelos.errors import InputError
from icelos.jobs.logs.detect.behaviour import WHOLE, Behaviour, Matrix
from icelos.jobs.logs.detect.calibrating import Calibrating
from icelos.jobs.logs.detect.columns import Columns, Floats, Layout, Reader
from icelos.jobs.logs.detect.facets import learn_layout
from icelos.jobs.logs.detect.likeness import Likeness
from icelos.jobs.logs.detect.model import (
    Calibration,
    Detector,
    Scale,
    Settings,
    lightgbm,
    predicted,
)
from icelos.jobs.logs.detect.reading import BATCH, Values, batches, read_values
from icelos.jobs.logs.detect.takeovers import with_takeovers
from icelos.jobs.logs.profile.rows import RowSource
from icelos.jobs.logs.whatif.planning import Wanted
from icelos.jobs.logs.whatif.playing import Label, attacked_lines
from icelos.jobs.logs.whatif.scenario import Scenario, named
from icelos.jobs.logs.whatif.world import form_of_file

_WARM = 0.2
"""The share of the rows that only tells what is usual."""
_BENIGN = 200_000
"""Rows at most that stand for the log."""
_TAKEOVERS = 0.0008
"""The share of rows at which a takeover begins."""
_WEIGHT = 0.1
"""Of all attacks together, beside all benign rows."""
_ROUNDS = 150
_TREES = {
    "objective": "binary", "num_leaves": 15, "learning_rate": 0.05, "min_child_samples": 20,
    "lambda_l2": 10.0, "feature_fraction": 0.5, "bagging_fraction": 0.5, "bagging_freq": 1, "verbose": -1,
    "deterministic": True, "force_row_wise": True, "num_threads": 1,
}  # fmt: skip
_EPISODES = 1_000_000
"""Numbers of takeovers begin here, those of played episodes below."""

Progress = Callable[[str, int], None]


class Options(NamedTuple):
    """`episodes` of each scenario and as many variants of each attack, alerts a day (`budget`), and the seed
    of all draws. Rows of `until` (seconds since the epoch) and later are not looked at; those without a time
    are."""

    episodes: int = 12
    budget: float = 20.0
    seed: int = 0
    until: float = math.inf


def train(
    source: str,
    scenarios: Sequence[Scenario],
    options: Options = Options(),  # noqa: B008 - immutable
    *,
    layout: Layout | None = None,
    progress: Progress = lambda *_: None,
) -> Detector:
    """A detector for the rows of a file or folder. Without scenarios it learns from takeovers alone; without
    a layout, which fields to watch.

    Raises InputError where the log cannot be watched, MissingExtra without LightGBM.
    """
    lightgbm()
    layout = layout or learn_layout(RowSource(source))
    rows = _count(source, Reader(layout), options)
    lesson = _Lesson(layout, warm=int(_WARM * rows), seed=options.seed)
    wanted = Wanted(
        options.episodes, 0.0, options.seed, end=options.until, hardest=1.0, varied=options.episodes
    )
    for columns, episodes, attack in attacked(source, Reader(layout), scenarios, wanted, lesson.number):
        early = np.flatnonzero(~(columns.moments >= options.until))
        lesson.add(columns.take(early), episodes[early], attack[early])
        progress("learning from attacks", len(columns))
    trees, scales = lesson.trees(options.seed)
    settings = Settings(
        layout=layout, features=lesson.behaviour.names, taught=dict(lesson.taught), rows=rows,
        trees=scales[0], surprise=scales[1], likenesses=lesson.likenesses(),
        calibration=Calibration(budget=options.budget, threshold=math.inf, rows=0, days=0.0, quantiles=()),
    )  # fmt: skip
    return calibrated(source, Detector(settings, trees, Behaviour(layout)), options, progress)


def scenarios_for(source: str, given: Sequence[str]) -> tuple[list[Scenario], list[str]]:
    """The scenarios of these names that can be played into a log, and the names of those that cannot.

    `none` is no scenario. Raises InputError for an unknown name, and where nothing is to be read.
    """
    scenarios = [] if list(given) == ["none"] else named(given)
    logs = {form.log for path in files_below(Path(source)) if (form := form_of_file(path)) is not None}
    playable = [one for one in scenarios if logs & {stage.log for stage in one.stages}]
    return playable, [one.name for one in scenarios if one not in playable]


_Marked = tuple[Columns, npt.NDArray[np.int64], npt.NDArray[np.bool_]]


def _learned(source: str, reader: Reader, options: Options) -> Iterator[Columns]:
    """The log as it is, up to where it may be looked at."""
    for columns in batches(reader, read_values(source, reader)):
        early = ~(columns.moments >= options.until)
        yield columns if early.all() else columns.take(np.flatnonzero(early))


def _count(source: str, reader: Reader, options: Options) -> int:
    if math.isinf(options.until):
        return sum(1 for _ in read_values(source, reader))
    return sum(map(len, _learned(source, reader, options)))


def attacked(
    source: str, reader: Reader, scenarios: Sequence[Scenario], wanted: Wanted, number: Callable[[Label], int]
) -> Iterator[_Marked]:
    """The log with attacks in it: columns, the number of each row's label (0: the log's own), whether it is
    an attack."""
    if not scenarios:
        for columns in batches(reader, read_values(source, reader)):
            yield columns, np.zeros(len(columns), np.int64), np.zeros(len(columns), bool)
        return
    values: list[Values] = []
    marks: list[tuple[int, bool]] = []
    for line, label in attacked_lines(source, scenarios, wanted):
        row = reader.row(line)
        if row is None:  # no row of the log: neither the threshold nor a score is by it
            continue
        values.append(row)
        if label is None:
            marks.append((0, False))
        else:
            marks.append((number(label), not label.benign))
        if len(values) == BATCH:
            yield _marked(reader, values, marks)
            values, marks = [], []
    if values:
        yield _marked(reader, values, marks)


def _marked(reader: Reader, values: list[Values], marks: list[tuple[int, bool]]) -> _Marked:
    episodes, attack = zip(*marks, strict=True)
    return reader.columns(values), np.array(episodes, np.int64), np.array(attack, bool)


class _Lesson:
    """What the trees learn from."""

    def __init__(self, layout: Layout, *, warm: int, seed: int) -> None:
        self.behaviour = Behaviour(layout)
        self.taught: Counter[str] = Counter()
        self._warm, self._rows = warm, 0
        self._rng = np.random.default_rng(seed)
        self._numbers: dict[tuple[str, str], int] = {}
        self._names: dict[int, str] = {}
        self._techniques: dict[int, str] = {}
        self._takeovers = _EPISODES
        self._share = 1.0
        self._own: list[Matrix] = []
        self._alike: list[Matrix] = []
        self._attacks: list[Matrix] = []
        self._episodes: list[npt.NDArray[np.int64]] = []

    def number(self, label: Label) -> int:
        """Of the rows of an episode that are of one technique."""
        found = self._numbers.setdefault((label.episode, label.technique), len(self._numbers) + 1)
        self._names[found], self._techniques[found] = label.scenario, label.technique
        return found

    def add(self, columns: Columns, episodes: npt.NDArray[np.int64], attack: npt.NDArray[np.bool_]) -> None:
        """Some rows, into which takeovers are mixed."""
        mixed = with_takeovers(columns, _TAKEOVERS, self._rng)
        taken = mixed.takeovers > 0
        episodes = np.where(taken, self._takeovers + mixed.takeovers, episodes[mixed.origins])
        attack = attack[mixed.origins] | taken
        self._takeovers += int(mixed.takeovers.max(initial=0))
        features = self.behaviour.features(mixed.columns)
        self._rows += len(columns)
        if self._rows <= self._warm:
            return
        self._keep_own(features[episodes == 0])
        self._alike.append(features[(episodes > 0) & ~attack])
        self._attacks.append(features[attack])
        self._episodes.append(episodes[attack])
        self.taught.update(self._names.get(number, "takeover") for number in episodes[attack].tolist())

    def _keep_own(self, rows: Matrix) -> None:
        """A sample: half of it goes, and half of what is to come, whenever there is too much."""
        self._own.append(rows[self._rng.random(len(rows)) < self._share])
        while sum(map(len, self._own)) > _BENIGN:
            self._share /= 2
            self._own = [part[self._rng.random(len(part)) < 0.5] for part in self._own]

    def trees(self, seed: int) -> tuple[str, tuple[Scale, Scale]]:
        """What tells attacks from the rest, as LightGBM writes it; the scales of that and of surprises.

        Raises InputError for too few rows.
        """
        attacks, benign = np.concatenate(self._attacks), np.concatenate([*self._own, *self._alike])
        if len(attacks) < 20 or len(benign) < 100:
            raise InputError(
                f"{len(attacks)} rows of attacks and {len(benign):,} others are too few to learn from",
                hint="a longer log, or more --episodes",
            )
        library = lightgbm()
        data = library.Dataset(
            np.concatenate((benign, attacks)),
            np.concatenate((np.zeros(len(benign)), np.ones(len(attacks)))),
            weight=np.concatenate((np.ones(len(benign)), self._weights(len(benign)))),
            params={"verbose": -1},
        )
        parameters = {**_TREES, "seed": seed}
        trees = library.train(parameters, data, num_boost_round=_ROUNDS)
        own = np.concatenate(self._own)
        surprise = own[:, self.behaviour.names.index(WHOLE)].astype(np.float64)
        scales = Scale.learned(predicted(trees, own)), Scale.learned(surprise)
        return trees.model_to_string(), scales

    def likenesses(self) -> dict[str, Likeness]:
        """What rows of each technique look like."""
        attacks, episodes = np.concatenate(self._attacks), np.concatenate(self._episodes)
        techniques = np.array([self._techniques.get(number, "") for number in episodes.tolist()])
        return {
            str(technique): Likeness.learned(attacks[techniques == technique])
            for technique in np.unique(techniques[techniques != ""])
        }

    def _weights(self, benign: int) -> Floats:
        """Of rows of attacks: no episode and no scenario outweighs the others by its length or number
        alone."""
        episodes = np.concatenate(self._episodes)
        _, place, sizes = np.unique(episodes, return_inverse=True, return_counts=True)
        weights = sizes[place] ** -0.5
        scenarios = np.array([self._names.get(number, "takeover") for number in episodes.tolist()])
        for scenario in np.unique(scenarios):
            weights[scenarios == scenario] /= weights[scenarios == scenario].sum()
        found: Floats = weights * (_WEIGHT * benign / weights.sum())
        return found


def calibrated(source: str, detector: Detector, options: Options, progress: Progress) -> Detector:
    """The detector with its threshold, when it has seen the log as it is. `detector` is to have seen nothing
    yet; its settings say how many rows there are."""
    seen, rows = Calibrating(), 0
    warm = int(_WARM * detector.settings.rows)
    for columns in _learned(source, Reader(detector.settings.layout), options):
        scores = detector.scores(detector.behaviour.features(columns))
        rows += len(columns)
        progress("setting the threshold", len(columns))
        if rows > warm:
            seen.add(columns, scores)
    detector.settings = msgspec.structs.replace(
        detector.settings, calibration=seen.calibration(options.budget)
    )
    return detector
