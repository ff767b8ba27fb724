"""Training: Muon and AdamW, warm-up, then a cosine that truly ends, checkpoints, exact resume.

    FOLDER/.training/plan.json          what was asked for; a resumed run must ask for the same
    FOLDER/.training/rows/              the rows as tokens (see `data`)
    FOLDER/.training/checkpoint.safetensors  where the run stands
    FOLDER/metrics.csv and the model    (see `folder`); `.training` is removed when the model is whole

Nothing here prints: a `report` callback gets each step, a `stop` callback is asked after each. Nothing is
drawn at random after the first weights but the order of windows, a function of (seed, step): position,
weights and momenta are all that a checkpoint needs.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import safetensors
import torch
from msgspec import Meta
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from icelos.errors import InputError, RunError
from icelos.gpt import checkpoint, folder, throughput, tokenizers
from icelos.gpt.checkpoint import Position
from icelos.gpt.data import IGNORED, Packed, Rows, Windows, open_packed
from icelos.gpt.distributed import Ranks
from icelos.gpt.files import read_json, write_json
from icelos.gpt.functions import Shares
from icelos.gpt.metrics import Metrics
from icelos.gpt.model import GPT, Block
from icelos.gpt.optimizers import Optimizer
from icelos.gpt.redraw import Choices, redraw_of
from icelos.gpt.sizes import ModelConfig, Recipe, model_config, recipe
from icelos.gpt.surprise import HeldOut, measure

PLAN = "plan.json"
PASSES = 35.0
"""Times that rows are to be shown: after 50, `nano` knows 220 sign-ins by heart (docs/experiments.md)."""


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run is to do. The end is `steps`, `minutes` of training, or `passes` over the rows, whichever
    comes first; 0 = none.

    With `steps` alone a run is a function of its rows and its seed; `minutes` depend on the machine.
    `origin` says what the rows came from. At most `held_out` of the rows, the last ones, are not
    trained on; `calibration` of them are scored at the end. `batch_tokens` 0: what the size has; a step's
    windows are worked through in `accumulation` parts, which bounds memory and changes only rounding.
    `windows`: "row" shows each row alone, as rows are generated and scored; "user" shows the rows of a
    user behind each other in windows twice as long, so that most are learned with those before them.
    """

    size: str = "nano"
    steps: Annotated[int, Meta(ge=0)] = 0
    minutes: Annotated[float, Meta(ge=0)] = 0.0
    seed: int = 0
    tokenizer: str = "json-bpe"
    origin: str = ""
    held_out: float = 0.05
    calibration: int = 500
    windows: Literal["row", "user"] = "row"
    batch_tokens: Annotated[int, Meta(ge=0, le=1 << 26)] = 0
    accumulation: Annotated[int, Meta(ge=1, le=4096)] = 1
    passes: Annotated[float, Meta(ge=0)] = 0.0


@dataclass(frozen=True)
class Means:
    """What a run may use, and how often it saves; none of it is part of what is trained.

    `compiled`: by torch.compile, on a GPU. `peak_flops`: FLOP/s of one device; None: by its name.
    """

    checkpoint_minutes: float = 1.0
    compiled: bool = False
    peak_flops: float | None = None


@dataclass(frozen=True)
class Progress:
    """One step. `loss` is nats per token of that step; `done` the share of the run, 0..1; seconds.

    `utilisation` is the share of the devices' FLOP/s that the run has used so far; None where those are
    not known.
    """

    step: int
    tokens: int
    seconds: float
    done: float
    loss: float
    learning_rate: float
    utilisation: float | None = None

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds if self.seconds else 0.0

    @property
    def remaining(self) -> float:
        """Seconds to the end at the pace so far."""
        return self.seconds * (1 - self.done) / self.done if self.done else math.inf


@dataclass(frozen=True)
class Trained:
    """How a run ended. `held_out` is None where it was interrupted or had no rows to hold out;
    `utilisation` as in `Progress`."""

    config: ModelConfig
    recipe: Recipe
    packed: Packed
    position: Position
    held_out: HeldOut | None
    interrupted: bool
    utilisation: float | None = None


