"""Ctrl-C in `icelos logs`: one line that says what is kept and what to do, and 130."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from icelos.cli.main import run


@pytest.mark.parametrize(
    ("arguments", "work", "told"),
    [
        (["profile", "a"], "profile.parts.profile_log", "nothing is kept, run it again"),
        (["evaluate", "a", "b"], "evaluation.evaluate.evaluate", "nothing is kept, run it again"),
        (["simulate", "--output", "c"], "simulation.simulate.simulate", "no file was written, run it again"),
        (["generate", "--model", "m", "--output", "c"], "generation.generate_rows", "c is not written yet"),
    ],
)
def test_what_is_kept_is_told(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    work: str,
    told: str,
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"icelos.jobs.logs.{work}", stopped)
    assert run(["logs", *arguments]) == 130
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"icelos: stopped; {told}")
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_signal_itself(home: Path, tmp_path: Path, workers: str) -> None:
    """As a terminal sends it: to all processes."""
    folder = tmp_path / "out"
    folder.mkdir()
    command = "from icelos.cli.main import main; main()"
    more = ["--rows", "5000000", "--output", str(folder / "a.jsonl"), "--workers", workers]
    with subprocess.Popen(
        [sys.executable, "-c", command, "logs", "simulate", *more],
        stderr=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        for _ in range(1200):
            if list(folder.iterdir()):
                break
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        said = process.stderr.read().decode()
    assert process.returncode == 130
    assert said.count("\n") == 1
    assert said.startswith("icelos: stopped; no file was written")
    assert not list(folder.iterdir())
