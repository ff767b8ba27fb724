"""A finished model on disk: config.json, tokenizer.json, model.safetensors, metrics.csv, held_out.json.

Each file is whole or absent, and config.json is written last: a folder without it holds no model.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import safetensors
import torch
from safetensors.torch import load_file, save_file

from icelos.errors import InputError
from icelos.gpt import tokenizers
from icelos.gpt.files import read_json, replace_file, write_json
from icelos.gpt.model import GPT
from icelos.gpt.sizes import ModelConfig
from icelos.gpt.tokenizers import Tokenizer

CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
WEIGHTS = "model.safetensors"
METRICS = "metrics.csv"
HELD_OUT = "held_out.json"


@dataclass(frozen=True)
class Model:
    """A network, ready to score or to write, with its tokenizer."""

    network: GPT
    tokenizer: Tokenizer
    folder: Path

    @property
    def device(self) -> torch.device:
        return self.network.embedding.weight.device


def holds_model(folder: Path) -> bool:
    """Whether there is a finished model."""
    return (folder / CONFIG).is_file()


def save(network: GPT, tokenizer: Tokenizer, folder: Path) -> None:
    """Write the model's files. Raises OSError."""
    tokenizers.save(tokenizer, folder / TOKENIZER)
    weights = {name: weight.detach().cpu().contiguous() for name, weight in network.state_dict().items()}
    replace_file(folder / WEIGHTS, lambda path: save_file(weights, path))
    write_json(folder / CONFIG, network.config)


def load(folder: Path, *, device: str = "") -> Model:
    """The model of a folder, on a device (empty: a GPU where there is one, else the CPU).

    Raises InputError where a file is missing, broken, or does not fit the others.
    """
    if not holds_model(folder):
        raise InputError("no model here", source=str(folder), hint="train one with `icelos logs train`")
    config = read_json(folder / CONFIG, ModelConfig)
    tokenizer = tokenizers.load(folder / TOKENIZER)
    if tokenizer.size != config.vocabulary or config.width % config.heads:
        raise InputError("config.json and tokenizer.json do not fit each other", source=str(folder))
    with torch.device("meta"):
        network = GPT(config)
    network = network.to_empty(device=device or default_device())
    _fill(network, folder / WEIGHTS)
    return Model(network.eval().requires_grad_(False), tokenizer, folder)


def _fill(network: GPT, path: Path) -> None:
    try:
        weights = load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise InputError(f"cannot read the weights: {error}", source=str(path)) from error
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise InputError("the weights do not fit config.json", source=str(path)) from error
    network.place_rotations()


def default_device() -> str:
    """ "cuda" where there is a GPU, else "cpu"."""
    return "cuda" if torch.cuda.is_available() else "cpu"
