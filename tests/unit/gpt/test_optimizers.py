from __future__ import annotations

import pytest
import torch

from icelos.gpt.model import GPT
from icelos.gpt.optimizers import Optimizer, orthogonal
from icelos.gpt.sizes import model_config, recipe

CONFIG = model_config("pico", vocabulary=50, longest=63)


def trained(seed: int, steps: int) -> tuple[GPT, Optimizer]:
    network = GPT(CONFIG)
    network.initialise(seed)
    optimizer = Optimizer(network, recipe(CONFIG, tokens=1_000_000))
    for _ in range(steps):
        step(network, optimizer)
    return network, optimizer


def step(network: GPT, optimizer: Optimizer) -> float:
    ids = torch.arange(1, 31)[None]
    loss = network.loss(ids, ids.roll(-1))
    torch.autograd.backward(loss)
    optimizer.step(1.0)
    return float(loss.detach())


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 8, 32), (2, 32, 8)])
def test_singular_values_come_near_one(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    matrices = torch.randn(shape) * torch.logspace(-1, 1, shape[-1])
    values = torch.linalg.svdvals(orthogonal(matrices))
    full = torch.linalg.svdvals(matrices)
    large = full > 0.02 * full.amax(dim=-1, keepdim=True)  # five iterations do not lift the very small ones
    assert values[large].min() > 0.5
    assert values.max() < 1.3


def test_directions_are_kept() -> None:
    torch.manual_seed(0)
    matrix = torch.randn(1, 6, 6)
    u, _, vt = torch.linalg.svd(matrix[0])
    turned = u.T @ orthogonal(matrix)[0] @ vt.T
    off = turned - torch.diag(turned.diagonal())
    assert off.abs().max() < 1e-3
    assert turned.diagonal().min() > 0


def test_it_learns_and_every_weight_moves() -> None:
    network, optimizer = trained(1, 0)
    before = [weight.detach().clone() for weight in network.parameters()]
    losses = [step(network, optimizer) for _ in range(20)]
    assert losses[-1] < 0.3 * losses[0]
    assert all(not torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
    assert all(weight.grad is None for weight in network.parameters())


def test_what_is_kept_of_weights_can_be_put_back() -> None:
    network, optimizer = trained(1, 3)
    again, its = trained(2, 1)
    for one, two in zip(network.parameters(), again.parameters(), strict=True):
        two.data.copy_(one)
        its.restore(two, {name: value.clone() for name, value in optimizer.moments(one).items()})
    step(network, optimizer)
    step(again, its)
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), again.parameters(), strict=True))
    with pytest.raises(KeyError):
        its.restore(next(again.parameters()), {})


def test_query_key_and_value_are_matrices_of_their_own() -> None:
    network, optimizer = trained(1, 5)
    name, weight = next((n, w) for n, w in network.named_parameters() if n.endswith("qkv.weight"))
    before = weight.detach().clone()
    ids = torch.arange(1, 31)[None]
    torch.autograd.backward(network.loss(ids, ids.roll(-1)))
    optimizer.step(1.0)
    change = (weight.detach() - before).view(3, CONFIG.width, CONFIG.width)
    norms = change.flatten(1).norm(dim=1)
    assert name == "blocks.0.attention.qkv.weight"
    assert norms.max() < 1.6 * norms.min()
