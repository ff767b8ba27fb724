"""Rows a second by the learned grammar, freely, and by `transformers`' generate with and without its cache.

    python benchmarks/logs_generation.py MODEL [--rows 128] [--batch 32] [--without-cache-rows 32]

One thread, one process, the same batch. `transformers` runs a GPT2LMHeadModel of the same layers, width,
heads, vocabulary and context with random weights, and writes as many tokens a row as the training rows have
on average (the model's own rows have as many, freely): its rows are noise, its speed is that of a trained
one. Where `transformers` is not installed, its lines are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import torch

from icelos.gpt import folder
from icelos.gpt.folder import Model
from icelos.gpt.generate import Generated, Sampling, generate
from icelos.gpt.grammar import learned
from icelos.gpt.grammar.vocabulary import Guide


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--rows", type=int, default=128)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--without-cache-rows", type=int, default=32)
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = folder.load(options.model, device="cpu")
    sampling = Sampling(batch=options.batch)
    grammar = learned.load(options.model)
    if grammar is not None:
        guide = Guide(grammar, model.tokenizer)
        _warm(lambda: list(generate(model, options.batch, seed=1, sampling=sampling, guide=guide)))
        rows = _timed("constrained", model, lambda: _rows(model, options.rows, sampling, guide))
    rows = _timed("free", model, lambda: _rows(model, options.rows, sampling, None))
    tokens = sum(len(model.tokenizer.encode(row.data)) for row in rows) // len(rows)
    if importlib.util.find_spec("transformers") is None:
        print("transformers is not installed: not measured")
        return
    for cached, count in ((True, options.rows), (False, options.without_cache_rows)):
        _transformers(model, count, options.batch, tokens, cached=cached)


def _warm(run: Callable[[], object]) -> None:
    """What is found out once for a grammar is not counted against its rows."""
    began = time.perf_counter()
    run()
    print(f"first batch, masks found on the way: {time.perf_counter() - began:.1f} s")


def _rows(model: Model, rows: int, sampling: Sampling, guide: Guide | None) -> list[Generated]:
    return list(generate(model, rows, seed=2, sampling=sampling, guide=guide))


def _timed(name: str, model: Model, run: Callable[[], list[Generated]]) -> list[Generated]:
    began, spent = time.perf_counter(), time.process_time()
    rows = run()
    seconds, spent = time.perf_counter() - began, time.process_time() - spent
    good = sum(_parses(row.data) for row in rows)
    tokens = sum(len(model.tokenizer.encode(row.data)) for row in rows)
    _line(name, len(rows), tokens, seconds, spent, good)
    return rows


def _line(name: str, rows: int, tokens: int, seconds: float, spent: float, good: int | None) -> None:
    print(json.dumps({
        "what": name, "rows": rows, "json": good, "rows_per_second": round(rows / seconds, 2),
        "rows_per_cpu_second": round(rows / spent, 2), "tokens_per_second": round(tokens / seconds),
    }), flush=True)  # fmt: skip


def _parses(row: bytes) -> bool:
    try:
        msgspec.json.decode(row, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return True


def _transformers(model: Model, rows: int, batch: int, tokens: int, *, cached: bool) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = model.network.config
    torch.manual_seed(0)
    network = GPT2LMHeadModel(
        GPT2Config(
            n_layer=config.layers, n_embd=config.width, n_head=config.heads, vocab_size=config.vocabulary,
            n_positions=config.context, bos_token_id=0, eos_token_id=0,
        )
    )  # fmt: skip
    network.train(False)
    length = min(tokens, config.context - 1)
    began, spent = time.perf_counter(), time.process_time()
    with torch.inference_mode():
        for start in range(0, rows, batch):
            ids = torch.zeros(min(batch, rows - start), 1, dtype=torch.long)
            network.generate(
                ids, attention_mask=torch.ones_like(ids), do_sample=True, use_cache=cached,
                min_new_tokens=length, max_new_tokens=length, pad_token_id=0,
            )  # fmt: skip
    seconds, spent = time.perf_counter() - began, time.process_time() - spent
    name = f"transformers, {'with' if cached else 'without'} its cache"
    _line(name, rows, rows * length, seconds, spent, None)


if __name__ == "__main__":
    main()
