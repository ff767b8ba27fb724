"""Where a run stands, in one safetensors file: weights, what the optimizers keep, and the position as JSON.

One file and one rename: a kill -9 at any time leaves the last whole checkpoint in force.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import safetensors
from safetensors.torch import load_file, save_file

from icelos.errors import InputError
from icelos.gpt.files import replace_file
from icelos.gpt.model import GPT
from icelos.gpt.optimizers import Optimizer

_WEIGHT, _MOMENT = "weight/", "moment/"


class Position(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Steps and tokens done, and seconds of training behind them."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0


def save(path: Path, network: GPT, optimizer: Optimizer, position: Position) -> None:
    """Write a checkpoint, whole or absent. Raises OSError."""
    tensors = {_WEIGHT + name: weight.detach().cpu() for name, weight in network.named_parameters()}
    for name, weight in network.named_parameters():
        for key, value in optimizer.moments(weight).items():
            tensors[f"{_MOMENT}{name}/{key}"] = value.detach().cpu()
    metadata = {"position": msgspec.json.encode(position).decode()}
    replace_file(path, lambda temporary: save_file(tensors, temporary, metadata=metadata))


def load(path: Path, network: GPT, optimizer: Optimizer) -> Position:
    """Put a checkpoint back into a network and its optimizer. Raises InputError where it is broken."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            position = msgspec.json.decode((file.metadata() or {})["position"], type=Position)
        tensors = load_file(path)
        for name, weight in network.named_parameters():
            weight.data.copy_(tensors[_WEIGHT + name])
            prefix = f"{_MOMENT}{name}/"
            moments = {key.removeprefix(prefix): t for key, t in tensors.items() if key.startswith(prefix)}
            optimizer.restore(weight, moments)
    except (OSError, KeyError, RuntimeError, safetensors.SafetensorError, msgspec.MsgspecError) as error:
        raise InputError(f"broken checkpoint: {error}", source=str(path)) from error
    return position
