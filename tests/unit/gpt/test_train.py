from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from torch import Tensor

from icelos.errors import InputError, RunError
from icelos.gpt import checkpoint, folder
from icelos.gpt.distributed import Ranks
from icelos.gpt.folder import Model
from icelos.gpt.sizes import Recipe
from icelos.gpt.train import Means, Plan, Progress, rate_at, train, unfinished, work_folder

Prepare = Callable[[Path, Plan], Path]
PLAN = Plan(size="pico", steps=12, seed=5, tokenizer="byte")

KILLED = """
import os, signal, sys
from pathlib import Path
from icelos.gpt.train import Means, train, unfinished
model = Path(sys.argv[1])
def die(progress):
    if progress.step == 8:
        os.kill(os.getpid(), signal.SIGKILL)
train(model, unfinished(model), means=Means(checkpoint_minutes=0.0), report=die)
"""


def weights(model: Path) -> bytes:
    return b"".join(w.numpy().tobytes() for _, w in sorted(load_file(model / folder.WEIGHTS).items()))


@pytest.fixture(scope="module")
def uninterrupted(prepare: Prepare, tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = prepare(tmp_path_factory.mktemp("whole"), PLAN)
    train(model, PLAN)
    return model


def test_after_kill_9_the_final_weights_are_those_of_an_uninterrupted_run(
    prepare: Prepare, uninterrupted: Path, tmp_path: Path
) -> None:
    model = prepare(tmp_path / "killed", PLAN)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(model)], capture_output=True, timeout=100)
    assert killed.returncode == -9, killed.stderr.decode()
    assert not folder.holds_model(model)
    steps: list[int] = []
    trained = train(model, PLAN, report=lambda p: steps.append(p.step))
    assert steps == [8, 9, 10, 11, 12]
    assert trained.position.step == 12
    assert weights(model) == weights(uninterrupted)
    assert len((model / folder.METRICS).read_text().splitlines()) == 13


def test_a_stopped_run_is_saved_and_goes_on(prepare: Prepare, uninterrupted: Path, tmp_path: Path) -> None:
    plan = Plan(size="pico", steps=12, seed=5, tokenizer="byte")
    model = prepare(tmp_path / "stopped", plan)
    first = train(model, plan, stop=lambda: True)
    assert first.interrupted
    assert first.position.step == 1
    assert unfinished(model) == plan
    assert not train(model, plan).interrupted
    assert weights(model) == weights(uninterrupted)
    assert unfinished(model) is None
    assert not work_folder(model).exists()


def test_the_seed_matters(prepare: Prepare, uninterrupted: Path, tmp_path: Path) -> None:
    plan = Plan(size="pico", steps=12, seed=6, tokenizer="byte")
    train(prepare(tmp_path / "m", plan), plan)
    assert weights(tmp_path / "m") != weights(uninterrupted)


def test_training_learns(tiny: Model) -> None:
    lines = (tiny.folder / folder.METRICS).read_text().splitlines()[1:]
    losses = [float(line.split(",")[3]) for line in lines]
    assert losses[0] > 5.0
    assert losses[-1] < 0.5 * losses[0]


def test_minutes_end_a_run_with_a_small_rate(prepare: Prepare, tmp_path: Path) -> None:
    plan = Plan(size="pico", minutes=0.01, tokenizer="byte")
    seen: list[Progress] = []
    trained = train(prepare(tmp_path / "m", plan), plan, report=seen.append)
    assert 0.6 <= trained.position.seconds < 5
    assert seen[-1].done == 1.0
    assert seen[-1].tokens_per_second > 0
    assert seen[-1].remaining == 0


def test_passes_end_a_run_with_a_small_rate(prepare: Prepare, tmp_path: Path) -> None:
    plan = Plan(size="pico", minutes=5.0, passes=1.5, seed=5, tokenizer="byte")
    rates: list[float] = []
    trained = train(
        prepare(tmp_path / "passes", plan), plan, report=lambda step: rates.append(step.learning_rate)
    )
    shown = trained.position.tokens / trained.packed.tokens
    assert 1.3 < shown < 1.7
    assert rates[-1] < 0.2 * max(rates)


def test_parts_of_a_step_add_up_to_the_whole_step(prepare: Prepare, tmp_path: Path) -> None:
    losses: list[list[float]] = []
    for parts in (1, 4):
        plan = Plan(size="pico", steps=6, tokenizer="byte", accumulation=parts, batch_tokens=170)
        seen: list[Progress] = []
        train(prepare(tmp_path / str(parts), plan), plan, report=seen.append)
        losses.append([progress.loss for progress in seen])
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_the_share_of_the_peak_is_told_where_that_is_known(prepare: Prepare, tmp_path: Path) -> None:
    plan = Plan(size="pico", steps=2, tokenizer="byte")
    assert train(prepare(tmp_path / "a", plan), plan).utilisation is None
    seen: list[Progress] = []
    trained = train(prepare(tmp_path / "b", plan), plan, means=Means(peak_flops=1e12), report=seen.append)
    assert trained.utilisation == seen[-1].utilisation
    assert trained.utilisation is not None
    assert 0 < trained.utilisation < 1


def test_compiling_without_a_gpu_is_refused(prepare: Prepare, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs a GPU"):
        train(prepare(tmp_path / "m", PLAN), PLAN, means=Means(compiled=True), ranks=Ranks())


def test_a_full_disk_leaves_the_last_checkpoint(
    prepare: Prepare, uninterrupted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = prepare(tmp_path / "m", PLAN)
    whole: Any = vars(checkpoint)["save_file"]
    calls = 0

    def fill(tensors: dict[str, Tensor], path: Path, **more: Any) -> None:
        nonlocal calls
        calls += 1
        if calls > 3:
            path.write_bytes(b"half")
            raise OSError(28, "No space left on device")
        whole(tensors, path, **more)

    monkeypatch.setattr(checkpoint, "save_file", fill)
    with pytest.raises(RunError, match=r"cannot write the checkpoint: No space left.*--resume"):
        train(model, PLAN, means=Means(checkpoint_minutes=0.0))
    assert [path.name for path in work_folder(model).glob("*checkpoint*")] == ["checkpoint.safetensors"]
    monkeypatch.setattr(checkpoint, "save_file", whole)
    steps: list[int] = []
    train(model, PLAN, report=lambda progress: steps.append(progress.step))
    assert steps[0] == 4
    assert weights(model) == weights(uninterrupted)


def test_the_rate_rises_and_truly_falls() -> None:
    recipe = Recipe(learning_rate=1.0, batch_tokens=1)
    rates = [rate_at(i / 1000, recipe) for i in range(1001)]
    peak = rates.index(max(rates))
    assert rates[0] < 0.05
    assert max(rates) == pytest.approx(1.0, abs=0.01)
    assert 35 <= peak <= 45
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] == pytest.approx(recipe.final_rate)


def test_a_run_without_an_end_or_rows_is_refused(prepare: Prepare, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="when training ends"):
        train(prepare(tmp_path / "m", PLAN), Plan())
    with pytest.raises(InputError, match=r"tokenizer\.json"):
        train(tmp_path / "none", PLAN)
