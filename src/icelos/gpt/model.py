"""The network: a decoder-only transformer with rotary positions, RMS norm, QK norm and squared ReLU.

Rotary positions: Su et al. 2021. RMS norm: Zhang & Sennrich 2019. QK norm: Henry et al. 2020.
Squared ReLU: So et al. 2021 (Primer). Attention is PyTorch's scaled_dot_product_attention.
"""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from icelos.gpt.data import IGNORED
from icelos.gpt.sizes import ModelConfig

ROTARY_BASE = 10_000.0


class Cache:
    """Keys and values of a batch, preallocated: (layers, 2, batch, heads, length + 1, channels).

    Row i has seen `filled[i]` tokens; rows may stand at different positions. What lies behind a row's
    position is padding of earlier calls: no token sees it, and later tokens replace it. The last place of
    the store only takes padding that would lie beyond the length.
    """

    def __init__(self, config: ModelConfig, batch: int, length: int, like: Tensor) -> None:
        shape = (config.layers, 2, batch, config.heads, length + 1, config.width // config.heads)
        self._store = torch.zeros(shape, dtype=like.dtype, device=like.device)
        self.filled = torch.zeros(batch, dtype=torch.long, device=like.device)
        self._length, self._end = length, 0

    def open(self, tokens: int) -> Tensor:
        """Where the next tokens of each row go; shape (batch, tokens). `mask` then says what they see."""
        places = self.filled[:, None] + torch.arange(tokens, device=self.filled.device)
        self._places = places.clamp_(max=self._length)
        self._rows = torch.arange(len(places), device=places.device)[:, None]
        self._end = int(places[:, -1].max()) + 1
        keys = torch.arange(self._end, device=places.device)
        self.mask = (keys <= places[:, :, None])[:, None]
        return places

    def add(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Store (batch, heads, tokens, channels) at the open places; give back all up to the last of them."""
        for store, new in zip(self._store[layer], (keys, values), strict=True):
            store[self._rows, :, self._places] = new.transpose(1, 2)
        return self._store[layer, 0, :, :, : self._end], self._store[layer, 1, :, :, : self._end]

    def keep(self, rows: Tensor) -> None:
        """Keep the rows of the batch that the index or mask names."""
        self._store, self.filled = self._store[:, :, rows], self.filled[rows]


class Attention(nn.Module):
    """Causal self-attention over (batch, tokens, width)."""

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.layer = layer
        self.heads = config.heads
        self.qkv = nn.Linear(config.width, 3 * config.width, bias=False)
        self.out = nn.Linear(config.width, config.width, bias=False)

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor], cache: Cache | None) -> Tensor:
        batch, tokens, width = x.shape
        shaped = self.qkv(x).view(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = shaped.unbind(0)
        q, k = rotate(_norm(q), rotation), rotate(_norm(k), rotation)
        if cache is None:
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=tokens > 1)
        else:
            k, v = cache.add(self.layer, k, v)
            y = functional.scaled_dot_product_attention(q, k, v, attn_mask=cache.mask)
        result: Tensor = self.out(y.transpose(1, 2).reshape(batch, tokens, width))
        return result


class Block(nn.Module):
    """Attention and a feed-forward layer, each behind a norm and added to the stream."""

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(config.width, eps=1e-6)
        self.attention = Attention(config, layer)
        self.feed_norm = nn.RMSNorm(config.width, eps=1e-6)
        self.up = nn.Linear(config.width, 4 * config.width, bias=False)
        self.down = nn.Linear(4 * config.width, config.width, bias=False)

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor], cache: Cache | None) -> Tensor:
        x = x + self.attention(self.attention_norm(x), rotation, cache)
        result: Tensor = x + self.down(functional.relu(self.up(self.feed_norm(x))).square())
        return result


class GPT(nn.Module):
    """Token ids (batch, tokens) to logits (batch, tokens, vocabulary)."""

    cosine: Tensor
    sine: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.blocks = nn.ModuleList(Block(config, layer) for layer in range(config.layers))
        self.norm = nn.RMSNorm(config.width, eps=1e-6)
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

        `lengths` (batch,) are the tokens of each row, 1 or more; what stands behind them is padding.
        Raises ValueError where the tokens, with those in the cache, exceed the context.
        """
        if cache is None:
            x = self._through(self.embedding(ids), self._angles(ids.shape[1]), None)
            return self._logits(x)
        added = torch.full_like(cache.filled, ids.shape[1]) if lengths is None else lengths
        self._check(int((cache.filled + added).max()))
        places = cache.open(ids.shape[1]).clamp(max=self.config.context - 1)
        rotation = (self.cosine[places][:, None], self.sine[places][:, None])
        x = self._through(self.embedding(ids), rotation, cache)
        cache.filled = cache.filled + added
        if lengths is not None:
            x = x[torch.arange(len(x), device=x.device), lengths - 1]
        return self._logits(x)

    def _angles(self, tokens: int) -> tuple[Tensor, Tensor]:
        self._check(tokens)
        return self.cosine[:tokens], self.sine[:tokens]

    def _check(self, tokens: int) -> None:
        if tokens > self.config.context:
            raise ValueError(f"{tokens} tokens exceed the context of {self.config.context}")

    def _through(self, x: Tensor, rotation: tuple[Tensor, Tensor], cache: Cache | None) -> Tensor:
        rotation = (rotation[0].to(x.dtype), rotation[1].to(x.dtype))
        for block in self.blocks:
            x = block(x, rotation, cache)
        return x

    def _logits(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.norm(x))
        return logits

    def loss(self, ids: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy in nats over the targets that are not `IGNORED`."""
        logits = self(ids)
        return functional.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED)


def _norm(x: Tensor) -> Tensor:
    return functional.rms_norm(x, (x.shape[-1],), eps=1e-6)


def _rotations(length: int, channels: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines of position · base^(-2i/channels), each (length, channels / 2)."""
    frequencies = ROTARY_BASE ** (-torch.arange(0, channels, 2, dtype=torch.float32) / channels)
    angles = torch.outer(torch.arange(length, dtype=torch.float32), frequencies)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Turn the two halves of the channels of (batch, heads, tokens, channels) by each token's angles."""
    cosine, sine = rotation
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cosine - b * sine, a * sine + b * cosine), dim=-1)
