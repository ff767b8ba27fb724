"""`icelos logs evaluate`: synthetic rows beside real ones, measure by measure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from icelos.errors import InputError
from icelos.evaluate.discriminator import auc_noise
from icelos.findings import Failure
from icelos.jobs.logs.evaluation import (
    consistency,
    discriminator,
    fields,
    privacy,
    rounds,
    text,
    timing,
    usefulness,
)  # fmt: skip
from icelos.jobs.logs.evaluation.gate import Check, check
from icelos.jobs.logs.evaluation.measures import Figures, Measure, measure, rounded, share_noise, spread
from icelos.jobs.logs.evaluation.rounds import Round, Rounds
from icelos.jobs.logs.evaluation.sample import LIMIT, TEXT, Sample, draw, look
from icelos.jobs.logs.evaluation.table import Part, Table
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.roles import Who

Rows = Iterable[Row | Failure]
FEWEST = 20
_SLOW = 3
"""Rounds of few rows in which classifiers are trained; with many rows one is enough."""
BINS = 20
OVERLAP = 0.01
"""Share of held-out rows among the real rows above which the hold-out hardly is one."""


class Histogram(msgspec.Struct, frozen=True, kw_only=True):
    """Shares by bin, of synthetic rows and of real ones."""

    name: str
    labels: tuple[str, ...]
    synthetic: tuple[float, ...]
    real: tuple[float, ...]


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """All that was measured. `passed`: no check failed. `notes` say what was sampled or left out."""

    about: dict[str, str]
    notes: tuple[str, ...]
    passed: bool
    checks: tuple[Check, ...]
    measures: tuple[Measure, ...]
    fields: tuple[fields.FieldDistance, ...]
    bonds: tuple[consistency.BondKept, ...]
    histograms: tuple[Histogram, ...]


@dataclass(frozen=True)
class Options:
    """Paths are found where none is given. `limit` rows of each file are measured."""

    limit: int = LIMIT
    seed: int = 0
    user: str = ""
    time: str = ""
    target: str = ""
    canaries: Sequence[str] = field(default_factory=tuple)


Progress = Callable[[str], None]


def evaluate(
    real: Rows,
    synthetic: Rows,
    holdout: Rows | None = None,
    *,
    options: Options | None = None,
    progress: Progress = lambda _: None,
) -> Evaluation:
    """Measure synthetic rows. Raises InputError for fewer than `FEWEST` rows, and for unknown fields."""
    options = options or Options()
    progress("reading")
    who, stream = look(real)
    who = Who(who.kind, options.user or who.user, options.time or who.time)
    samples = [_drawn(stream, "real rows", who, options)]
    samples.append(_drawn(synthetic, "synthetic rows", who, options, canaries=options.canaries))
    if holdout is not None:
        samples.append(_drawn(holdout, "held-out rows", who, options))
    return _Run(samples, who, options, progress).evaluation()


def _drawn(rows: Rows, name: str, who: Who, options: Options, canaries: Sequence[str] = ()) -> Sample:
    sample = draw(rows, name, who.user, limit=options.limit, seed=options.seed, canaries=canaries)
    if len(sample.rows) < FEWEST:
        raise InputError(f"{len(sample.rows)} {name}", hint=f"at least {FEWEST} are needed")
    return sample


class _Run:
    """One evaluation under way."""

    def __init__(self, samples: list[Sample], who: Who, options: Options, progress: Progress) -> None:
        self._samples, self._options, self._progress = samples, options, progress
        self._who = who
        progress("comparing fields")
        known = [row for sample in samples[:1] + samples[2:] for row in sample.rows]
        self.table = Table(known, who)
        self._random = np.random.default_rng(options.seed)
        self._parts = [self.table.part(sample.rows) for sample in samples]
        self.rounds = rounds.of_rows(self._parts, self._random)
        self.measures: dict[str, Measure] = {}
        self._bonds: tuple[consistency.BondKept, ...] = ()
        self._closest: list[NDArray[np.float64]] = []

    def evaluation(self) -> Evaluation:
        """Take all measures."""
        self._validity()
        self._told("comparing texts", self._texts)
        self._told("comparing fields", self._fields)
        self._told("looking for bonds", self._consistency)
        self._told("comparing times", self._timing)
        self._told("telling rows apart", self._discriminator)
        self._told("learning from rows", self._usefulness)
        self._told("looking for copies", self._privacy)
        checks = check(self.measures)
        return Evaluation(
            about=self._about(),
            notes=tuple(self._notes()),
            passed=all(one.passed is not False for one in checks),
            checks=checks,
            measures=tuple(self.measures.values()),
            fields=fields.listed(self.table, *self.rounds.first),
            bonds=self._bonds,
            histograms=tuple(self._histograms()),
        )

    def _told(self, what: str, take: Callable[[], None]) -> None:
        self._progress(what)
        take()

    def _add(self, *found: Measure) -> None:
        self.measures |= {one.name: one for one in found}

    def _validity(self) -> None:
        made = self._samples[1]
        total = made.total + made.failures
        self._add(measure("valid rows", [(made.total / total, 1.0)], noise=0.0, note=f"{total} rows read"))

    def _texts(self) -> None:
        self._add(*self.rounds.measures(text.rouge_figures))
        self._add(*Rounds(self.rounds.all[:1], 1).measures(text.other_rouge_figures))
        self._add(*self.rounds.measures(lambda candidate, _: text.diversity_figures(candidate)))

    def _fields(self) -> None:
        table = self.table
        self._add(*self.rounds.measures(lambda left, right: fields.field_figures(table, left, right)))
        self._add(*self.rounds.measures(lambda left, right: fields.known_figures(left.rows, right.rows)))

    def _consistency(self) -> None:
        structures = [consistency.learn(self.table, one.reference) for one in self.rounds.all]
        ceilings = [
            consistency.consistency_figures(structure, one.real, one.reference)
            for structure, one in zip(structures, self.rounds.all, strict=True)
        ]
        values = [
            consistency.consistency_figures(structure, one.synthetic, one.reference)
            for structure, one in zip(structures[: self.rounds.counted], self.rounds.all, strict=False)
        ]
        self._add(*self.rounds.paired(values, ceilings))
        first = self.rounds.first
        self._bonds = consistency.worst_bonds(self.table, structures[0], first.synthetic, first.real)

    def _timing(self) -> None:
        if not self._who.time:
            return
        # Without users there still are hours.
        found = rounds.of_people(self._samples, self.table, self._random, fewest=FEWEST) or self.rounds
        self._add(*found.measures(timing.timing_figures))
        days = discriminator.day_figures(self.table, found.first.synthetic, found.first.reference)
        number = int(days["user-days"])
        note = f"{number} user-days" if number >= timing.FEWEST_DAYS else f"only {number} user-days"
        noise = auc_noise(number, number) if number else 0.0
        self._add(
            measure("user-days told apart", [(days["user-days told apart"], 0.5)], noise=noise, note=note)
        )

    def _discriminator(self) -> None:
        several = self.rounds.all[: min(self.rounds.counted, _SLOW) if self.rounds.size <= rounds.FEW else 1]
        found = [discriminator.row_figures(self.table, one.synthetic, one.reference) for one in several]
        noise = auc_noise(self.rounds.size, self.rounds.size)
        self._add(measure("rows told apart", [(one["rows told apart"], 0.5) for one in found], noise=noise))

    def _usefulness(self) -> None:
        found = usefulness.best(self.table, *self.rounds.first, wanted=self._options.target)
        if found is None:
            self._add(Measure(name="usefulness", note="no field can be guessed from the others"))
            return
        target, scores = found
        more = self.rounds.all[1 : _SLOW + 1] if self.rounds.size <= rounds.FEW else ()
        several = [scores, *(usefulness.scores(self.table, target, *one) for one in more)]
        noise = max(share_noise(scores.real, self.rounds.size), spread([one.real for one in several]))
        pairs = [(one.synthetic, one.real) for one in several[: self.rounds.counted]]
        note = f"macro F1 of {self.table.paths[target.column]}; always the same class: {scores.guess:.3f}"
        self._add(measure("usefulness", pairs, noise=noise, note=note))

    def _privacy(self) -> None:
        """Held against training rows; held-out rows show how often real rows repeat each other by chance."""
        values: list[Figures] = []
        ceilings: list[Figures] = []
        for one in self.rounds.all[: self.rounds.counted]:
            training = self._training(one)
            for part, figures in ((one.synthetic, values), (one.reference, ceilings)):
                closest = privacy.distances(self.table, part, training)
                self._closest.append(closest)
                figures.append(privacy.copy_figures(part, training, closest))
        for found in self.rounds.paired(values, ceilings):
            size = min(privacy.MOST, self.rounds.size) if found.name == "near copies" else self.rounds.size
            noise = share_noise(found.ceiling, size) if found.ceiling else 0.0
            self._add(msgspec.structs.replace(found, noise=rounded(noise) or 0.0))
        anywhere = privacy.exact_copies(self._parts[1], self._parts[0])
        self._add(Measure(name="copies of any real row", value=rounded(anywhere), note="exact; not gated"))
        self._held_out()
        wanted = self._options.canaries
        if wanted:
            number = len(self._samples[1].canaries)
            note = f"{number} of {len(wanted)} found"
            self._add(measure("canaries", [(number / len(wanted), 0.0)], noise=0.0, note=note))

    def _training(self, one: Round) -> Part:
        """All rows that the generator learnt from, where a hold-out says which those are."""
        return self._parts[0] if len(self._parts) > 2 else one.real

    def _held_out(self) -> None:
        if len(self._samples) < 3:
            self._add(
                *(
                    Measure(name=name, note="needs a hold-out")
                    for name in ("closer to training", "membership")
                )
            )
            return
        one = self.rounds.first
        size = min(privacy.MOST, self.rounds.size)
        noises = {"closer to training": 0.5 / size**0.5, "membership": auc_noise(size, size)}
        found = privacy.holdout_figures(self.table, one.synthetic, one.real, one.reference)
        self._add(*(measure(name, [(found[name], 0.5)], noise=noise) for name, noise in noises.items()))

    def _histograms(self) -> Iterable[Histogram]:
        one = self.rounds.first
        left, right = timing.hours(one.synthetic), timing.hours(one.reference)
        if len(left) and len(right):
            yield _histogram("Hour of the day (UTC)", left, right, [f"{hour:02}" for hour in range(24)])
        made, held = self._closest[:2]
        if len(made) and len(held):
            labels = [f"{low / BINS:.2f}" for low in range(BINS + 1)]
            yield _histogram("Distance to the closest training row", _in_bins(made), _in_bins(held), labels)

    def _about(self) -> dict[str, str]:
        names = ("real", "synthetic", "held out")
        found = {name: _told_sample(sample) for name, sample in zip(names, self._samples, strict=False)}
        return {
            **found,
            "kind": self._who.kind,
            "user": self._who.user or "no field found",
            "time": self._who.time or "no field found",
            "compared": f"{len(self.rounds.first.real):,} rows of each side",
        }

    def _notes(self) -> Iterable[str]:
        for sample in self._samples:
            if not sample.is_whole:
                yield f"{sample.name}: a sample of {len(sample.rows):,} of {sample.total:,} rows was measured"
            if sample.share < 1:
                yield f"{sample.name}: times are of {sample.share:.2%} of the users"
            if sample.long:
                yield (
                    f"{sample.name}: of {sample.long:,} rows only the first {TEXT:,} bytes "
                    "are compared as texts"
                )
            for told in sample.first_failures:
                yield f"{sample.name}: unreadable: {told}"
        if len(self._samples) > 2:
            one = self.rounds.first
            shared = privacy.exact_copies(one.reference, one.real)
            if shared > OVERLAP:
                yield f"{shared:.1%} of the held-out rows are among the real rows: copies cannot be told"
        if self.table.left_out:
            yield f"{self.table.left_out} of the rarest fields were left out"


def _told_sample(sample: Sample) -> str:
    return f"{sample.total:,} rows" + (f", {sample.failures:,} unreadable" if sample.failures else "")


def _in_bins(distances: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.asarray(np.floor(distances * BINS), np.int64)


def _histogram(
    name: str, left: NDArray[np.int64], right: NDArray[np.int64], labels: Sequence[str]
) -> Histogram:
    size = len(labels)
    shares = [np.bincount(side, minlength=size)[:size] / max(1, len(side)) for side in (left, right)]
    made, real = (tuple(rounded(float(share)) or 0.0 for share in side) for side in shares)
    return Histogram(name=name, labels=tuple(labels), synthetic=made, real=real)
