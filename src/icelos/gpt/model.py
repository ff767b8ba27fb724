"""The network: a decoder-only transformer with rotary positions, RMS norm, QK norm and squared ReLU.

Rotary positions: Su et al. 2021. RMS norm, without weights: Zhang & Sennrich 2019. QK norm: Henry et al.
2020. Squared ReLU: So et al. 2021 (Primer). Attention is PyTorch's scaled_dot_product_attention.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from icelos.gpt.data import IGNORED
from icelos.gpt.functions import Shares, cross_entropy, linear, mean_nats, norm, rotate, squared_relu
from icelos.gpt.sizes import ModelConfig

ROTARY_BASE = 10_000.0
STRIDE = 128
"""On the CPU the tokens of a step are filled up to a multiple of this: oneDNN compiles, and keeps, a kernel
for each shape of matrices that it meets."""


class Attend(Protocol):
    """Attention of flat tokens, those of all rows behind each other, each to its own row."""

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Each token to its row up to itself; all (tokens, heads, channels)."""


class Windows:
    """Windows of flat tokens, one behind the other, without padding."""

    def __init__(self, lengths: list[int]) -> None:
        self._lengths = lengths

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """See `Attend`."""
        del layer
        apart = (torch.split(x.transpose(0, 1)[None], self._lengths, dim=2) for x in (q, k, v))
        made = [
            functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            for q, k, v in zip(*apart, strict=True)
        ]
        return torch.cat(made, dim=2)[0].transpose(0, 1)


