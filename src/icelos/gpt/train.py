"""Training: AdamW, warm-up, then a cosine that truly ends, checkpoints, exact resume.

    FOLDER/.training/plan.json          what was asked for; a resumed run must ask for the same
    FOLDER/.training/rows/              the rows as tokens (see `data`)
    FOLDER/.training/checkpoint.safetensors  where the run stands
    FOLDER/metrics.csv and the model    (see `folder`); `.training` is removed when the model is whole

Nothing here prints: a `report` callback gets each step, a `stop` callback is asked after each.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import torch
from msgspec import Meta

from icelos.errors import InputError
from icelos.gpt import checkpoint, folder, tokenizers
from icelos.gpt.checkpoint import Position
from icelos.gpt.data import Packed, Rows, Windows, open_packed
from icelos.gpt.files import read_json, write_json
from icelos.gpt.metrics import Metrics
from icelos.gpt.model import GPT
from icelos.gpt.sizes import ModelConfig, Recipe, model_config, recipe
from icelos.gpt.surprise import HeldOut, measure

PLAN = "plan.json"


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run is to do. The end is `steps`, or `minutes` of training, whichever comes first; 0 = none.

    With `steps` alone a run is a function of its rows and its seed; `minutes` depend on the machine.
    `origin` says what the rows came from. At most `held_out` of the rows, the last ones, are not
    trained on; `calibration` of them are scored at the end.
    """

    size: str = "nano"
    steps: Annotated[int, Meta(ge=0)] = 0
    minutes: Annotated[float, Meta(ge=0)] = 0.0
    seed: int = 0
    tokenizer: str = "json-bpe"
    origin: str = ""
    held_out: float = 0.05
    calibration: int = 500
    checkpoint_seconds: float = 60.0


@dataclass(frozen=True)
class Progress:
    """One step. `loss` is nats per token of that step; `done` the share of the run, 0..1; seconds."""

    step: int
    tokens: int
    seconds: float
    done: float
    loss: float
    learning_rate: float

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds if self.seconds else 0.0

    @property
    def remaining(self) -> float:
        """Seconds to the end at the pace so far."""
        return self.seconds * (1 - self.done) / self.done if self.done else math.inf


@dataclass(frozen=True)
class Trained:
    """How a run ended. `held_out` is None where it was interrupted or had no rows to hold out."""

    config: ModelConfig
    recipe: Recipe
    packed: Packed
    position: Position
    held_out: HeldOut | None
    interrupted: bool


Report = Callable[[Progress], None]
Started = Callable[[ModelConfig, Recipe, Packed], None]


def work_folder(model: Path) -> Path:
    """Where an unfinished run keeps its state."""
    return model / ".training"


def unfinished(model: Path) -> Plan | None:
    """The plan of a run that has not ended, or None."""
    path = work_folder(model) / PLAN
    return read_json(path, Plan) if path.is_file() else None


def train(
    model: Path,
    plan: Plan,
    *,
    report: Report = lambda _: None,
    started: Started = lambda *_: None,
    stop: Callable[[], bool] = lambda: False,
) -> Trained:
    """Train on the rows in `work_folder(model)/rows` from its last checkpoint, or from the start.

    Raises InputError where there are too few rows. After `stop` the run is saved and can go on.
    """
    run = _Run(model, plan)
    started(run.config, run.recipe, run.packed)
    interrupted = run.loop(report, stop)
    if interrupted:
        return Trained(run.config, run.recipe, run.packed, run.position, None, interrupted=True)
    held_out = run.finish()
    return Trained(run.config, run.recipe, run.packed, run.position, held_out, interrupted=False)


