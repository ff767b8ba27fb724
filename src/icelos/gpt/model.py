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
    """Keys and values of a batch, preallocated: (layers, 2, batch, heads, length, channels).

    `filled` positions hold what the network has seen; `keep` drops rows of the batch that are done.
    """

    def __init__(self, config: ModelConfig, batch: int, length: int, like: Tensor) -> None:
        shape = (config.layers, 2, batch, config.heads, length, config.width // config.heads)
        self._store = torch.empty(shape, dtype=like.dtype, device=like.device)
        self.filled = 0

    def add(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Store (batch, heads, tokens, channels) behind what is filled; give back all up to there."""
        end = self.filled + keys.shape[2]
        self._store[layer, 0, :, :, self.filled : end] = keys
        self._store[layer, 1, :, :, self.filled : end] = values
        return self._store[layer, 0, :, :, :end], self._store[layer, 1, :, :, :end]

    def keep(self, rows: Tensor) -> None:
        """Keep the rows of the batch that the index or mask names."""
        self._store = self._store[:, :, rows]


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
        causal = tokens > 1
        if cache is not None:
            if causal and cache.filled:
                raise ValueError("a cache takes many tokens at once only while it is empty")
            k, v = cache.add(self.layer, k, v)
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
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

    def forward(self, ids: Tensor, cache: Cache | None = None) -> Tensor:
        """Raises ValueError where the tokens, with those in the cache, exceed the context."""
        start = cache.filled if cache is not None else 0
        end = start + ids.shape[1]
        if end > self.config.context:
            raise ValueError(f"{end} tokens exceed the context of {self.config.context}")
        x = self.embedding(ids)
        rotation = (self.cosine[start:end].to(x.dtype), self.sine[start:end].to(x.dtype))
        for block in self.blocks:
            x = block(x, rotation, cache)
        if cache is not None:
            cache.filled = end
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
