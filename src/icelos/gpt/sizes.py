"""One dial: the size of a model. Everything else is derived from it, and can be printed."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from icelos.errors import InputError, MissingExtra

SIZES: Mapping[str, tuple[int, int]] = {
    "pico": (2, 32),
    "nano": (4, 128),
    "micro": (6, 256),
    "mini": (8, 512),
    "small": (12, 768),
    "medium": (24, 1024),
}
"""Name -> layers, width. `pico` only tries the machinery out; `small` and `medium` are GPT-2's
(Radford et al. 2019, table 2)."""

CONTEXT_LIMIT = 4096
"""Most tokens in a window. Longer rows are left out of training, and counted."""

_Count = Annotated[int, Meta(ge=1, le=1 << 20)]


class ModelConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The shape of a network: counts of layers, heads and tokens, and widths in channels."""

    size: str
    layers: _Count
    width: _Count
    heads: _Count
    vocabulary: _Count
    context: _Count

    @property
    def parameters(self) -> int:
        """Weights in all: 12 · width² a layer, embedding and head."""
        return 12 * self.layers * self.width**2 + 2 * self.vocabulary * self.width


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a size is trained. `batch_tokens` are tokens of one step; `learning_rate` is AdamW's peak, for the
    embedding and the head, `matrix_rate` Muon's, for the matrices of the blocks. `corruption` is the share of
    input tokens that are replaced by others, so that a row goes on rightly behind a wrong token."""

    learning_rate: float
    batch_tokens: int
    matrix_rate: float = 0.02
    momentum: float = 0.95
    matrix_decay: float = 0.0
    warmup: float = 0.04
    final_rate: float = 0.02
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.95)
    clip: float = 1.0
    dropout: float = 0.0
    corruption: float = 0.0


def model_config(size: str, *, vocabulary: int, longest: int, rows: int = 1) -> ModelConfig:
    """The network of a size for rows of at most `longest` tokens. Raises InputError for an unknown size.

    The context is `rows` of the longest row and its end mark, rounded up to 64, at most `CONTEXT_LIMIT`.
    """
    if size not in SIZES:
        raise InputError(f"no model size {size!r}", hint=f"one of: {', '.join(SIZES)}")
    layers, width = SIZES[size]
    context = min(CONTEXT_LIMIT, -(-rows * (longest + 1) // 64) * 64)
    return ModelConfig(
        size=size, layers=layers, width=width, heads=max(1, width // 64),
        vocabulary=vocabulary, context=context,
    )  # fmt: skip


FEW = 0.25
"""Tokens for each weight below which rows are few: they are shown often, and soon known by heart."""


def recipe(config: ModelConfig, *, tokens: int, batch_tokens: int = 0) -> Recipe:
    """How to train on rows of so many tokens.

    AdamW's peak is 0.012 at the width 128, where it was measured, and falls with the square root of the
    width; steps grow with it, unless `batch_tokens` is given. Muon's needs no such rule: its steps have the
    size of the matrix. Few rows are learned at lower rates, with dropout and corrupted inputs.
    """
    rate = 0.012 * (128 / config.width) ** 0.5
    size = batch_tokens or 16 * config.width
    if tokens >= FEW * config.parameters:
        return Recipe(learning_rate=rate, batch_tokens=size)
    return Recipe(
        learning_rate=rate / 3, matrix_rate=0.01, matrix_decay=0.1, batch_tokens=size,
        dropout=0.1, corruption=0.1,
    )  # fmt: skip


def require_torch() -> None:
    """Raises MissingExtra where PyTorch or safetensors is not installed; imports neither."""
    for module, name in (("torch", "PyTorch"), ("safetensors", "safetensors")):
        if importlib.util.find_spec(module) is None:
            raise MissingExtra(name, extra="train")