Ids64 = npt.NDArray[np.int64]
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
    means: Means = Means(),
    ranks: Ranks | None = None,
    report: Report = lambda _: None,
    started: Started = lambda *_: None,
    stop: Callable[[], bool] = lambda: False,
) -> Trained:
    """Train on the rows in `work_folder(model)/rows` from its last checkpoint, or from the start.

    Raises InputError where there are too few rows, RunError where a checkpoint cannot be written. After
    `stop` the run is saved and can go on. `ranks`: one of several processes; only the first one writes, and
    only its callbacks count.
    """
    run = Run(model, plan, means, ranks)
    started(run.config, run.recipe, run.packed)
    interrupted = run.loop(report, stop)
    held_out = None if interrupted else run.finish()
    return Trained(
        run.config, run.recipe, run.packed, run.position, held_out, interrupted=interrupted,
        utilisation=run.utilisation(),
    )  # fmt: skip


class Run:
    """The state of one run: network, optimizer, windows, position."""

    def __init__(self, model: Path, plan: Plan, means: Means = Means(), ranks: Ranks | None = None) -> None:
        if not (plan.steps or plan.minutes or plan.passes):
            raise InputError("say when training ends", hint="steps, minutes or passes")
        self.model, self.plan, self.means = model, plan, means
        self.ranks = ranks = ranks or Ranks(device=folder.default_device())
        self.work = work_folder(model)
        self.tokenizer = tokenizers.load(self.work / folder.TOKENIZER)
        self.packed, rows = open_packed(self.work / "rows")
        self.rows, self.held_out = _split(rows, plan.held_out)
        self._tokens = int(rows.offsets[self.rows.last] - rows.offsets[self.rows.first])
        grouped = plan.windows == "user"
        self.config = model_config(
            plan.size, vocabulary=self.tokenizer.size, longest=self.packed.longest, rows=1 + grouped
        )
        self.recipe = recipe(self.config, tokens=self.packed.tokens, batch_tokens=plan.batch_tokens)
        # In the windows of a user identifiers come again, as names.
        redraw = None if grouped else redraw_of(self.packed.slots, self.tokenizer)
        self.parts = ranks.world * plan.accumulation
        self.windows = Windows(
            self.rows, context=self.config.context, batch_tokens=self.recipe.batch_tokens, seed=plan.seed,
            grouped=grouped, multiple=self.parts, padded="cuda" in ranks.device,
            redraw=redraw, corruption=self.recipe.corruption,
        )  # fmt: skip
        self.network = _network(self.config, plan.seed, ranks.device, self.recipe.dropout)
        self.optimizer = Optimizer(self.network, self.recipe)
        self.position = self._resume()
        self.nats = _nats(_Nats(self.network, redraw.choices if redraw else None), means, ranks)
        self.peak = _peak(means, ranks)
        self.metrics = Metrics(model / folder.METRICS, upto=self.position.step)

    def _resume(self) -> Position:
        path = self.work / "checkpoint.safetensors"
        return checkpoint.load(path, self.network, self.optimizer) if path.is_file() else Position()

    def done(self) -> float:
        """The share of the run that is behind, by steps, time or passes, whichever is further."""
        steps = self.position.step / self.plan.steps if self.plan.steps else 0.0
        spent = self.position.seconds / (60 * self.plan.minutes) if self.plan.minutes else 0.0
        passes = self.position.tokens / (self.plan.passes * self._tokens) if self.plan.passes else 0.0
        return min(1.0, max(steps, spent, passes))

    def loop(self, report: Report, stop: Callable[[], bool]) -> bool:
        """Step until the end; True where `stop` ended it before."""
        saved = time.monotonic()
        while self.done() < 1.0:
            progress = self.step()
            if self.ranks.first:
                report(progress)
            due = time.monotonic() - saved >= 60 * self.means.checkpoint_minutes
            stopping, due = map(bool, self.ranks.agreed(stop(), due))
            if stopping or due:
                self._save()
                saved = time.monotonic()
            if stopping:
                return True
        self._save()
        return False

    def step(self) -> Progress:
        """One step of the optimizer."""
        began = time.monotonic()
        share = rate_at(self.done(), self.recipe)
        inputs, targets = self.windows.batch(self.position.step)
        tokens = int((targets != IGNORED).sum())
        nats = self._gradients(inputs, targets, tokens)
        nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        self.optimizer.step(share)
        loss = self.ranks.summed(float(nats)) / tokens
        (seconds,) = self.ranks.agreed(self.position.seconds + time.monotonic() - began)
        self.position = Position(
            step=self.position.step + 1, tokens=self.position.tokens + tokens, seconds=seconds
        )
        return self._reported(loss, share * self.recipe.learning_rate)

    def _gradients(self, inputs: Ids64, targets: Ids64, tokens: int) -> Tensor:
        """Add up the gradients of this process's parts of a batch; the nats of its tokens."""
        mine = range(self.ranks.rank, self.parts, self.ranks.world)
        total = torch.zeros((), device=self.ranks.device)
        for part in mine:
            ids, wanted = (
                torch.from_numpy(np.array_split(x, self.parts)[part]).to(self.ranks.device)
                for x in (inputs, targets)
            )
            if self.recipe.dropout:
                torch.manual_seed(hash((self.plan.seed, self.position.step, part)))
            with self._alone(unless=part == mine[-1]), self._autocast():
                nats = self.nats(ids, wanted)
                torch.autograd.backward(nats * (self.ranks.world / tokens))  # the gradients are averaged
            total += nats.detach()
        return total

    def _alone(self, *, unless: bool) -> AbstractContextManager[None]:
        """Without an exchange of gradients: the last part does it for all."""
        if unless or not isinstance(self.nats, DistributedDataParallel):
            return nullcontext()
        context: AbstractContextManager[None] = self.nats.no_sync()
        return context

    def _autocast(self) -> torch.autocast:
        device = self.ranks.device.partition(":")[0]
        return torch.autocast(device, torch.bfloat16, enabled=device == "cuda")

    def utilisation(self) -> float | None:
        """The share of the devices' FLOP/s that was used so far; None where those are not known."""
        at = self.position
        if not self.peak or not at.seconds:
            return None
        window = at.tokens / at.step / self.windows.batch_size
        flops = at.tokens * throughput.flops_per_token(self.config, window)
        return flops / at.seconds / (self.peak * self.ranks.world)

    def _reported(self, loss: float, rate: float) -> Progress:
        at = self.position
        self.metrics.add(at.step, at.tokens, at.seconds, loss, rate)
        return Progress(at.step, at.tokens, at.seconds, self.done(), loss, rate, self.utilisation())

    def _save(self) -> None:
        if not self.ranks.first:
            return
        with _writing(self.work, "the checkpoint"):
            self.metrics.write()
            path = self.work / "checkpoint.safetensors"
            checkpoint.save(path, self.network, self.optimizer, self.position)

    def finish(self) -> HeldOut | None:
        """Score the held-out rows, write the model, remove the work; all by the first process."""
        if not self.ranks.first:
            return None
        held_out = measure(self.network, self.tokenizer, self.held_out, most=self.plan.calibration)
        with _writing(self.model, "the model"):
            if held_out is not None:
                write_json(self.model / folder.HELD_OUT, held_out)
            folder.save(self.network, self.tokenizer, self.model)
        shutil.rmtree(self.work)
        return held_out