class _Run:
    """The state of one run: network, optimizer, windows, position."""

    def __init__(self, model: Path, plan: Plan) -> None:
        if not plan.steps and not plan.minutes:
            raise InputError("say when training ends", hint="steps or minutes")
        self.model, self.plan, self.work = model, plan, work_folder(model)
        self.tokenizer = tokenizers.load(self.work / folder.TOKENIZER)
        self.packed, rows = open_packed(self.work / "rows")
        self.rows, self.held_out = _split(rows, plan.held_out)
        self.config = model_config(plan.size, vocabulary=self.tokenizer.size, longest=self.packed.longest)
        self.recipe = recipe(self.config)
        self.windows = Windows(
            self.rows, context=self.config.context, batch_tokens=self.recipe.batch_tokens, seed=plan.seed
        )
        self.device = folder.default_device()
        self.network = _network(self.config, plan.seed, self.device)
        self.optimizer = _optimizer(self.network, self.recipe)
        self.position = self._resume()
        self.metrics = Metrics(model / folder.METRICS, upto=self.position.step)

    def _resume(self) -> Position:
        path = self.work / "checkpoint.safetensors"
        return checkpoint.load(path, self.network, self.optimizer) if path.is_file() else Position()

    def done(self) -> float:
        """The share of the run that is behind, by steps or by time, whichever is further."""
        steps = self.position.step / self.plan.steps if self.plan.steps else 0.0
        spent = self.position.seconds / (60 * self.plan.minutes) if self.plan.minutes else 0.0
        return min(1.0, max(steps, spent))

    def loop(self, report: Report, stop: Callable[[], bool]) -> bool:
        """Step until the end; True where `stop` ended it before."""
        saved = time.monotonic()
        while self.done() < 1.0:
            report(self._step())
            if stop():
                self._save()
                return True
            if time.monotonic() - saved >= self.plan.checkpoint_seconds:
                self._save()
                saved = time.monotonic()
        self._save()
        return False

    def _step(self) -> Progress:
        began = time.monotonic()
        rate = self.recipe.learning_rate * rate_at(self.done(), self.recipe)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        inputs, targets = (
            torch.from_numpy(a).to(self.device) for a in self.windows.batch(self.position.step)
        )
        with torch.autocast(self.device, torch.bfloat16, enabled=self.device == "cuda"):
            loss = self.network.loss(inputs, targets)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        value = float(loss.detach())
        self.position = Position(
            step=self.position.step + 1,
            tokens=self.position.tokens + int((targets >= 0).sum()),
            seconds=self.position.seconds + time.monotonic() - began,
        )
        return self._reported(value, rate)

    def _reported(self, loss: float, rate: float) -> Progress:
        at = self.position
        progress = Progress(at.step, at.tokens, at.seconds, self.done(), loss, rate)
        self.metrics.add(progress.step, progress.tokens, progress.seconds, loss, rate)
        return progress

    def _save(self) -> None:
        self.metrics.write()
        checkpoint.save(self.work / "checkpoint.safetensors", self.network, self.optimizer, self.position)

    def finish(self) -> HeldOut | None:
        """Score the held-out rows, write the model, remove the work."""
        held_out = measure(self.network, self.tokenizer, self.held_out, most=self.plan.calibration)
        if held_out is not None:
            write_json(self.model / folder.HELD_OUT, held_out)
        folder.save(self.network, self.tokenizer, self.model)
        shutil.rmtree(self.work)
        return held_out


def rate_at(done: float, recipe: Recipe) -> float:
    """The share of the peak rate: up in a line over the first `warmup` of the run, then a cosine down
    to `final_rate` at its end (Loshchilov & Hutter 2017, without restarts)."""
    if done < recipe.warmup:
        return (done + 1e-3) / (recipe.warmup + 1e-3)
    fall = (done - recipe.warmup) / (1 - recipe.warmup)
    return recipe.final_rate + (1 - recipe.final_rate) * 0.5 * (1 + math.cos(math.pi * fall))


def _split(rows: Rows, share: float) -> tuple[Rows, Rows]:
    if not len(rows):
        raise InputError("no rows to train on")
    return rows.split(int(len(rows) * share))


def _network(config: ModelConfig, seed: int, device: str) -> GPT:
    network = GPT(config)
    network.initialise(seed)
    return network.to(device).train()


def _optimizer(network: GPT, recipe: Recipe) -> torch.optim.AdamW:
    matrices = [weight for weight in network.parameters() if weight.dim() == 2]
    vectors = [weight for weight in network.parameters() if weight.dim() != 2]
    groups = [
        {"params": matrices, "weight_decay": recipe.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=recipe.betas, fused=True)
