"""What `icelos logs profile` and `evaluate` cost on rows of many shapes: seconds of CPU and peak memory.

    python -m benchmarks.logs_profile [--workers 1] [SHAPE ...]

Rows are made here, about 80 MB of each shape (`new keys`: 200,000 rows of 50 keys that never come again).
Each command runs in a process of its own, with one thread for numbers.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from uuid import UUID

import msgspec

from icelos.jobs.logs.simulation.simulate import simulate

BYTES = 80_000_000
Made = Iterator[dict[str, object]]


def _value(rng: random.Random, number: int) -> object:
    """By the field's number: few words, a number, an id, a time, a sentence, yes or no."""
    makers: tuple[Callable[[], object], ...] = (
        lambda: rng.choice(("ok", "failed", "none")),
        lambda: rng.randrange(10**6),
        lambda: str(UUID(int=rng.getrandbits(128))),
        lambda: f"2025-01-{rng.randint(1, 28):02}T{rng.randrange(24):02}:{rng.randrange(60):02}:00Z",
        lambda: f"some text {rng.randrange(50)} of a value",
        lambda: rng.random() < 0.5,
    )
    return makers[number % len(makers)]()


def same_fields(rng: random.Random) -> Made:
    """The first 1,000 to 1,900 of the same fields."""
    while True:
        yield {f"group{n // 20}.field_{n}": _value(rng, n) for n in range(rng.randint(1000, 1900))}


def pool(rng: random.Random) -> Made:
    """1,000 to 1,900 out of 20,000 fields."""
    while True:
        yield {f"field_{n}": _value(rng, n) for n in rng.sample(range(20_000), rng.randint(1000, 1900))}


def short_values(rng: random.Random) -> Made:
    """1,000 to 1,900 out of 4,300 fields, each with a number that hardly comes again."""
    while True:
        yield {f"f{n}": rng.randrange(10**7) for n in rng.sample(range(4300), rng.randint(1000, 1900))}


def new_keys(rng: random.Random) -> Made:
    """50 keys that never come again."""
    for _ in range(200_000):
        yield {f"{rng.getrandbits(64):016x}": rng.randrange(100) for _ in range(50)}


def long_rows(rng: random.Random) -> Made:
    """0.9 MB each, in few fields."""
    words = [f"w{rng.randrange(10**5):05}" for _ in range(5000)]
    while True:
        yield {
            "createdDateTime": f"2025-01-{rng.randint(1, 28):02}T{rng.randrange(24):02}:00:00Z",
            "userPrincipalName": f"u{rng.randrange(20)}@x.example", "appDisplayName": rng.choice("abc"),
            "items": [
                {"name": rng.choice(words), "value": " ".join(rng.choices(words, k=30))} for _ in range(3500)
            ],
            "text": " ".join(rng.choices(words, k=8000)),
        }  # fmt: skip


SHAPES = {"same fields": same_fields, "pool": pool, "short values": short_values, "new keys": new_keys}


def _write(path: Path, rows: Made, size: int) -> Path:
    with path.open("wb") as file:
        for row in rows:
            file.write(msgspec.json.encode(row) + b"\n")
            if file.tell() > size:
                break
    return path


_COMMAND = """
import pathlib, re, sys
from icelos.cli.main import run
code = run(sys.argv[1:])
print(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1], file=sys.stderr)
sys.exit(code)
"""
"""Linux' own count: that of `resource` would begin with the memory of the process that starts it."""


def _run(name: str, files: list[Path], *arguments: str) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", _COMMAND, "logs", *arguments, "--json", *map(str, files)],
        capture_output=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    size = sum(path.stat().st_size for path in files)
    memory = int(done.stderr.split()[-1]) >> 10
    print(f"| {name} | {size / 1e6:.0f} MB | {seconds:.1f} s | {memory} MiB |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("shapes", nargs="*", help=", ".join(("sign-ins", *SHAPES, "evaluate", "long rows")))
    parser.add_argument("--workers", default="1")
    given = parser.parse_args()
    print("| rows | size | CPU | peak memory |\n|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for shape in given.shapes or ("sign-ins", *SHAPES, "evaluate", "long rows"):
            if shape in ("evaluate", "long rows"):
                sides = _halves(folder) if shape == "evaluate" else _long(folder)
                told = "5,000 sign-ins" if shape == "evaluate" else "150 rows of 0.9 MB"
                _run(f"evaluate, {told} each", sides, "evaluate")
                continue
            path = folder / "rows.jsonl"
            if shape == "sign-ins":
                simulate(path, rows=100_000, users=500, seed=1, workers=1)
            else:
                _write(path, SHAPES[shape](random.Random(1)), sys.maxsize if shape == "new keys" else BYTES)
            _run(f"profile, {shape}", [path], "profile", "--workers", given.workers)


def _halves(folder: Path) -> list[Path]:
    simulate(folder / "all.jsonl", rows=10_000, users=150, seed=1, workers=1)
    lines = (folder / "all.jsonl").read_bytes().splitlines(keepends=True)
    paths = [folder / "first.jsonl", folder / "second.jsonl"]
    for path, some in zip(paths, (lines[:5000], lines[5000:]), strict=True):
        path.write_bytes(b"".join(some))
    return paths


def _long(folder: Path) -> list[Path]:
    return [
        _write(folder / f"{n}.jsonl", islice(long_rows(random.Random(n)), 150), sys.maxsize) for n in (1, 2)
    ]


if __name__ == "__main__":
    main()