class Cache:
    """Keys and values of a batch, preallocated: (layers, batch, length, 2, heads, channels).

    Row i has seen `filled[i]` tokens; rows may stand at different positions, and take different counts of
    tokens in one call. Such tokens are kept flat, (tokens of all rows, …), so that none is padding, except
    inside of the attention of rows that take more than one.
    """

    def __init__(self, config: ModelConfig, batch: int, length: int, like: Tensor) -> None:
        shape = (config.layers, batch, length, 2, config.heads, config.width // config.heads)
        self._store = torch.zeros(shape, dtype=like.dtype, device=like.device)
        self.filled = torch.zeros(batch, dtype=torch.long, device=like.device)

    def open(self, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Make room for `lengths` (batch,) more tokens: row, number in this call, and position of each."""
        device = lengths.device
        numbers = torch.arange(int(lengths.max()), device=device)
        self._rows, self._numbers = (numbers < lengths[:, None]).nonzero(as_tuple=True)
        self._places = self.filled[self._rows] + self._numbers
        reached = self.filled + lengths
        keys = torch.arange(int(reached.max()), device=device)
        self._seen = (keys < reached[:, None])[:, None, None]
        self._last = lengths.cumsum(0) - 1
        self._with = None if len(self._rows) == len(lengths) == len(numbers) * len(lengths) else lengths > 0
        sizes = (lengths - 1).clamp(min=0)
        groups = (2 * sizes - 1).clamp(min=0.5).log2().floor()  # of 1, 2, 3 to 4, 5 to 8, …
        self._earlier = [
            _Earlier(self.filled, sizes, groups == group, self._rows, self._numbers)
            for group in sorted(set(groups.tolist()))
            if group >= 0
        ]
        self.filled = reached
        return self._rows, self._numbers, self._places

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attention of the open tokens to their row up to themselves; all (tokens, heads, channels)."""
        store = self._store[layer]
        store[self._rows, self._places] = torch.stack((k, v), dim=1)
        last = _attention(q[self._last, None], store[:, : self._seen.shape[-1]], self._seen)[:, 0]
        if self._with is None:
            return last
        y = torch.empty_like(q)
        y[self._last[self._with]] = last[self._with]
        for group in self._earlier:
            group.attend(store, q, y)
        return y

    def begin(self, rows: Sequence[int]) -> None:
        """These rows of the batch begin anew."""
        self.filled[list(rows)] = 0

    def keep(self, rows: Tensor) -> None:
        """Keep the rows of the batch that the index or mask names."""
        self._store, self.filled = self._store[:, rows], self.filled[rows]


class _Earlier:
    """All but the last of the tokens of some rows that take about as many in one call, padded to each other.

    `sizes` are these tokens of each row, `some` says which rows they are.
    """

    def __init__(self, filled: Tensor, sizes: Tensor, some: Tensor, rows: Tensor, numbers: Tensor) -> None:
        self._batch: Tensor | slice = some.nonzero()[:, 0]
        self._flat = (some[rows] & (numbers < sizes[rows])).nonzero()[:, 0]
        queries = torch.arange(int(sizes[some].max()), device=filled.device)
        keys = torch.arange(int((filled + sizes)[some].max()), device=filled.device)
        if 4 * len(self._batch) > 3 * len(some):  # no copy of keys and values is worth it
            some, self._batch = torch.ones_like(some), slice(None)
        self._at = (some.cumsum(0) - 1)[rows[self._flat]], numbers[self._flat]
        begun = filled[self._batch]
        self._shape = len(begun), len(queries)
        self._mask = (keys <= (begun[:, None] + queries)[:, :, None])[:, None]

    def attend(self, store: Tensor, q: Tensor, y: Tensor) -> None:
        """Put their attention in `y`, by a layer's keys and values (batch, length, 2, heads, channels)."""
        padded = q.new_zeros(*self._shape, *q.shape[1:])
        padded[self._at] = q[self._flat]
        y[self._flat] = _attention(padded, store[self._batch, : self._mask.shape[-1]], self._mask)[self._at]


def _attention(q: Tensor, store: Tensor, mask: Tensor) -> Tensor:
    """Of q (batch, tokens, heads, channels) to keys and values (batch, length, 2, heads, channels)."""
    keys, values = store.unbind(2)
    made = functional.scaled_dot_product_attention(
        q.transpose(1, 2), keys.transpose(1, 2), values.transpose(1, 2), attn_mask=mask
    )
    return made.transpose(1, 2)


class Attention(nn.Module):
    """Causal self-attention over (batch, tokens, width), or, by `flat`, of flat tokens (tokens, width)."""

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.layer = layer
        self.heads = config.heads
        self.qkv = nn.Linear(config.width, 3 * config.width, bias=False)
        self.out = nn.Linear(config.width, config.width, bias=False)

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor], flat: Attend | None) -> Tensor:
        qkv = linear(x, self.qkv.weight).view(*x.shape[:-1], 3, self.heads, -1)
        q, k = rotate(norm(qkv[..., :2, :, :]), rotation).unbind(-3)
        v = qkv[..., 2, :, :]
        if flat is not None:
            y = flat.attend(self.layer, q, k, v)
        else:
            y = functional.scaled_dot_product_attention(
                q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=x.shape[1] > 1
            ).transpose(1, 2)
        return linear(y.flatten(-2), self.out.weight)


class Block(nn.Module):
    """Attention and a feed-forward layer, each behind a norm and added to the stream; in training without a
    share `dropout` of what they add (Srivastava et al. 2014)."""

    dropout = 0.0

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.attention = Attention(config, layer)
        self.up = nn.Linear(config.width, 4 * config.width, bias=False)
        self.down = nn.Linear(4 * config.width, config.width, bias=False)

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor], flat: Attend | None) -> Tensor:
        x = x + self._dropped(self.attention(norm(x), rotation, flat))
        inner = squared_relu(linear(norm(x), self.up.weight))
        return x + self._dropped(linear(inner, self.down.weight))

    def _dropped(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.dropout) if self.training and self.dropout else x


