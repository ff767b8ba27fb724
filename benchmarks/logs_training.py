"""Tokens a second of `icelos logs train` beside a plain loop over `transformers`' GPT2LMHeadModel.

    python benchmarks/logs_training.py [--rows 2000] [--size nano] [--rounds 6] [--steps 5] [--threads 1]

The same simulated Entra sign-ins, vocabulary, layers, width, heads, context, dtype (float32), threads and
tokens a step, in one process, in turns. The plain loop is what its documentation shows: forward with labels,
backward, clip, AdamW, a cosine; without dropout, which would cost it more. It is given windows that are full
(as many whole rows as fit, so that little of a batch is padding); only tokens that are learned from count, on
both sides. Ours is the whole step of a run: batch, forward, backward, clip, optimizers, metrics. Where
`transformers` is not installed, a line says so.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch

from icelos.gpt.data import IGNORED, Windows
from icelos.gpt.train import Run
from icelos.jobs.logs.simulation.simulate import simulate
from icelos.jobs.logs.training import new_plan, prepare

Step = Callable[[], int]
"""One step; how many tokens it learned from."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("rows", 2000), ("rounds", 6), ("steps", 5), ("threads", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--size", default="nano")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        run = _run(Path(folder), options.rows, options.size)
        if importlib.util.find_spec("transformers") is None:
            print("transformers is not installed: ours alone")
            _print("icelos", _alone(_ours(run), options.rounds, options.steps))
            return
        sides = {"icelos": _ours(run), "transformers": _theirs(run)}
        speeds = _in_turns(sides, options.rounds, options.steps)
        for name, speed in speeds.items():
            _print(name, speed)
        ratios = [ours / theirs for ours, theirs in zip(*speeds.values(), strict=True)]
        print(json.dumps({"what": "ratio, median of rounds", "value": round(median(ratios), 2),
                          "rounds": [round(ratio, 2) for ratio in ratios]}))  # fmt: skip


def _run(folder: Path, rows: int, size: str) -> Run:
    source, model = folder / "signins.jsonl", folder / "model"
    simulate(source, rows=rows, users=150, seed=7)
    plan = new_plan(str(source), {"size": size, "steps": 100_000})
    prepare(str(source), model, plan)
    return Run(model, plan)


def _ours(run: Run) -> Step:
    def step() -> int:
        before = run.position.tokens
        run.step()
        return run.position.tokens - before

    return step


def _theirs(run: Run) -> Step:
    from transformers import GPT2Config, GPT2LMHeadModel

    config, recipe = run.config, run.recipe
    torch.manual_seed(0)
    network = GPT2LMHeadModel(
        GPT2Config(
            n_layer=config.layers, n_embd=config.width, n_head=config.heads, vocab_size=config.vocabulary,
            n_positions=config.context + 1, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
            bos_token_id=0, eos_token_id=0,
        )
    )  # fmt: skip
    network.train()
    windows = Windows(
        run.rows, context=config.context, batch_tokens=recipe.batch_tokens, seed=0, grouped=True
    )
    optimizer = torch.optim.AdamW(network.parameters(), lr=6e-4, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 100_000)
    at = 0

    def step() -> int:
        nonlocal at
        inputs, targets = (torch.from_numpy(part) for part in windows.batch(at))
        at += 1
        ids = torch.cat((inputs, targets[:, -1:].clamp(min=0)), dim=1)
        labels = torch.cat((torch.full_like(targets[:, :1], IGNORED), targets), dim=1)
        loss = network(
            input_ids=ids, attention_mask=None, labels=labels.masked_fill(labels == IGNORED, -100)
        ).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        float(loss.detach())
        return int((targets != IGNORED).sum())

    return step


def _alone(step: Step, rounds: int, steps: int) -> list[float]:
    return _in_turns({"": step}, rounds, steps)[""]


def _in_turns(sides: dict[str, Step], rounds: int, steps: int) -> dict[str, list[float]]:
    """Tokens a CPU second of each side by round, after a round that does not count."""
    speeds: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, step in sides.items():
            began = time.process_time()
            tokens = sum(step() for _ in range(steps))
            if number:
                speeds[name].append(tokens / (time.process_time() - began))
    return speeds


def _print(name: str, speeds: list[float]) -> None:
    print(json.dumps({"what": name, "tokens_per_cpu_second": round(median(speeds)),
                      "rounds": [round(speed) for speed in speeds]}), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
