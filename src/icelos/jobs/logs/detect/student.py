"""A student: trees over what one pass sees, which say what a GPT (the teacher) would say of a row.

It learns from generated rows alone: attacks are played into them, or takeovers where no scenario fits, and
the teacher tells how many bits it needs for the fields that are watched. Thousands of rows are enough; the
rest of the log only tells what is usual. What comes of it is a detector like others, as fast as they are.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from icelos.errors import InputError
from icelos.jobs.logs.detect.behaviour import Behaviour, Matrix
from icelos.jobs.logs.detect.columns import Floats, Layout, Reader
from icelos.jobs.logs.detect.facets import learn_layout
from icelos.jobs.logs.detect.likeness import Likeness
from icelos.jobs.logs.detect.model import Calibration, Detector, Scale, Settings, lightgbm, predicted
from icelos.jobs.logs.detect.reading import BATCH, read_rows
from icelos.jobs.logs.detect.takeovers import LONGEST
from icelos.jobs.logs.detect.teacher import Teacher
from icelos.jobs.logs.detect.training import Options, Progress, calibrated
from icelos.jobs.logs.profile.rows import RowSource
from icelos.jobs.logs.whatif.planning import Wanted
from icelos.jobs.logs.whatif.playing import attacked_lines
from icelos.jobs.logs.whatif.scenario import Scenario

LESSONS = 6000
"""Rows that the teacher is asked about, if no other number is given."""
_WARM = 0.2
"""The share of the rows that only tells what is usual."""
_ATTACKS = 0.3
"""The share of the lessons that may be rows of attacks."""
_TAKEOVERS = 0.005
"""The share of rows at which a takeover begins."""
_UNTOLD = frozenset({"session moved", "step", "history", "idle"})
"""Features of which the teacher, who sees each row alone, can say nothing; and so it is with bursts. They are
also those that depend on how many rows a log has, which generated rows are fewer than."""
_ROUNDS = 300
_TREES = {
    "objective": "regression", "num_leaves": 15, "learning_rate": 0.05, "min_child_samples": 20,
    "lambda_l2": 5.0, "feature_fraction": 0.5, "bagging_fraction": 0.7, "bagging_freq": 1, "verbose": -1,
    "deterministic": True, "force_row_wise": True, "num_threads": 1,
}  # fmt: skip


class Lessons(NamedTuple):
    """Rows that the teacher is asked about: features (rows, features), their text, whether they are of
    attacks, and of which techniques."""

    features: Matrix
    lines: list[bytes]
    attack: npt.NDArray[np.bool_]
    techniques: list[str]

    def likenesses(self) -> dict[str, Likeness]:
        """What rows of each technique look like."""
        of = np.array(self.techniques)
        return {str(one): Likeness.learned(self.features[of == one]) for one in np.unique(of[of != ""])}


def teach(
    source: str,
    teacher: Teacher,
    scenarios: Sequence[Scenario],
    options: Options = Options(),  # noqa: B008 - immutable
    *,
    lessons: int = LESSONS,
    progress: Progress = lambda *_: None,
) -> Detector:
    """A detector that says what the teacher would, by the rows of a file of JSON lines.

    The rows are to be the teacher's own, in the order of their times; it never sees others. Raises InputError
    where the log cannot be watched, MissingExtra without LightGBM or PyTorch.
    """
    library = lightgbm()
    layout = learn_layout(RowSource(source))
    rows = sum(1 for _ in read_rows(source, Reader(layout)))
    taught: Counter[str] = Counter()
    chosen = _lessons(source, layout, scenarios, options, rows, lessons, taught, progress)
    bits = asked(teacher, chosen.lines, layout, progress)
    known = ~np.isnan(bits)
    if known.sum() < 200:
        raise InputError(
            f"the teacher can say something of {known.sum()} rows, too few to learn from", source=source,
            hint="a longer log, of JSON lines",
        )  # fmt: skip
    behaviour = Behaviour(layout)
    told = np.array([", " not in name and name not in _UNTOLD for name in behaviour.names], np.float32)
    features = chosen.features * told  # what is the same in all rows parts none of them
    data = library.Dataset(features[known], np.log1p(bits[known]), params={"verbose": -1})
    trees = library.train({**_TREES, "seed": options.seed}, data, num_boost_round=_ROUNDS)
    own = features[known & ~chosen.attack]
    settings = Settings(
        layout=layout, features=behaviour.names, taught=dict(taught), rows=rows, teacher=teacher.version,
        trees=Scale.learned(predicted(trees, own)), surprise=Scale(0.0, 1.0),
        likenesses=chosen.likenesses(),
        calibration=Calibration(budget=options.budget, threshold=math.inf, rows=0, days=0.0, quantiles=()),
    )  # fmt: skip
    return calibrated(source, Detector(settings, trees.model_to_string(), behaviour), options, progress)


def asked(
    teacher: Teacher, lines: Sequence[bytes], layout: Layout, progress: Progress = lambda *_: None
) -> Floats:
    """(rows) bits that the teacher needs for the watched fields of each row; NaN where it cannot say."""
    found = np.full(len(lines), np.nan)
    for number, line in enumerate(lines):
        try:
            bits = teacher.bits(line)
        except InputError:
            continue
        found[number] = sum(bits.get(path, 0.0) for path in layout.facets)
        progress("asking the teacher", 1)
    return found


def _lessons(
    source: str, layout: Layout, scenarios: Sequence[Scenario], options: Options, rows: int, lessons: int,
    taught: Counter[str], progress: Progress,
) -> Lessons:  # fmt: skip
    reader, behaviour, rng = Reader(layout), Behaviour(layout), np.random.default_rng(options.seed)
    share = lessons * (1 - _ATTACKS) / max(1.0, rows * (1 - _WARM))
    features: list[Matrix] = []
    lines: list[bytes] = []
    techniques: list[str] = []
    attacks: list[npt.NDArray[np.bool_]] = []
    done = 0
    for batch in _in_batches(_told(source, reader, layout, scenarios, options, rng)):
        columns = reader.columns([one.values for one in batch])
        found = behaviour.features(columns)
        done += len(batch)
        progress("learning from attacks", len(batch))
        if done <= rows * _WARM:
            continue
        attack = np.array([bool(one.scenario) for one in batch])
        kept = np.flatnonzero(attack | (rng.random(len(batch)) < share))
        features.append(found[kept])
        lines += [batch[place].line for place in kept.tolist()]
        techniques += [batch[place].technique for place in kept.tolist()]
        attacks.append(attack[kept])
        taught.update(one.scenario for one in batch if one.scenario)
    if not lines:
        raise InputError("no rows are left to learn from", source=source, hint="a longer log")
    every = Lessons(np.concatenate(features), lines, np.concatenate(attacks), techniques)
    return _fewer(every, lessons, rng)


def _fewer(lessons: Lessons, most: int, rng: np.random.Generator) -> Lessons:
    """Not more than so many rows, and of attacks not more than their share."""
    attack = np.flatnonzero(lessons.attack)
    own = np.flatnonzero(~lessons.attack)
    attack = rng.permutation(attack)[: int(most * _ATTACKS)]
    kept = np.sort(np.concatenate((attack, rng.permutation(own)[: most - attack.size])))
    return Lessons(
        lessons.features[kept], [lessons.lines[place] for place in kept.tolist()], lessons.attack[kept],
        [lessons.techniques[place] for place in kept.tolist()],
    )  # fmt: skip


class _Told(NamedTuple):
    line: bytes
    values: tuple[Any, ...]
    scenario: str
    technique: str = ""


def _told(
    source: str, reader: Reader, layout: Layout, scenarios: Sequence[Scenario], options: Options,
    rng: np.random.Generator,
) -> Iterator[_Told]:  # fmt: skip
    """The rows with attacks between them."""
    if scenarios:
        wanted = Wanted(options.episodes, 0.0, options.seed, hardest=1.0, varied=options.episodes)
        for line, label in attacked_lines(source, scenarios, wanted):
            values = reader.row(line)
            if values is not None:
                attack = label is not None and not label.benign
                told = (label.scenario, label.technique) if label and attack else ("", "")
                yield _Told(line.rstrip(b"\r\n"), values, *told)
        return
    takeovers = _Takeovers(layout, rng)
    for row in read_rows(source, reader):
        yield _Told(row.raw, row.values, "")
        copied = takeovers.of(row.raw, row.values[0])
        values = reader.row(copied) if copied else None
        if copied and values is not None:
            yield _Told(copied, values, "takeover")


@dataclass
class _Takeovers:
    """Rows of one user under the name of another, made as the rows go by."""

    layout: Layout
    rng: np.random.Generator
    under_way: dict[str, tuple[str, int]] = field(default_factory=dict)
    users: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def of(self, line: bytes, user: object) -> bytes | None:
        """A row as another user's, where a takeover by its user is under way or begins; else None."""
        if not isinstance(user, str) or not user:
            return None
        if user not in self.known:
            self.known.add(user)
            self.users.append(user)
        if user not in self.under_way:
            if len(self.users) < 2 or self.rng.random() >= _TAKEOVERS:
                return None
            victim = self.users[int(self.rng.integers(len(self.users)))]
            if victim == user:
                return None
            self.under_way[user] = (victim, 1 + int(self.rng.integers(LONGEST)))
        victim, left = self.under_way.pop(user)
        if left > 1:
            self.under_way[user] = (victim, left - 1)
        return line.replace(msgspec.json.encode(user), msgspec.json.encode(victim))


def _in_batches(rows: Iterator[_Told]) -> Iterator[list[_Told]]:
    batch: list[_Told] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
