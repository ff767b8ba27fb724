"""Detectors of logs beside isolation forest, ECOD and an autoencoder for each user, on the same rows.

    python -m benchmarks.logs_detectors [--folder DIR]

An organisation of 200 people and 30 days of sign-ins; ten days to learn from, then twenty with episodes of two
techniques that no detector has seen. Settled before any detector was there, but for one thing: the difficulty
was 0.7 at first, where even an isolation forest over our features found 94 % of the episodes and nothing could
be told apart. Detectors that learn from attacks do so from the other scenarios, in other organisations.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

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
TESTED, TAUGHT = 41, (42, 43)
"""Seeds of the organisations."""
ALERTS = 20
"""A day."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("logs-detectors"))
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    print(json.dumps({"tested": str(tested(given.folder)), "taught": list(map(str, taught(given.folder)))}))


def tested(folder: Path) -> Path:
    """The organisation that detectors are tested on: sign-ins with the unseen techniques played in."""
    plain = _organisation(folder, TESTED)
    path = folder / "tested.jsonl"
    if not path.exists():
        begin = _day(LEARNING).timestamp()
        wanted = Wanted(EPISODES, DIFFICULTY, TESTED, begin=begin)
        whatif(str(plain), path, [load(name) for name in UNSEEN], wanted)
    return path


def taught(folder: Path) -> list[Path]:
    """Other organisations with every other scenario, benign look-alikes among them, from loud to quiet."""
    others = [one for one in named(["all"]) if one.name not in UNSEEN]
    found = []
    for seed in TAUGHT:
        source = _organisation(folder, seed)
        for number, difficulty in enumerate((0.2, 0.6, 0.9)):
            path = folder / f"taught-{seed}-{number}.jsonl"
            if not path.exists():
                begin = _day(LEARNING).timestamp()
                whatif(str(source), path, others, Wanted(8, difficulty, seed + number, begin=begin))
            source = path
        found.append(source)
    return found


def _organisation(folder: Path, seed: int) -> Path:
    """The first 30 days of an organisation's sign-ins."""
    path = folder / f"organisation-{seed}.jsonl"
    if not path.exists():
        whole = folder / f"whole-{seed}.jsonl"
        simulate(whole, rows=ROWS, users=USERS, seed=seed)
        end = _day(DAYS).strftime("%Y-%m-%d").encode()
        with whole.open("rb") as source, path.open("wb") as target:
            target.writelines(line for line in source if line.split(b'"createdDateTime":"')[1][:10] < end)
        whole.unlink()
    return path


def _day(number: int) -> datetime:
    return datetime.fromtimestamp(START_DAY * 86_400, UTC) + timedelta(days=number)


if __name__ == "__main__":
    main()
