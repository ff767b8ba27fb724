"""How many misses what-if data removes, on variants of a technique whose scenarios no detector was taught.

    python -m benchmarks.logs_augmenting [--folder DIR] [--seed N]

Settled before any result was looked at, but for one thing: an organisation of 200 people and 30 days of
sign-ins, ten days to learn from. For each of the five techniques that scenarios play in sign-ins alone, a
detector *before* that never saw what-if data of it, and one *after* that did: all scenarios as they ship.
There are two before: `none` learns from takeovers alone, `others` from all scenarios but this one. All are
tested on the same twenty days, with 48 variants of this technique and one episode of each. A variant is what
`composing` makes of the scenario (other numbers of addresses and of rows, other times between) at other
hours, difficulty .85 to 1; the scenario that is taught is not among them. At first its places and clients
were those that `composing` draws, of which `others` missed one in 240 and `none` none at 20 a day: nothing
could be told apart. So the attacker is near: in the victim's town or country, on a machine like the victim's
or the very one, against two to six victims where there are several. Since then training draws variants of its
own (`composing.varied`), of attacks that a detector is taught only: none of them is one of these, but their
dials are drawn alike.

An alert is an entity's day. At each budget the threshold gives just so many alerts a day on the test rows,
those of attacks among them (`all alerts`). As 48 episodes are more alerts than a budget of 2 a day has room
for, what is found where the budget is of alerts without any attack is told as well (`quiet`: as if each
episode were alone). An episode is missed where none of its rows is above the threshold. What is removed is
the share of the misses of `before`, less those of `after`; intervals are of 2,000 draws of episodes. The bar
is a third. Seed 51 was worked with, 52 and 53 were only looked at in the end.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from benchmarks.logs_detectors import interval, organisation

from icelos.jobs.logs.detect.alerts import DayTops
from icelos.jobs.logs.detect.columns import Columns, Floats, Reader
from icelos.jobs.logs.detect.model import Detector
from icelos.jobs.logs.detect.reading import batches
from icelos.jobs.logs.detect.training import Options, train
from icelos.jobs.logs.whatif.composing import compose
from icelos.jobs.logs.whatif.planning import Wanted
from icelos.jobs.logs.whatif.playing import whatif
from icelos.jobs.logs.whatif.scenario import Scenario, load, named

TECHNIQUES = ("password-spray", "impossible-travel", "token-theft", "device-code", "mfa-fatigue")
VARIANTS = 48
EASIEST, HARDEST = 0.85, 1.0
BUDGETS = (20, 5, 2)
"""Alerts a day."""
BEFORE = ("none", "others")
SEED = 51

Found = npt.NDArray[np.bool_]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("logs-augmenting"))
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    before, tests = material(given.folder / str(given.seed), given.seed)
    every = named(["all"])
    none, everything = (train(str(before), some, Options(seed=1)) for some in ([], every))
    warm = everything.behaviour.snapshot()
    found: dict[tuple[str, str, int], list[Found]] = {}
    for technique in TECHNIQUES:
        others = train(str(before), [one for one in every if one.name != technique], Options(seed=1))
        test = Test(tests[technique], everything, warm)
        for name, detector in {"none": none, "others": others, "after": everything}.items():
            for (way, budget), which in test.found(detector).items():
                found.setdefault((name, way, budget), []).append(which)
        for way in WAYS:
            for budget in BUDGETS:
                last = {name: found[name, way, budget][-1] for name in (*BEFORE, "after")}
                print(json.dumps({"technique": technique, **compared(way, budget, last)}), flush=True)
    for way in WAYS:
        for budget in BUDGETS:
            pooled = {name: np.concatenate(found[name, way, budget]) for name in (*BEFORE, "after")}
            print(json.dumps({"technique": "all", **compared(way, budget, pooled)}))


def material(folder: Path, seed: int) -> tuple[Path, dict[str, Path]]:
    """The days to learn from, and for each technique the rest with its variants played in."""
    before = folder / "before.jsonl"
    tests = {name: folder / f"{name}.jsonl" for name in TECHNIQUES}
    if all(path.exists() for path in tests.values()):
        return before, tests
    folder.mkdir(parents=True, exist_ok=True)
    before, rest = organisation(folder, seed)
    for name, path in tests.items():
        whatif(str(rest), path, variants(load(name), seed), Wanted(1, EASIEST, seed, hardest=HARDEST))
    rest.unlink()
    return before, tests


def variants(scenario: Scenario, seed: int) -> list[Scenario]:
    """Attacks like a scenario's, a name each: with other dials, at other hours, from near."""
    rng = random.Random(f"{seed} {scenario.name} variants")
    return [_near(one, rng) for one in compose([scenario], VARIANTS, seed)]


