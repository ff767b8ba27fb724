"""`icelos logs evaluate`: synthetic rows beside real ones, measure by measure.

Without a hold-out the real rows are cut in two at random, several times: one half is the reference, the other
gives the ceiling. With one, the real rows are those that the generator learnt from, and the hold-out is the
reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from icelos.errors import InputError
from icelos.evaluate.discriminator import auc_noise
from icelos.findings import Failure
from icelos.jobs.logs.evaluation import consistency, discriminator, fields, privacy, text, timing, usefulness
from icelos.jobs.logs.evaluation.gate import Check, check
from icelos.jobs.logs.evaluation.measures import Figures, Measure, Round, measure, rounded, share_noise
from icelos.jobs.logs.evaluation.sample import LIMIT, Sample, draw, look, user_place
from icelos.jobs.logs.evaluation.table import Part, Table
from icelos.jobs.logs.profile.kinds import Who
from icelos.jobs.logs.profile.rows import Row

Rows = Iterable[Row | Failure]
FEWEST = 20
_FEW, _SOME = 600, 2000
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
        self.parts = [self.table.part(sample.rows) for sample in samples]
        self.rounds, self.counted = self._rounds(self.parts, self._size())
        self.measures: dict[str, Measure] = {}
        self._bonds: tuple[consistency.BondKept, ...] = ()

    def _size(self) -> int:
        real, synthetic, *holdout = map(len, self.parts)
        return min(real, synthetic, *holdout) if holdout else min(real // 2, synthetic)

    def _rounds(self, parts: Sequence[Part], size: int) -> tuple[list[Round], int]:
        """Rounds, and how many of them count; the others only show how much real rows differ by chance."""
        number = 6 if size <= _FEW else 3 if size <= _SOME else 2
        real, synthetic, *holdout = parts
        if not holdout:
            return [
                Round(self._some(synthetic, size), *self._halves(real, size)) for _ in range(number)
            ], number
        first = Round(self._some(synthetic, size), self._some(real, size), self._some(holdout[0], size))
        pool = _joined(real, holdout[0])
        return [first] + [Round(first.synthetic, *self._halves(pool, size)) for _ in range(number - 1)], 1

    def _some(self, part: Part, size: int) -> Part:
        return part.take(self._random.permutation(len(part))[:size])

    def _halves(self, part: Part, size: int) -> tuple[Part, Part]:
        order = self._random.permutation(len(part))
        return part.take(order[:size]), part.take(order[size : 2 * size])

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
            fields=fields.listed(self.table, *_sides(self.rounds[0])),
            bonds=self._bonds,
            histograms=tuple(self._histograms()),
        )

    def _told(self, what: str, take: Callable[[], None]) -> None:
        self._progress(what)
        take()

    def _add(self, name: str, pairs: Sequence[tuple[float, float]], **more: object) -> None:
        self.measures[name] = measure(name, pairs, **more)  # type: ignore[arg-type]

    def _paired(
        self, take: Callable[[Part, Part], Figures], rounds: Sequence[Round]
    ) -> dict[str, list[tuple[float, float]]]:
        """(value, ceiling) by round of each measure that `take` gives of (candidate, reference)."""
        found: dict[str, list[tuple[float, float]]] = {}
        for number, one in enumerate(rounds):
            ceilings = take(one.real, one.reference)
            values = take(one.synthetic, one.reference) if number < self.counted else {}
            for name in {**ceilings, **values}:
                pair = (values.get(name, float("nan")), ceilings.get(name, float("nan")))
                found.setdefault(name, []).append(pair)
        return found

    def _add_all(self, found: dict[str, list[tuple[float, float]]]) -> None:
        for name, pairs in found.items():
            counted = pairs[: self.counted]
            spread = [ceiling for _, ceiling in pairs if np.isfinite(ceiling)]
            noise = float(np.std(spread, ddof=1)) if len(spread) > 1 else 0.0
            self._add(name, counted, noise=noise)

    def _validity(self) -> None:
        made = self._samples[1]
        total = made.total + made.failures
        self._add("valid rows", [(made.total / total, 1.0)], noise=0.0, note=f"{total} rows read")

    def _texts(self) -> None:
        self._add_all(self._paired(text.rouge_figures, self.rounds))
        self._add_all(self._paired(text.sequence_figures, self.rounds[:1]))
        self._add_all(self._paired(lambda candidate, _: text.diversity_figures(candidate), self.rounds))

    def _fields(self) -> None:
        self._add_all(
            self._paired(lambda left, right: fields.field_figures(self.table, left, right), self.rounds)
        )
        found = []
        for one in self.rounds:
            known = fields.known_types(one.reference.rows)
            found.append(
                (fields.known_share(one.synthetic.rows, known), fields.known_share(one.real.rows, known))
            )
        self._add_all({"known fields": found})

    def _consistency(self) -> None:
        found: dict[str, list[tuple[float, float]]] = {}
        for number, one in enumerate(self.rounds):
            structure = consistency.learn(self.table, one.reference)
            ceilings = consistency.consistency_figures(structure, one.real, one.reference)
            values = ceilings
            if number < self.counted:
                values = consistency.consistency_figures(structure, one.synthetic, one.reference)
            for name, ceiling in ceilings.items():
                found.setdefault(name, []).append((values[name], ceiling))
            if number == 0:
                self._bonds = consistency.worst_bonds(self.table, structure, one.synthetic, one.real)
        self._add_all(found)

    def _timing(self) -> None:
        if not self._who.time:
            return
        rounds = self._people_rounds()
        if not rounds:
            return
        self._add_all(self._paired(timing.timing_figures, rounds))
        one = rounds[0]
        days = discriminator.day_figures(self.table, one.synthetic, one.reference)
        number = int(days["user-days"])
        note = f"{number} user-days" if number >= timing.FEWEST_DAYS else f"only {number} user-days"
        value = days["user-days told apart"]
        self._add(
            "user-days told apart",
            [(value, 0.5)],
            noise=auc_noise(number, number) if number else 0.0,
            note=note,
        )

    def _people_rounds(self) -> list[Round]:
        """Rounds of all rows of the same share of users, thinned to the same density."""
        share = min(sample.share for sample in self._samples)
        least = min(sample.total for sample in self._samples)
        parts = []
        for sample in self._samples:
            user = self._who.user
            rows = [row for row in sample.people if user_place(row.fields.get(user)) < share]
            part = self.table.part(rows)
            parts.append(self._some(part, round(len(part) * least / sample.total)))
        if min(map(len, parts)) < FEWEST:
            return []
        real, synthetic, *holdout = parts
        if holdout:
            pool = _joined(real, holdout[0])
            first = Round(synthetic, real, holdout[0])
            return [first, *(Round(synthetic, *self._halves(pool, len(pool) // 2)) for _ in range(3))]
        half = len(real) // 2
        return [
            Round(self._some(synthetic, len(synthetic) // 2), *self._halves(real, half)) for _ in range(4)
        ]

    def _discriminator(self) -> None:
        rounds = self.rounds[: self.counted if len(self.rounds[0].real) <= _FEW else 1]
        found = [discriminator.row_figures(self.table, one.synthetic, one.reference) for one in rounds]
        size = len(rounds[0].reference)
        pairs = [(one["rows told apart"], 0.5) for one in found]
        self._add("rows told apart", pairs, noise=auc_noise(size, size))

    def _usefulness(self) -> None:
        one = self.rounds[0]
        best: tuple[float, usefulness.Scores, str] | None = None
        for target in usefulness.targets(self.table, one.reference, self._options.target):
            found = usefulness.scores(self.table, target, *_sides(one))
            gain = found.real - found.guess
            if best is None or gain > best[0]:
                best = (gain, found, self.table.paths[target.column])
            if gain >= usefulness.GAIN:
                break
        if best is None or best[0] < usefulness.GAIN:
            self.measures["usefulness"] = Measure(
                name="usefulness", note="no field can be guessed from the others"
            )
            return
        _, scores, path = best
        noise = share_noise(scores.real, len(one.reference))
        note = f"macro F1 of {path}; always the same class: {scores.guess:.3f}"
        self._add("usefulness", [(scores.synthetic, scores.real)], noise=noise, note=note)

    def _privacy(self) -> None:
        """Held against training rows; held-out rows show how often real rows repeat each other by chance."""
        found: dict[str, list[tuple[float, float]]] = {}
        for one in self.rounds[: self.counted]:
            values = privacy.copy_figures(self.table, one.synthetic, one.real)
            ceilings = privacy.copy_figures(self.table, one.reference, one.real)
            for name, value in values.items():
                found.setdefault(name, []).append((value, ceilings[name]))
        for name, pairs in found.items():
            ceiling = float(np.mean([ceiling for _, ceiling in pairs]))
            size = (
                min(privacy.MOST, len(self.rounds[0].real))
                if name == "near copies"
                else len(self.rounds[0].real)
            )
            self._add(name, pairs, noise=share_noise(ceiling, size) if ceiling > 0 else 0.0)
        self._held_out()
        wanted = self._options.canaries
        if wanted:
            number = len(self._samples[1].canaries)
            self._add(
                "canaries", [(number / len(wanted), 0.0)], noise=0.0, note=f"{number} of {len(wanted)} found"
            )

    def _held_out(self) -> None:
        if len(self._samples) < 3:
            for name in ("closer to training", "membership"):
                self.measures[name] = Measure(name=name, note="needs a hold-out")
            return
        one = self.rounds[0]
        found = privacy.holdout_figures(self.table, one.synthetic, one.real, one.reference)
        size = min(privacy.MOST, len(one.real))
        noises = {"closer to training": 0.5 / np.sqrt(size), "membership": auc_noise(size, size)}
        for name, value in found.items():
            self._add(name, [(value, 0.5)], noise=float(noises[name]))

    def _histograms(self) -> Iterable[Histogram]:
        one = self.rounds[0]
        left, right = timing.hours(one.synthetic), timing.hours(one.reference)
        if len(left) and len(right):
            yield _histogram("Hour of the day (UTC)", left, right, [f"{hour:02}" for hour in range(24)])
        made = privacy.distances(self.table, one.synthetic, one.real)
        held = privacy.distances(self.table, one.reference, one.real)
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
            "compared": f"{len(self.rounds[0].real):,} rows of each side",
        }

    def _notes(self) -> Iterable[str]:
        for sample in self._samples:
            if not sample.is_whole:
                yield f"{sample.name}: a sample of {len(sample.rows):,} of {sample.total:,} rows was measured"
            if sample.share < 1:
                yield f"{sample.name}: times are of {sample.share:.2%} of the users"
            for told in sample.first_failures:
                yield f"{sample.name}: unreadable: {told}"
        if len(self._samples) > 2:
            one = self.rounds[0]
            shared = privacy.exact_copies(one.reference, one.real)
            if shared > OVERLAP:
                yield f"{shared:.1%} of the held-out rows are among the real rows: copies cannot be told"
        if self.table.left_out:
            yield f"{self.table.left_out} of the rarest fields were left out"


def _joined(left: Part, right: Part) -> Part:
    return replace(
        left,
        exact=np.concatenate([left.exact, right.exact]),
        codes=np.concatenate([left.codes, right.codes]),
        users=np.concatenate([left.users, right.users]),
        times=np.concatenate([left.times, right.times]),
        rows=[*left.rows, *right.rows],
    )


def _sides(one: Round) -> tuple[Part, Part, Part]:
    return one.synthetic, one.real, one.reference


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
