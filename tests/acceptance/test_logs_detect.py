"""Detectors as people run them: processes that are killed at any moment lose no row and count none twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from icelos.cli.main import run

SOON = "import icelos.jobs.logs.detect.scoring as scoring; scoring._SECONDS = 0.0; scoring.BATCH = 300"
PROCESSES = "; scoring.saves_time = lambda _: {}"
ICELOS = "; from icelos.cli.main import main; main()"
SCORE = ["logs", "detect", "score", "after.jsonl", "--model", "model", "--forget", "--output"]


def score(home: Path, output: str, *, apart: bool) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SOON + PROCESSES.format(apart) + ICELOS, *SCORE, output]
    return subprocess.Popen(command, cwd=home, stderr=subprocess.PIPE, stdout=subprocess.PIPE)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("apart", [False, True])
def test_killed_ten_times_it_ends_as_if_it_had_not_been(tmp_path: Path, apart: bool) -> None:
    simulate = ["logs", "simulate", "--rows", "24000", "--users", "40", "--seed", "6", "--workers", "1"]
    assert run([*simulate, "--output", str(tmp_path / "all.jsonl")]) == 0
    rows = (tmp_path / "all.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "before.jsonl").write_bytes(b"".join(rows[:6000]))
    (tmp_path / "after.jsonl").write_bytes(b"".join(rows[6000:]))
    train = ["logs", "detect", "train", str(tmp_path / "before.jsonl"), "--episodes", "2", "--budget", "3"]
    assert run([*train, "--model", str(tmp_path / "model")]) == 0
    whole = score(tmp_path, "whole.jsonl", apart=False)
    _, errors = whole.communicate(timeout=300)
    assert whole.returncode == 0, errors.decode()
    rng, state, killed = random.Random(1), tmp_path / ".parts.jsonl.scoring/state.npz", 0
    while killed < 10:
        process, begun = score(tmp_path, "parts.jsonl", apart=apart), time.monotonic()
        before = state.stat().st_mtime_ns if state.exists() else 0
        while process.poll() is None and (not state.exists() or state.stat().st_mtime_ns == before):
            assert time.monotonic() - begun < 120
            time.sleep(0.01)
        time.sleep(rng.random() * 0.15)
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += 1
    assert killed >= 5
    last = score(tmp_path, "parts.jsonl", apart=apart)
    _, errors = last.communicate(timeout=300)
    assert last.returncode == 0, errors.decode()
    assert (tmp_path / "parts.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    metas = [(tmp_path / f"{name}.jsonl.meta.json").read_bytes() for name in ("parts", "whole")]
    assert metas[0] == metas[1]
