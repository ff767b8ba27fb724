"""Training again: a challenger learns from all but the last days of a log, and replaces the detector in force
only if it is better on those.

What it replaces is kept (`versions`); how the two are compared, `comparing` knows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from icelos.errors import InputError
from icelos.jobs.logs.detect.behaviour import DAY, Behaviour
from icelos.jobs.logs.detect.columns import NOTHING, Layout, Reader
from icelos.jobs.logs.detect.comparing import Compared, HeldOut, Progress, compare
from icelos.jobs.logs.detect.facets import learn_layout
from icelos.jobs.logs.detect.model import Detector, load
from icelos.jobs.logs.detect.reading import batches, read_values
from icelos.jobs.logs.detect.training import Options, calibrated, scenarios_for, train
from icelos.jobs.logs.detect.versions import Change, alone, keep, put
from icelos.jobs.logs.profile.rows import RowSource
from icelos.jobs.logs.whatif.scenario import Scenario

_HELD_OUT = 5
"""One day of so many is held out."""
_OTHER_SEED = 1_000_003
"""Held-out episodes are others than those that are learned from."""
_BUSY = 0.01
"""A day with fewer rows than this share of an average one is a wrong clock's, and is not counted."""


class Retraining(NamedTuple):
    """`held_out_days` None is a fifth of the days; `budget` None is that of the detector in force; with
    `force` the challenger is taken whatever it does."""

    held_out_days: int | None = None
    episodes: int = 12
    budget: float | None = None
    seed: int = 0
    force: bool = False


