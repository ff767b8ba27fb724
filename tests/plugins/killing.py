"""Runs of the command line that are killed at random moments until one of them ends by itself."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path


def run_killed(
    arguments: Sequence[str], environment: dict[str, str], *, kills: int, within: float, seed: int,
    log: Path, number: int = signal.SIGKILL,
) -> int:  # fmt: skip
    """Run `icelos ARGUMENTS` again and again; how often it was killed before it ended well.

    The first `kills` runs are killed at a moment within so many seconds, if they have not ended before.
    """
    moments = random.Random(seed)
    killed = 0
    with log.open("ab") as out:
        for _ in range(kills):
            process = subprocess.Popen(
                [sys.executable, "-m", "icelos", *arguments], env=environment, stdout=out, stderr=out
            )
            try:
                process.wait(moments.uniform(0, within))
            except subprocess.TimeoutExpired:
                process.send_signal(number)
                process.wait()
                killed += 1
            else:
                assert process.returncode == 0, log.read_text("utf-8")
                return killed
        done = subprocess.run(
            [sys.executable, "-m", "icelos", *arguments], env=environment, stdout=out, stderr=out, check=False
        )
    assert done.returncode == 0, log.read_text("utf-8")
    return killed


def environment(home: Path, **more: str) -> dict[str, str]:
    """Of a process with a workspace of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ}
    return kept | {"ICELOS_HOME": str(home)} | more


def wait_for(what: Path, seconds: float = 30) -> None:
    """Until a file is there."""
    deadline = time.monotonic() + seconds
    while not what.exists():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.01)
