from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as functional
from torch import Tensor

from icelos.gpt import functions

ANGLES = torch.rand(5, 1, 4) * 6


def turned(x: Tensor) -> Tensor:
    a, b = x.chunk(2, dim=-1)
    cosine, sine = ANGLES.cos().to(x.dtype), ANGLES.sin().to(x.dtype)
    return torch.cat((a * cosine - b * sine, a * sine + b * cosine), dim=-1)


PAIRS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "norm": (functions.norm, lambda x: functional.rms_norm(x, (x.shape[-1],), eps=functions.EPSILON)),
    "squared_relu": (functions.squared_relu, lambda x: functional.relu(x).square()),
    "rotate": (lambda x: functions.rotate(x, (ANGLES.cos().to(x.dtype), ANGLES.sin().to(x.dtype))), turned),
}


@pytest.mark.parametrize("name", PAIRS)
def test_values_and_gradients_are_those_of_the_plain_operations(name: str) -> None:
    torch.manual_seed(0)
    ours, plain = PAIRS[name]
    x = torch.randn(2, 5, 3, 8, dtype=torch.float64).requires_grad_()
    weights = torch.randn(2, 5, 3, 8, dtype=torch.float64)
    assert torch.allclose(ours(x), plain(x))
    (found,) = torch.autograd.grad((ours(x) * weights).sum(), x)
    (expected,) = torch.autograd.grad((plain(x) * weights).sum(), x)
    assert torch.allclose(found, expected)


@pytest.mark.parametrize("tokens", [1, functions.CHUNK, functions.CHUNK + 3])
def test_cross_entropy_in_chunks_is_the_whole_one(tokens: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(tokens, 8, dtype=torch.float64).requires_grad_()
    head = torch.randn(11, 8, dtype=torch.float64).requires_grad_()
    targets = torch.randint(0, 11, (tokens,))
    ours = functions.cross_entropy(x, head, targets)
    plain = functional.cross_entropy(x @ head.mT, targets, reduction="sum")
    assert torch.allclose(ours, plain)
    for found, expected in zip(
        torch.autograd.grad(3 * ours, (x, head)), torch.autograd.grad(3 * plain, (x, head)), strict=True
    ):
        assert torch.allclose(found, expected)


def test_huge_scores_stay_finite() -> None:
    x, head = torch.full((2, 4), 1e4).requires_grad_(), torch.eye(4).requires_grad_()
    assert functions.cross_entropy(x, head, torch.tensor([0, 3])).isfinite()


def test_targets_may_be_shares_of_several_tokens() -> None:
    torch.manual_seed(3)
    x = torch.randn(300, 8, dtype=torch.float64, requires_grad=True)
    head = torch.randn(20, 8, dtype=torch.float64, requires_grad=True)
    tokens = torch.tensor([[1, 2, 3, 4], [7, 9, 0, 0]])
    shares = torch.tensor([[0.25] * 4, [0.5, 0.5, 0.0, 0.0]], dtype=torch.float64)
    targets = torch.randint(0, 22, (300,))
    full = torch.eye(20, dtype=torch.float64)
    for cls in range(2):
        row = torch.zeros(20, dtype=torch.float64).index_add(0, tokens[cls], shares[cls])
        full = torch.cat((full, row[None]))
    plain = -(full[targets] * (x @ head.mT).log_softmax(-1)).sum()
    wanted = torch.autograd.grad(plain, (x, head))
    by_hand = functions.cross_entropy(x, head, targets, (tokens, shares))
    fixed = functions.mean_nats(x @ head.mT, targets, (tokens, shares), -1)
    for made in (by_hand, fixed):
        assert float(made.detach()) == pytest.approx(float(plain.detach()))
        for found, grad in zip(torch.autograd.grad(made, (x, head)), wanted, strict=True):
            assert torch.allclose(found, grad)
    ignored = functions.mean_nats(x @ head.mT, targets.masked_fill(targets == 5, -1), (tokens, shares), -1)
    assert float(ignored.detach()) < float(plain.detach())