class GPT(nn.Module):
    """Token ids (batch, tokens) to logits (batch, tokens, vocabulary)."""

    cosine: Tensor
    sine: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.blocks = nn.ModuleList(Block(config, layer) for layer in range(config.layers))
        self.head = nn.Linear(config.width, config.vocabulary, bias=False)
        self.place_rotations()

    def place_rotations(self) -> None:
        """Compute the rotary angles on the device of the weights; they are not stored with them."""
        cosine, sine = _rotations(self.config.context, self.config.width // self.config.heads)
        device = self.embedding.weight.device
        self.register_buffer("cosine", cosine.to(device), persistent=False)
        self.register_buffer("sine", sine.to(device), persistent=False)

    def initialise(self, seed: int) -> None:
        """Normal weights of width^-½; what writes into the stream starts at zero (Zhang et al. 2019)."""
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, weight in self.named_parameters():
                if name.endswith(("attention.out.weight", "down.weight", "head.weight")):
                    weight.zero_()
                elif weight.dim() == 2:
                    weight.normal_(0.0, self.config.width**-0.5, generator=generator)

    def forward(self, ids: Tensor, cache: Cache | None = None, lengths: Tensor | None = None) -> Tensor:
        """Logits of every token, or, with a cache and `lengths`, (batch, vocabulary) of each row's last one.

        `lengths` (batch,) are the tokens of each row; what stands behind them is passed over, and the logits
        of a row without any mean nothing. Raises ValueError where the tokens, with those in the cache,
        exceed the context.
        """
        if cache is not None:
            return self._go_on(ids, cache, lengths)
        self._check(ids.shape[1])
        x = self._through(self.embedding(ids), torch.arange(ids.shape[1], device=ids.device), None)
        return self._logits(x)

    def _go_on(self, ids: Tensor, cache: Cache, lengths: Tensor | None) -> Tensor:
        added = torch.full_like(cache.filled, ids.shape[1]) if lengths is None else lengths
        self._check(int((cache.filled + added).max()))
        rows, numbers, places = cache.open(added)
        x = self._through(self.embedding(ids[rows, numbers]), places, cache)
        if lengths is None:
            return self._logits(x).view(*ids.shape, -1)
        return self._logits(x[added.cumsum(0) - 1])

    def _check(self, tokens: int) -> None:
        if tokens > self.config.context:
            raise ValueError(f"{tokens} tokens exceed the context of {self.config.context}")

    def _through(self, x: Tensor, places: Tensor, flat: Attend | None) -> Tensor:
        rotation = (
            self.cosine[places].to(x.dtype)[:, None, None],
            self.sine[places].to(x.dtype)[:, None, None],
        )
        for block in self.blocks:
            x = block(x, rotation, flat)
        return norm(x)

    def _logits(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(x)
        return logits

    def nats(self, ids: Tensor, targets: Tensor, shares: Shares | None = None) -> Tensor:
        """The sum of cross-entropy, in nats, of targets (windows, tokens) that are not `IGNORED`; only ends
        of windows may be.

        Targets from the vocabulary's size on are classes of `shares` (see `functions.cross_entropy`). On
        the CPU ends that are ignored are left out; a GPU, whose shapes should not change, computes them.
        """
        self._check(ids.shape[1])
        wanted = targets != IGNORED
        places = torch.arange(ids.shape[1], device=ids.device)
        if not ids.is_cpu:
            x = self._through(self.embedding(ids), places, None)
            logits = self.head(x).flatten(0, 1).float()
            return mean_nats(logits, targets.flatten(), shares, IGNORED)
        lengths = wanted.sum(dim=1).tolist()
        more = -sum(lengths) % STRIDE
        flat, at = ids[wanted], places.expand_as(ids)[wanted]
        last = targets[wanted]
        if more:
            flat, at = functional.pad(flat, (0, more)), functional.pad(at, (0, more))
            last = functional.pad(last, (0, more), value=IGNORED)
        x = self._through(self.embedding(flat), at, Windows([*lengths, more] if more else lengths))
        return cross_entropy(x, self.head.weight, last, shares)

    def loss(self, ids: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy in nats over the targets; see `nats`."""
        return self.nats(ids, targets) / (targets != IGNORED).sum()


def _rotations(length: int, channels: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines of position · base^(-2i/channels), each (length, channels / 2)."""
    frequencies = ROTARY_BASE ** (-torch.arange(0, channels, 2, dtype=torch.float32) / channels)
    angles = torch.outer(torch.arange(length, dtype=torch.float32), frequencies)
    return angles.cos(), angles.sin()