class Retrained(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: the version in force now and the one before, the days held out (first and last, UTC),
    scenarios that were not played (their logs are not here, or their files), and what was measured."""

    what: Literal["replaced", "kept"]
    in_force: int
    before: int
    why: str
    held_out: tuple[str, str]
    left_out: tuple[str, ...]
    compared: Compared


class _Days(NamedTuple):
    """Of a log: what is worth watching, its rows, where the held-out ones begin (seconds since the epoch),
    how many rows they have, and the last moment."""

    layout: Layout
    rows: int
    begin: float
    held_out: int
    last: float


def retrain(
    source: str,
    folder: Path,
    attacks: Sequence[str] = ("all",),
    options: Retraining = Retraining(),  # noqa: B008 - immutable
    *,
    progress: Progress = lambda *_: None,
) -> Retrained:
    """Train a challenger to the detector in `folder` on a log, compare both on its last days, keep the
    better.

    Learned from are the scenarios of these names (`attacks`), compared is by those and by what the detector
    in force was taught. What the folder holds is changed by one rename, at the end. Raises InputError where
    there is no detector, too few days, a log of another kind; MissingExtra.
    """
    load(folder)
    with alone(folder):
        champion = load(folder)
        days = _split(source, champion, options.held_out_days)
        scenarios, left_out = scenarios_for(source, attacks)
        judged, unknown = _judged_by(source, scenarios, champion.settings.taught)
        budget = options.budget or champion.settings.calibration.budget
        learning = Options(options.episodes, budget, options.seed, days.begin)
        challenger = train(source, scenarios, learning, layout=days.layout, progress=progress)
        held = HeldOut(
            source, days.begin, days.held_out, judged, options.episodes, budget, options.seed + _OTHER_SEED
        )
        compared = compare(champion, challenger, held, progress)
        taken = compared.better or options.force
        change = _change(champion, challenger, compared, days, options)
        if taken:
            change = put(folder, _whole(source, challenger, days, learning, progress), change)
        else:
            change = keep(folder, change)
    return Retrained(
        what="replaced" if taken else "kept", in_force=change.in_force, before=change.before, why=change.why,
        held_out=(_iso(days.begin), _iso(days.last)),
        left_out=tuple(dict.fromkeys((*left_out, *unknown))), compared=compared,
    )  # fmt: skip


def _change(
    champion: Detector, challenger: Detector, compared: Compared, days: _Days, options: Retraining
) -> Change:
    taken = compared.better or options.force
    return Change(
        what="replaced" if taken else "kept", in_force=0, before=0,
        detector=(challenger if taken else champion).version,
        why=compared.why if compared.better or not options.force else f"forced: {compared.why}",
        until=_iso(days.last), seed=options.seed,
        champion=_figures(compared.champion), challenger=_figures(compared.challenger),
    )  # fmt: skip


def _figures(measured: msgspec.Struct) -> dict[str, float]:
    figures = msgspec.structs.asdict(measured).items()
    return {name: value for name, value in figures if isinstance(value, float)}


def _split(source: str, champion: Detector, wanted: int | None) -> _Days:
    """The last days of the log, by its own time. Raises InputError where it is another kind of log, or has
    too few days."""
    layout = champion.settings.layout
    learned = learn_layout(RowSource(source))
    if (learned.user, learned.time) != (layout.user, layout.time):
        raise InputError(
            f"names its users and times by {learned.user} and {learned.time or 'no field'}, the detector "
            f"watches {layout.user} and {layout.time}",
            source=source, hint="train a detector of its own for another kind of log",
        )  # fmt: skip
    rows_of, rows, unknown, last = Counter[int](), 0, 0, -math.inf
    reader = Reader(layout)
    for columns in batches(reader, read_values(source, reader)):
        rows += len(columns)
        unknown += int(np.count_nonzero((columns.facets == NOTHING).all(axis=1)))
        moments = columns.moments[~np.isnan(columns.moments)]
        last = max(last, float(moments.max(initial=-math.inf)))
        found, counts = np.unique(moments // DAY, return_counts=True)
        rows_of.update(dict(zip(found.astype(np.int64).tolist(), counts.tolist(), strict=True)))
    if unknown * 2 > rows:
        raise InputError(
            f"{unknown:,} of {rows:,} rows have none of the fields that the detector watches", source=source,
            hint="train a detector of its own for another kind of log",
        )  # fmt: skip
    begin = DAY * _first_held_out(source, rows_of, wanted)
    held_out = sum(count for day, count in rows_of.items() if day * DAY >= begin)
    return _Days(learned, rows, begin, held_out, last)


def _first_held_out(source: str, rows_of: Counter[int], wanted: int | None) -> int:
    busy = sorted(day for day, rows in rows_of.items() if rows * len(rows_of) >= _BUSY * rows_of.total())
    count = max(1, round(len(busy) / _HELD_OUT)) if wanted is None else wanted
    if count >= len(busy):
        raise InputError(
            f"has {len(busy)} days of rows: {count} held out leave none to learn from", source=source,
            hint="a longer log, or fewer --held-out-days",
        )  # fmt: skip
    return busy[-count]


def _judged_by(
    source: str, scenarios: Sequence[Scenario], taught: Iterable[str]
) -> tuple[list[Scenario], list[str]]:
    """What is learned from, and what the detector in force was taught: a challenger that was taught less has
    to show that it is no worse. With the names of what cannot be played."""
    found = {one.name: one for one in scenarios}
    missing = []
    for name in sorted(set(taught) - found.keys() - {"takeover"}):
        try:
            playable, _ = scenarios_for(source, [name])
        except InputError:  # a file of the user's, which only its name is known of
            playable = []
        found.update({one.name: one for one in playable})
        missing += [] if playable else [name]
    return list(found.values()), missing


def _whole(source: str, challenger: Detector, days: _Days, options: Options, progress: Progress) -> Detector:
    """The challenger when it has seen the held-out days, too, and its threshold is by all of them."""
    settings = msgspec.structs.replace(challenger.settings, rows=days.rows)
    fresh = Detector(settings, challenger.text, Behaviour(settings.layout))
    return calibrated(source, fresh, options._replace(until=math.inf), progress)


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
