"""Memory of a stream: rows through a pipe into `icelos scan logs -` with a detector; its size every second.

    python -m benchmarks.engine_memory [--rows 10000000] [--rate 0]

Rows are simulated Office 365 events, 100,000 of them over and over, each time some weeks later and with ids
of their own. `--rate` gives so many a second and no more. Growth is the largest size of the last tenth of the
time against that of the second tenth, in which caches have filled.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from icelos.data.sinks import SqliteSink
from icelos.jobs.logs.detect.training import Options, train
from icelos.jobs.logs.simulation.simulate import simulate

DISTINCT = 100_000
_TIME = re.compile(rb'"CreationTime":"([0-9T:-]{19})')
_ID = re.compile(rb'"Id":"([0-9a-f]{8})')
_AT_ONCE = 500


class Row(NamedTuple):
    """A row in parts: what is before its time, its seconds, and what is before and behind its id."""

    before: bytes
    seconds: int
    between: bytes
    after: bytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rate", type=float, default=0.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(folder / "rows.jsonl", rows=2 * DISTINCT, users=500, seed=4, kind="office365")
        lines = (folder / "rows.jsonl").read_bytes().splitlines()
        (folder / "before.jsonl").write_bytes(b"\n".join(lines[:DISTINCT]))
        train(str(folder / "before.jsonl"), [], Options(budget=3)).save(folder / "watch")
        print(json.dumps(streamed(folder, lines[DISTINCT:], given.rows, given.rate)))


def streamed(folder: Path, lines: list[bytes], count: int, rate: float) -> dict[str, object]:
    """Feed a run by a pipe; its size over time."""
    arguments = [
        "scan",
        "logs",
        "-",
        "-o",
        f"detector={folder / 'watch'}",
        "--sink",
        str(folder / "f.sqlite"),
    ]
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "icelos", *arguments], stdin=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"ICELOS_HOME": str(folder / "home")},
    )  # fmt: skip
    sizes: list[int] = []
    watcher = threading.Thread(target=_watch, args=(process, sizes), daemon=True)
    watcher.start()
    with cast("BinaryIO", process.stdin) as pipe:
        _feed(pipe, [_parted(line) for line in lines], count, rate)
    told = cast("BinaryIO", process.stderr).read().decode()
    process.wait()
    seconds = time.perf_counter() - begun
    tenth = max(1, len(sizes) // 10)
    first, last = max(sizes[tenth : 2 * tenth]), max(sizes[-tenth:])
    with SqliteSink(folder / "f.sqlite") as sink:
        stored = sink.count("finding") + sink.count("failure")
    return {
        "rows": count, "seconds": round(seconds), "rows/s": round(count / seconds),
        "exit": process.returncode,
        "MiB, second tenth": first >> 10, "MiB, last tenth": last >> 10, "growth": round(last / first - 1, 4),
        "stored": stored, "told": told.strip().splitlines()[-1:],
    }  # fmt: skip


def _watch(process: subprocess.Popen[bytes], sizes: list[int]) -> None:
    """KiB in memory, once a second."""
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        try:
            found = re.search(r"VmRSS:\s+(\d+)", status.read_text())
        except OSError:
            return
        if found:
            sizes.append(int(found[1]))
        time.sleep(1)


def _feed(pipe: BinaryIO, rows: list[Row], count: int, rate: float) -> None:
    begun = time.perf_counter()
    some: list[bytes] = []
    for number, line in enumerate(_shifted(rows, count), 1):
        some.append(line)
        if len(some) < _AT_ONCE and number < count:
            continue
        pipe.write(b"".join(some))
        some = []
        if rate and (early := number / rate - (time.perf_counter() - begun)) > 0:
            pipe.flush()
            time.sleep(early)


def _shifted(rows: list[Row], count: int) -> Iterator[bytes]:
    span = rows[-1].seconds - rows[0].seconds + 60
    for number in range(count):
        row, turn = rows[number % len(rows)], number // len(rows)
        at = datetime.fromtimestamp(row.seconds + turn * span, UTC)
        moment = at.strftime("%Y-%m-%dT%H:%M:%S").encode()
        yield b"%s%s%s%08x%s\n" % (row.before, moment, row.between, number, row.after)


def _parted(line: bytes) -> Row:
    at = _TIME.search(line)
    if at is None:
        raise SystemExit("a row without a time")
    id = _ID.search(line, at.end())
    if id is None:
        raise SystemExit("a row without an id behind its time")
    seconds = int(datetime.fromisoformat(at[1].decode()).replace(tzinfo=UTC).timestamp())
    return Row(line[: at.start(1)], seconds, line[at.end(1) : id.start(1)], line[id.end(1) :])


if __name__ == "__main__":
    main()
