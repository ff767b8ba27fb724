"""New rows from a model: batched sampling with a preallocated KV cache, seeded by batch.

Batch number n of a run draws from (seed, n) alone, so that a run can go on at any batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from icelos.gpt.folder import Model
from icelos.gpt.model import Cache
from icelos.gpt.sizes import ModelConfig
from icelos.gpt.tokenizers import END

CACHE_BYTES = 1 << 30


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn. `temperature` 0 takes the likeliest; `top_k` 0 lets all through."""

    temperature: float = 1.0
    top_k: int = 0
    batch: int = 32

    def __post_init__(self) -> None:
        if self.temperature < 0 or self.top_k < 0 or self.batch < 1:
            raise ValueError("temperature and top_k must be 0 or more, batch 1 or more")


@dataclass(frozen=True)
class Generated:
    """One row. `complete` is false where the context ended before the row did."""

    data: bytes
    complete: bool


def generate(
    model: Model, rows: int, *, seed: int, sampling: Sampling = Sampling(), prompt: bytes = b""
) -> Iterator[Generated]:
    """`rows` rows, each beginning with `prompt`. The same arguments on the same machine give the same rows.

    Raises ValueError for a prompt that fills the context.
    """
    batch = min(sampling.batch, _rows_that_fit(model.network.config))
    for number, first in enumerate(range(0, rows, batch)):
        count = min(batch, rows - first)
        yield from _batch(model, count, _generator(model.device, seed, number), sampling, prompt)


def _rows_that_fit(config: ModelConfig) -> int:
    """How many rows of the cache fit in `CACHE_BYTES`, in four bytes a value."""
    return max(1, CACHE_BYTES // (8 * config.layers * config.width * config.context))


def _generator(device: torch.device, seed: int, number: int) -> torch.Generator:
    state = np.random.SeedSequence((seed, number)).generate_state(1, np.uint64)[0]
    return torch.Generator(device).manual_seed(int(state >> np.uint64(1)))


@torch.inference_mode()
def _batch(
    model: Model, count: int, generator: torch.Generator, sampling: Sampling, prompt: bytes
) -> list[Generated]:
    config = model.network.config
    start = [END, *model.tokenizer.encode(prompt).tolist()]
    if len(start) >= config.context:
        raise ValueError(f"the prompt fills the context of {config.context} tokens")
    ids = torch.full((count, config.context + 1), END, dtype=torch.long, device=model.device)
    ids[:, : len(start)] = torch.tensor(start, device=model.device)
    lengths = _fill(model, ids, len(start), generator, sampling)
    rows = ids.cpu().numpy()
    return [
        Generated(model.tokenizer.decode(row[1:length]), complete=bool(row[length - 1] == END))
        for row, length in zip(rows, lengths, strict=True)
    ]


def _fill(model: Model, ids: Tensor, at: int, generator: torch.Generator, sampling: Sampling) -> list[int]:
    """Extend `ids` in place until each row has ended; the length of each row, end mark included.

    Rows that have ended leave the cache, so that the last long row does not pay for all.
    """
    network = model.network
    cache = Cache(network.config, len(ids), network.config.context, network.embedding.weight)
    lengths = [ids.shape[1]] * len(ids)
    alive = torch.arange(len(ids), device=ids.device)
    logits = network(ids[:, :at], cache)[:, -1]
    for place in range(at, ids.shape[1]):
        drawn = draw(logits, generator, sampling)
        ids[alive, place] = drawn
        ended = drawn == END
        if ended.any():
            for row in alive[ended].tolist():
                lengths[row] = place + 1
            alive = alive[~ended]
            if not len(alive):
                break
            cache.keep(~ended)
        if place + 1 < ids.shape[1]:
            logits = network(ids[alive, place : place + 1], cache)[:, -1]
    return lengths


def draw(logits: Tensor, generator: torch.Generator, sampling: Sampling) -> Tensor:
    """One token a row from logits (rows, vocabulary); shape (rows,)."""
    if sampling.temperature == 0:
        return logits.argmax(dim=-1)
    scaled = logits.float() / sampling.temperature
    if 0 < sampling.top_k < scaled.shape[-1]:
        least = scaled.topk(sampling.top_k, dim=-1).values[:, -1:]
        scaled = scaled.masked_fill(scaled < least, float("-inf"))
    return torch.multinomial(scaled.softmax(dim=-1), 1, generator=generator)[:, 0]
