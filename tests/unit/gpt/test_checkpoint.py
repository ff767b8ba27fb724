from __future__ import annotations

from pathlib import Path

import pytest
import torch

from icelos.errors import InputError
from icelos.gpt import checkpoint
from icelos.gpt.checkpoint import Position
from icelos.gpt.model import GPT
from icelos.gpt.optimizers import Optimizer
from icelos.gpt.sizes import model_config, recipe

CONFIG = model_config("pico", vocabulary=50, longest=63)


def pair(seed: int) -> tuple[GPT, Optimizer]:
    network = GPT(CONFIG)
    network.initialise(seed)
    return network, Optimizer(network, recipe(CONFIG, tokens=1_000_000))


def step(network: GPT, optimizer: Optimizer) -> None:
    ids = torch.arange(1, 31)[None]
    torch.autograd.backward(network.loss(ids, ids.roll(-1)))
    optimizer.step(1.0)


def test_weights_moments_and_position_come_back(tmp_path: Path) -> None:
    network, optimizer = pair(1)
    step(network, optimizer)
    checkpoint.save(tmp_path / "c", network, optimizer, Position(step=1, tokens=30, seconds=0.5))
    again, its = pair(2)
    assert checkpoint.load(tmp_path / "c", again, its) == Position(step=1, tokens=30, seconds=0.5)
    step(network, optimizer)
    step(again, its)
    for one, two in zip(network.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, two)


def test_a_broken_checkpoint_is_one_clear_error(tmp_path: Path) -> None:
    network, optimizer = pair(1)
    for content in (b"", b"\x00" * 100, b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "):
        (tmp_path / "c").write_bytes(content)
        with pytest.raises(InputError, match="broken checkpoint"):
            checkpoint.load(tmp_path / "c", network, optimizer)
