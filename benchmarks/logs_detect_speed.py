"""How fast every row is seen: JSON text to score, beside the parser alone, on the same rows in the same run.

    python -m benchmarks.logs_detect_speed [--openstack FILE] [--rows 400000]

A detector learns from the first half of the rows and scores the second, as `icelos logs detect score` does,
its start included: by one process, and by two, of which one reads. Findings are the same, or it stops. CPU is
that of each process: other work on the machine changes it less than the rows a second. Memory is the state's.
The last line is of a million entities: rows of 1,000,000 users, and the memory of what is known of them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from icelos.data.reading import open_input, read_lines
from icelos.jobs.logs.detect.behaviour import Behaviour
from icelos.jobs.logs.detect.columns import Columns, Layout, Reader
from icelos.jobs.logs.detect.model import load
from icelos.jobs.logs.detect.scoring import score_log
from icelos.jobs.logs.detect.training import Options, train
from icelos.jobs.logs.simulation.simulate import simulate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--openstack", type=Path)
    parser.add_argument("--rows", type=int, default=400_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(folder / "all.jsonl", rows=given.rows, users=200, seed=3)
        print(json.dumps({"rows": "Entra, simulated", **measured(folder, folder / "all.jsonl", given.rows)}))
        if given.openstack:
            print(json.dumps({"rows": "OpenStack", **measured(folder, given.openstack, given.rows)}))
    print(json.dumps(many_entities()))


def measured(folder: Path, path: Path, rows: int) -> dict[str, object]:
    """Rows a second of the parser, and of everything."""
    before, after = folder / "before.jsonl", folder / "after.jsonl"
    with open_input(path) as stream, before.open("wb") as first, after.open("wb") as second:
        for number, line in enumerate(itertools.islice(stream, rows)):
            (first if number < rows // 2 else second).write(line)
    train(str(before), [], Options(budget=3)).save(folder / "model")
    parsed, count = parsing(after, Reader(load(folder / "model").settings.layout))
    found: dict[str, object] = {
        "bytes/row": round(after.stat().st_size / count), "parser, rows/s": round(count / parsed.seconds),
        "parser, CPU us/row": round(1e6 * parsed.here / count, 1),
    }  # fmt: skip
    for processes, how in ((1, "one process"), (2, "two processes")):
        detector, output = load(folder / "model"), folder / f"{processes}.jsonl"
        spent = timed(partial(score_log, str(after), output, detector, processes=processes))
        found |= {
            f"{how}, rows/s": round(count / spent.seconds),
            f"{how}, of the parser": round(parsed.seconds / spent.seconds, 3),
            f"{how}, CPU us/row": [round(1e6 * one / count, 1) for one in spent[1:]][:processes],
        }
        found["state, MB"] = round(detector.behaviour.bytes / 1e6, 1)
    if (folder / "1.jsonl").read_bytes() != (folder / "2.jsonl").read_bytes():
        raise SystemExit("findings are not the same")
    return found


def parsing(path: Path, reader: Reader) -> tuple[Spent, int]:
    """What the parser alone takes, and how many lines there are."""
    lines = [line.data for line in read_lines(path.open("rb"))]
    return timed(lambda: sum(reader.decoded(line) is None for line in lines)), len(lines)


class Spent(NamedTuple):
    """Seconds, and those of the processor: of this process, and of others that it has waited for."""

    seconds: float
    here: float
    there: float


def timed(call: Callable[[], object]) -> Spent:
    began, used = time.perf_counter(), os.times()
    call()
    seconds, now = time.perf_counter() - began, os.times()
    here, there = (sum(now[place : place + 2]) - sum(used[place : place + 2]) for place in (0, 2))
    return Spent(seconds, here, there)


def many_entities(users: int = 1_000_000, rows_each: int = 4) -> dict[str, object]:
    """The state of a million users, each with rows of their own address, device and application."""
    layout = Layout(
        user="user", time="time", facets=("app", "address", "device", "result"), source="address", peers="app"
    )
    behaviour, rng = Behaviour(layout), np.random.default_rng(0)
    began, rows = time.perf_counter(), users * rows_each
    for begin in range(0, rows, 65_536):
        size = min(65_536, rows - begin)
        number = (np.arange(begin, begin + size) % users).astype(np.uint64) + np.uint64(1)
        facets = np.column_stack(
            (rng.integers(1, 40, size).astype(np.uint64), number * np.uint64(3), number * np.uint64(5),
             rng.integers(1, 4, size).astype(np.uint64))
        )  # fmt: skip
        none = np.full(size, np.nan)
        moments = np.asarray(1.7e9 + (begin + np.arange(size)) * (86_400 / rows), np.float64)
        behaviour.features(
            Columns(moments=moments, users=number, facets=facets, sessions=np.zeros(size, np.uint64),
                    sources=facets[:, 1].copy(), results=facets[:, 3].copy(), latitudes=none, longitudes=none)
        )  # fmt: skip
    seconds = time.perf_counter() - began
    return {"entities": users, "rows/s": round(rows / seconds), "state, MB": round(behaviour.bytes / 1e6)}


if __name__ == "__main__":
    main()
