"""Training as people run it: processes that are killed, several at once by torchrun, a disk that is full."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from icelos.cli.main import run

ICELOS = "from icelos.cli.main import main; main()"
TRAIN = ["logs", "train", "s.jsonl", "--size", "pico", "--seed", "4", "--checkpoint-minutes", "0"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("home")
    simulate = ["logs", "simulate", "--rows", "200", "--users", "8", "--seed", "2", "--workers", "1"]
    assert run([*simulate, "--output", str(path / "s.jsonl")]) == 0
    return path


def start(home: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", ICELOS, *TRAIN, *more]
    return subprocess.Popen(command, cwd=home, stderr=subprocess.PIPE, stdout=subprocess.PIPE)


def ended(home: Path, *more: str) -> None:
    process = start(home, *more)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors.decode()


def saved_step(model: Path) -> int:
    try:
        head = (model / ".training/checkpoint.safetensors").read_bytes()[:100_000]
    except FileNotFoundError:
        return 0
    found = re.search(rb'\\"step\\":(\d+)', head)
    assert found is not None, head[:300]
    return int(found[1])


def weights(model: Path) -> bytes:
    return b"".join(
        name.encode() + weight.numpy().tobytes()
        for name, weight in sorted(load_file(model / "model.safetensors").items())
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_ten_times_and_resumed_a_run_ends_with_the_same_weights(home: Path) -> None:
    ended(home, "--model", "whole", "--steps", "60")
    model, reached = home / "killed", [0]
    for kill in range(10):
        process = start(home, "--model", "killed", "--steps", "60", *(["--resume"] if kill else []))
        began = time.monotonic()
        while saved_step(model) < reached[-1] + 1 + kill % 4:
            assert process.poll() is None, process.communicate()[1].decode()
            assert time.monotonic() - began < 120
            time.sleep(0.002 * kill)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        reached.append(saved_step(model))
    assert reached == sorted(set(reached))
    assert reached[-1] < 60
    ended(home, "--model", "killed", "--steps", "60", "--resume")
    assert weights(model) == weights(home / "whole")
    steps = [line.split(",")[0] for line in (model / "metrics.csv").read_text().splitlines()[1:]]
    assert steps == [str(step) for step in range(1, 61)]
    assert not (model / ".training").exists()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("how", ["--constrained", "--free"])
def test_generation_killed_ten_times_writes_the_file_of_an_uninterrupted_run(home: Path, how: str) -> None:
    if not (home / "writer").exists():
        ended(home, "--model", "writer", "--steps", "20")
    wanted = ["--model", "writer", "--rows", "192", "--batch", "2", "--seed", "3", how]
    done, errors = writing(home, "whole.jsonl", wanted).communicate(timeout=600)
    assert not done, errors.decode()
    target, state = home / f"killed{how}.jsonl", home / f".killed{how}.jsonl.generating"
    reached = [0]
    for kill in range(10):
        process = writing(home, target.name, wanted)
        began = time.monotonic()
        while certain_rows(state) <= reached[-1]:
            assert process.poll() is None, process.communicate()[1].decode()
            assert time.monotonic() - began < 120
            time.sleep(0.003 * kill)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert not target.exists()
        reached.append(certain_rows(state))
    assert reached[-1] < 192
    process = writing(home, target.name, wanted)
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors.decode()
    assert target.read_bytes() == (home / "whole.jsonl").read_bytes()
    metas = [json.loads((home / f"{name}.meta.json").read_text()) for name in ("whole.jsonl", target.name)]
    assert metas[0] == metas[1]
    assert not state.exists()


def writing(home: Path, name: str, wanted: list[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", ICELOS, "logs", "generate", "--output", name, *wanted]
    return subprocess.Popen(command, cwd=home, stderr=subprocess.PIPE, stdout=subprocess.PIPE)


def certain_rows(state: Path) -> int:
    try:
        return int(json.loads((state / "position.json").read_bytes())["rows"])
    except FileNotFoundError:
        return 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_processes_train_what_one_does(home: Path) -> None:
    # as many parts of a step on both sides: what is dropped of few rows is drawn for each part
    options = ["--steps", "8", "--batch-tokens", "600"]
    ended(home, "--model", "one", "--accumulation", "2", *options)
    two(home, *options)
    one, both = load_file(home / "one/model.safetensors"), load_file(home / "two/model.safetensors")
    for name, weight in one.items():
        assert (weight - both[name]).abs().max() < 2e-3 * weight.abs().max(), name
    assert len((home / "two/metrics.csv").read_text().splitlines()) == 9
    losses = [
        [float(line.split(",")[3]) for line in (home / name / "metrics.csv").read_text().splitlines()[1:]]
        for name in ("one", "two")
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def two(home: Path, *more: str) -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*torchrun, "--no-python", sys.executable, "-c", ICELOS, *TRAIN, "--model", "two", *more]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr.decode().count("held-out rows:") == 1


def test_a_truncated_gzip_and_nul_bytes_are_counted_and_the_rest_is_trained_on(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(home)
    rows = (home / "s.jsonl").read_bytes().splitlines()
    whole = gzip.compress(b"\n".join([*rows[:20], b'{"id":"\0\0"}', *rows[20:]]) + b"\n")
    Path("cut.jsonl.gz").write_bytes(whole[: len(whole) * 3 // 4])
    assert run(["logs", "train", "cut.jsonl.gz", "--model", "cut", "--size", "pico", "--steps", "2"]) == 0
    told = capsys.readouterr().err
    assert "left out: 2 unreadable rows" in told
    assert "cut.jsonl.gz:21: holds NUL bytes" in told


def test_a_full_disk_is_one_line_and_leaves_the_last_checkpoint(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from icelos.gpt import checkpoint

    monkeypatch.chdir(home)
    command = [*TRAIN, "--model", "full", "--steps", "6"]
    whole: Any = vars(checkpoint)["save_file"]
    calls: list[Path] = []

    def fill(tensors: Any, path: Path, **more: Any) -> None:
        calls.append(path)
        if len(calls) > 3:
            path.write_bytes(b"half")
            raise OSError(28, "No space left on device")
        whole(tensors, path, **more)

    monkeypatch.setattr(checkpoint, "save_file", fill)
    assert run(command) == 3
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert told.startswith("icelos: ")
    assert "No space left on device" in told
    assert "--resume" in told
    assert [path.name for path in Path("full/.training").glob("*checkpoint*")] == ["checkpoint.safetensors"]
    assert saved_step(Path("full")) == 3
    monkeypatch.setattr(checkpoint, "save_file", whole)
    assert run([*command, "--resume", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] == 6
    assert Path("full/loss.svg").read_text().startswith("<svg")