def _near(scenario: Scenario, rng: random.Random) -> Scenario:
    attacker = msgspec.structs.replace(
        scenario.attacker, place=rng.choice(("country", "town")), client=rng.choice(("same", "own"))
    )
    victims = rng.randint(2, 6) if scenario.victims != 1 else 1
    hours = rng.choice(("any", "awake", "asleep"))
    return msgspec.structs.replace(scenario, attacker=attacker, victims=victims, hours=hours)


WAYS = ("all alerts", "quiet")
"""What a budget is of: alerts on the test rows, or on those that are not of attacks."""


class Test:
    """Rows with episodes of one technique's variants, as detectors see them that know `warm`."""

    def __init__(self, path: Path, detector: Detector, warm: dict[str, npt.NDArray[np.generic]]) -> None:
        reader = Reader(detector.settings.layout)
        self.columns = Columns.joined(list(_columns(path, reader)))
        detector.behaviour.restore(warm)
        self.features = detector.behaviour.features(self.columns)
        episodes: dict[str, list[int]] = {}
        for line in path.with_name(f"{path.name}.labels.jsonl").read_bytes().splitlines():
            label = msgspec.json.decode(line)
            episodes.setdefault(label["episode"], []).append(label["row"] - 1)
        self.episodes = list(episodes.values())
        quiet = np.ones(len(self.columns), bool)
        quiet[np.concatenate(self.episodes)] = False
        self.rows = dict(zip(WAYS, (np.arange(len(self.columns)), np.flatnonzero(quiet)), strict=True))

    def found(self, detector: Detector) -> dict[tuple[str, int], Found]:
        """(episodes) which ones a detector finds, by what a budget is of and its size."""
        scores = detector.scores(self.features)
        highest = np.array([scores[rows].max() for rows in self.episodes])
        return {
            (way, budget): highest >= threshold
            for way, rows in self.rows.items()
            for budget, threshold in _thresholds(self.columns.take(rows), scores[rows]).items()
        }


def _columns(path: Path, reader: Reader) -> Iterator[Columns]:
    with path.open("rb") as lines:
        yield from batches(reader, (row for line in lines if (row := reader.decoded(line)) is not None))


def _thresholds(columns: Columns, scores: Floats) -> dict[int, float]:
    tops = DayTops()
    tops.add(columns, scores)
    return {budget: tops.threshold(budget) for budget in BUDGETS}


def compared(way: str, budget: int, found: dict[str, Found]) -> dict[str, object]:
    """Misses of each detector, and the share of those before that are gone, with its interval."""
    missed = {name: ~which for name, which in found.items()}
    told: dict[str, object] = {
        "budget": budget,
        "of": way,
        "episodes": missed["after"].size,
        "missed": {name: int(which.sum()) for name, which in missed.items()},
    }
    for name in BEFORE:
        told[f"removed of {name}"] = _removed(missed[name], missed["after"])
    return told


def _removed(before: Found, after: Found) -> list[object]:
    """The share, and its interval; nothing where nothing was missed."""
    if not before.any():
        return []

    def share(chosen: npt.NDArray[np.int64]) -> float:
        return float(1 - after[chosen].sum() / max(1, before[chosen].sum()))

    return [round(share(np.arange(before.size)), 3), interval(share, before.size)]


if __name__ == "__main__":
    main()
