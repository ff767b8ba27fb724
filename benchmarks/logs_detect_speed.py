"""How fast every row is seen: JSON text to score, beside the parser alone, on the same rows in the same run.

    python -m benchmarks.logs_detect_speed [--openstack FILE] [--rows 200000]

A detector learns from the first half of the rows and scores the second. One process; memory is the state's.
The last line is of a million entities: rows of 1,000,000 users, and the memory of what is known of them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from icelos.data.reading import open_input, read_lines
from icelos.jobs.logs.detect.behaviour import Behaviour
from icelos.jobs.logs.detect.columns import Columns, Layout, Reader
from icelos.jobs.logs.detect.model import Detector, load
from icelos.jobs.logs.detect.scoring import score_log
from icelos.jobs.logs.detect.training import Options, train
from icelos.jobs.logs.simulation.simulate import simulate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--openstack", type=Path)
    parser.add_argument("--rows", type=int, default=200_000)
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
    parsed, lines = parsing(after, Reader(load(folder / "model").settings.layout))
    scored, detector = scoring(after, load(folder / "model"))
    return {
        "bytes/row": round(after.stat().st_size / lines), "parser, rows/s": round(lines / parsed),
        "text to score, rows/s": round(lines / scored), "share of the parser": round(parsed / scored, 3),
        "state, MB": round(detector.behaviour.bytes / 1e6, 1),
    }  # fmt: skip


def parsing(path: Path, reader: Reader) -> tuple[float, int]:
    """Seconds of the parser alone, and how many lines it read."""
    lines = [line.data for line in read_lines(path.open("rb"))]
    began = time.perf_counter()
    for line in lines:
        reader.decoded(line)
    return time.perf_counter() - began, len(lines)


def scoring(path: Path, detector: Detector) -> tuple[float, Detector]:
    """Seconds from text to findings, and the detector afterwards."""
    began = time.perf_counter()
    score_log(str(path), path.with_name("alerts.jsonl"), detector)
    return time.perf_counter() - began, detector


def many_entities(users: int = 1_000_000, rows_each: int = 4) -> dict[str, object]:
    """The state of a million users, each with rows of their own address, device and application."""
    layout = Layout(user="user", time="time", facets=("app", "address", "device", "result"), source="address")
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