@contextmanager
def _writing(place: Path, what: str) -> Iterator[None]:
    """Files are replaced whole, so that the last checkpoint outlives a full disk."""
    try:
        yield
    except (OSError, safetensors.SafetensorError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        hint = "what was saved before is whole: make room, then --resume"
        raise RunError(f"cannot write {what}: {reason}", source=str(place), hint=hint) from error


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


def _network(config: ModelConfig, seed: int, device: str, dropout: float) -> GPT:
    network = GPT(config)
    network.initialise(seed)
    for module in network.modules():
        if isinstance(module, Block):
            module.dropout = dropout
    return network.to(device).train()


class _Nats(nn.Module):
    """`GPT.nats` as the forward pass, which is what DistributedDataParallel and torch.compile look at."""

    def __init__(self, network: GPT, choices: Choices | None) -> None:
        super().__init__()
        self.network = network
        self._shares: Shares | None = None
        if choices is not None:
            device = network.embedding.weight.device
            tokens, shares = (torch.from_numpy(one).to(device) for one in (choices.tokens, choices.shares))
            self._shares = tokens, shares

    def forward(self, ids: Tensor, targets: Tensor) -> Tensor:
        return self.network.nats(ids, targets, self._shares)


def _nats(made: nn.Module, means: Means, ranks: Ranks) -> nn.Module:
    if means.compiled:
        if "cuda" not in ranks.device:
            raise InputError("compiling needs a GPU", hint="leave --compile out")
        made.compile()
    return DistributedDataParallel(made) if ranks.world > 1 else made


def _peak(means: Means, ranks: Ranks) -> float | None:
    if means.peak_flops or "cuda" not in ranks.device:
        return means.peak_flops
    return throughput.peak(torch.cuda.get_device_name(ranks.device))
