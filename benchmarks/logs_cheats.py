"""Do cheats fail the gate, and real rows pass it? `python -m benchmarks.logs_cheats FILE... [--rows N]`.

Of each file of rows one random half is the real log. The other half, as if it was synthetic, must pass; one
medoid row repeated, the real rows themselves and fields drawn independently must fail. `--simulated N` adds
N rows of `icelos logs simulate`.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from icelos.findings import Failure
from icelos.jobs.logs.evaluation.cheats import CHEATS
from icelos.jobs.logs.evaluation.evaluate import Evaluation, Options, evaluate
from icelos.jobs.logs.profile.rows import Row, RowSource


def halves(path: str, most: int, seed: int = 0) -> tuple[list[Row], list[Row]]:
    """Two random halves of the first rows."""
    rows: list[Row] = []
    for item in RowSource(path):
        if not isinstance(item, Failure):
            rows.append(item)
        if len(rows) >= most:
            break
    random.Random(seed).shuffle(rows)
    return rows[: len(rows) // 2], rows[len(rows) // 2 :]


def show(name: str, what: str, found: Evaluation, seconds: float) -> None:
    """One line of the table, and why it failed."""
    failed = [one for one in found.checks if one.passed is False]
    skipped = sum(one.passed is None for one in found.checks)
    why = "; ".join(f"{one.measure} {one.value:.3f} ({one.demand})" for one in failed)
    verdict = "pass" if found.passed else "FAIL"
    print(
        f"| {name} | {what} | {verdict} | {len(failed)} | {skipped} | {why} | {seconds:.0f} s |", flush=True
    )


def measure(name: str, path: str, most: int, wanted: Sequence[str], seed: int) -> None:
    """All lines of one file."""
    real, other = halves(path, most, seed)
    candidates = {"held-out half": other}
    candidates |= {cheat: make(real, len(real), 1) for cheat, make in CHEATS.items() if cheat in wanted}
    for what, rows in candidates.items():
        begun = time.perf_counter()
        found = evaluate(real, rows, options=Options())
        show(name, what, found, time.perf_counter() - begun)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--simulated", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cheats", nargs="*", default=list(CHEATS))
    given = parser.parse_args()
    print("| rows | generator | gate | failed | not measured | why | time |\n|---|---|---|---|---|---|---|")
    for path in given.files:
        measure(Path(path).name, path, given.rows, given.cheats, given.seed)
    if given.simulated:
        from icelos.jobs.logs.simulation.simulate import simulate

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "signins.jsonl"
            simulate(path, rows=given.simulated, users=150, seed=7)
            measure("simulated sign-ins", str(path), given.rows, given.cheats, given.seed)


if __name__ == "__main__":
    main()
