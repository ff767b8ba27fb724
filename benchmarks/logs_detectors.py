"""Detectors of logs beside isolation forest, ECOD and an autoencoder for each user, on the same rows.

    pip install pyod
    python -m benchmarks.logs_detectors [--folder DIR] [--skip autoencoder ...]

An organisation of 200 people and 30 days of sign-ins; ten days to learn from, then twenty with episodes of
two techniques that no detector has seen. This was settled before any detector was there, but for one thing:
the difficulty was 0.7 at first, where an isolation forest over our features found 94 % of the episodes and
nothing could be told apart.

An alert is an entity's day; each detector may have 20 a day, those with its highest rows. An episode is found
where one of its own rows is above the score at which that is so. Intervals are of 2,000 draws of episodes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from benchmarks.per_user_autoencoder import autoencoder_scores

from icelos.jobs.logs.detect.alerts import DayTops
from icelos.jobs.logs.detect.behaviour import Behaviour
from icelos.jobs.logs.detect.columns import Columns, Reader
from icelos.jobs.logs.detect.reading import batches
from icelos.jobs.logs.detect.training import Options, train
from icelos.jobs.logs.simulation.events import START_DAY
from icelos.jobs.logs.simulation.simulate import simulate
from icelos.jobs.logs.whatif.planning import Wanted
from icelos.jobs.logs.whatif.playing import whatif
from icelos.jobs.logs.whatif.scenario import load, named

USERS, DAYS, LEARNING = 200, 30, 10
ROWS = 600_000
"""More than 30 days have; what is later is cut off."""
UNSEEN = ("token-theft", "mfa-fatigue")
"""Never in any data that a detector learns from."""
EPISODES = 42
DIFFICULTY = 0.85
SEED = 41
ALERTS = 20
"""A day."""
_DRAWS = 2000
_OURS = ("icelos", "sum of surprises")
_FOREST_ROWS = 100_000

Scores = npt.NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("logs-detectors"))
    parser.add_argument("--skip", nargs="*", default=[])
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    before, after = material(given.folder)
    test = _Test(before, after)
    print(json.dumps({"rows": len(test.columns), "attacks": int(test.attack.sum()), "days": test.days}))
    for name, score in DETECTORS.items():
        if name not in given.skip:
            began = time.perf_counter()
            scores = score(test)
            print(
                json.dumps(
                    {
                        "detector": name,
                        **test.measured(name, scores),
                        "seconds": round(time.perf_counter() - began),
                    }
                ),
                flush=True,
            )
    print(json.dumps(test.compared()))


def material(folder: Path) -> tuple[Path, Path]:
    """The first days, and the rest with the unseen techniques played in."""
    before, after = folder / "before.jsonl", folder / "after.jsonl"
    if after.exists():
        return before, after
    before, rest = organisation(folder, SEED)
    whatif(str(rest), after, [load(name) for name in UNSEEN], Wanted(EPISODES, DIFFICULTY, SEED))
    rest.unlink()
    return before, after


def organisation(folder: Path, seed: int) -> tuple[Path, Path]:
    """The days to learn from, and the rest as they are."""
    before, whole, rest = folder / "before.jsonl", folder / "whole.jsonl", folder / "rest.jsonl"
    simulate(whole, rows=ROWS, users=USERS, seed=seed)
    learned, end = (_day(number).strftime("%Y-%m-%d").encode() for number in (LEARNING, DAYS))
    with whole.open("rb") as source, before.open("wb") as first, rest.open("wb") as second:
        for line in source:
            day = line.split(b'"createdDateTime":"')[1][:10]
            if day < end:
                (first if day < learned else second).write(line)
    whole.unlink()
    return before, rest


def _day(number: int) -> datetime:
    return datetime.fromtimestamp(START_DAY * 86_400, UTC) + timedelta(days=number)


class _Test:
    """The rows, what they are of, and what each detector found."""

    def __init__(self, before: Path, after: Path) -> None:
        self.before, self.after = before, after
        self.others = [one for one in named(["all"]) if one.name not in UNSEEN]
        self.detector = train(str(before), self.others, Options(seed=1, budget=ALERTS))
        self.reader = Reader(self.detector.settings.layout)
        self.columns = Columns.joined(list(self._columns(after)))
        self.learned = Columns.joined(list(self._columns(before)))
        behaviour = Behaviour(self.detector.settings.layout)
        self.features_learned = behaviour.features(self.learned)
        self.features = behaviour.features(self.columns)
        self.attack = np.zeros(len(self.columns), bool)
        self.episodes: dict[str, list[int]] = {}
        for line in after.with_name(f"{after.name}.labels.jsonl").read_bytes().splitlines():
            label = msgspec.json.decode(line)
            self.attack[label["row"] - 1] = True
            self.episodes.setdefault(label["episode"], []).append(label["row"] - 1)
        tops = DayTops()
        tops.add(self.columns, np.zeros(len(self.columns)))
        self.days = tops.days
        self.found: dict[str, npt.NDArray[np.bool_]] = {}

    def _columns(self, path: Path) -> Any:
        rows = (self.reader.decoded(line) for line in path.open("rb"))
        return batches(self.reader, (row for row in rows if row is not None))

    def measured(self, name: str, scores: Scores) -> dict[str, object]:
        """Recall of episodes at the budget with its interval, by technique, and the area under the curve."""
        from sklearn.metrics import roc_auc_score

        tops = DayTops()
        tops.add(self.columns, scores)
        threshold = tops.threshold(ALERTS)
        found = np.array([bool((scores[rows] >= threshold).any()) for rows in self.episodes.values()])
        self.found[name] = found
        kinds = np.array([episode.rpartition("-")[0] for episode in self.episodes])
        return {
            "recall": round(float(found.mean()), 3),
            "interval": interval(lambda chosen: found[chosen].mean(), found.size),
            "by technique": {kind: round(float(found[kinds == kind].mean()), 3) for kind in UNSEEN},
            "row AUC": round(float(roc_auc_score(self.attack, scores)), 4),
        }

    def compared(self) -> dict[str, object]:
        """Ours minus the best other one, on the same episodes: of all, and of those without our features."""
        others = [name for name in self.found if name not in _OURS]
        told = {
            "all": others,
            "without our features": [name for name in others if "our features" not in name],
        }
        return {
            f"points above the best of {which}": self._above(names) for which, names in told.items() if names
        }

    def _above(self, names: list[str]) -> dict[str, object]:
        ours = self.found["icelos"]
        best = max(names, key=lambda name: self.found[name].mean())
        apart = 100 * (ours.astype(float) - self.found[best])
        likely = interval(lambda chosen: apart[chosen].mean(), ours.size)
        return {"best": best, "points": round(float(apart.mean()), 1), "interval": likely}


def interval(value: Callable[[npt.NDArray[np.int64]], float], size: int) -> list[float]:
    """The 2.5 % and 97.5 % quantiles of a value of draws of so many, given their numbers."""
    rng = np.random.default_rng(0)
    drawn = sorted(value(rng.integers(size, size=size)) for _ in range(_DRAWS))
    return [round(float(drawn[int(share * _DRAWS)]), 3) for share in (0.025, 0.975)]


def _ours(test: _Test) -> Scores:
    return test.detector.scores(test.detector.behaviour.features(test.columns))


def _forest(learned: npt.NDArray[np.float32], tested: npt.NDArray[np.float32]) -> Scores:
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=200, random_state=0).fit(learned[-_FOREST_ROWS:])
    found: Scores = -forest.score_samples(tested)
    return found


def _ecod(learned: npt.NDArray[np.float32], tested: npt.NDArray[np.float32]) -> Scores:
    from pyod.models.ecod import ECOD

    detector = ECOD().fit(learned[-20_000:])
    parts = [
        detector.decision_function(tested[begin:end])
        for begin, end in pairwise([*range(0, len(tested), 20_000), len(tested)])
    ]
    return np.concatenate(parts)


def _plain(test: _Test) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """What a detector without a history sees: how common each value of a row is among all rows learned
    from."""
    learned, tested = test.learned.facets, test.columns.facets
    ones: list[Scores] = []
    others: list[Scores] = []
    for number in range(learned.shape[1]):
        values, counts = np.unique(learned[:, number], return_counts=True)
        for codes, into in ((learned, ones), (tested, others)):
            place = np.clip(np.searchsorted(values, codes[:, number]), 0, values.size - 1)
            known = values[place] == codes[:, number]
            into.append(-np.log(np.where(known, counts[place], 0.5) / len(learned)))
    for columns, into in ((test.learned, ones), (test.columns, others)):
        into.append((columns.moments % 86_400) / 3600)
    return np.column_stack(ones).astype(np.float32), np.column_stack(others).astype(np.float32)


DETECTORS: dict[str, Callable[[_Test], Scores]] = {
    "icelos": _ours,
    "sum of surprises": lambda test: test.features[
        :, test.detector.behaviour.names.index("all surprises")
    ].astype(float),
    "isolation forest, plain features": lambda test: _forest(*_plain(test)),
    "isolation forest, our features": lambda test: _forest(test.features_learned, test.features),
    "ECOD, plain features": lambda test: _ecod(*_plain(test)),
    "ECOD, our features": lambda test: _ecod(test.features_learned, test.features),
    "autoencoder": lambda test: autoencoder_scores(test.before, test.after),
}

if __name__ == "__main__":
    main()
