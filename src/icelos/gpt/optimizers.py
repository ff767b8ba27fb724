"""Muon for the matrices of the blocks, AdamW for the embedding, the head and the norms.

Muon: Jordan et al. 2024 (https://kellerjordan.github.io/posts/muon/): the momentum of a matrix, made nearly
orthogonal by Newton-Schulz iterations, so that a step moves all of its directions alike. AdamW: Loshchilov &
Hutter 2019.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from icelos.gpt.functions import fast_products
from icelos.gpt.model import GPT
from icelos.gpt.sizes import Recipe

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic that brings singular values near 1 (Jordan et al. 2024)."""
ITERATIONS = 5


class Optimizer:
    """Both optimizers of a network, behind one step; what they keep of a weight is named, for checkpoints."""

    def __init__(self, network: GPT, recipe: Recipe) -> None:
        named = dict(network.named_parameters())
        matrices = {name: w for name, w in named.items() if w.dim() == 2 and name.startswith("blocks.")}
        tables = [w for name, w in named.items() if w.dim() == 2 and name not in matrices]
        vectors = [w for w in named.values() if w.dim() != 2]
        self.recipe = recipe
        self._muon = _Muon(matrices, recipe)
        self._adam = torch.optim.AdamW(
            [
                {"params": tables, "weight_decay": recipe.weight_decay},
                {"params": vectors, "weight_decay": 0.0},
            ],
            betas=recipe.betas, fused=True,
        )  # fmt: skip

    def step(self, share: float) -> None:
        """One step at a share (0..1) of the recipe's peak rates; the gradients are gone afterwards."""
        for group in self._adam.param_groups:
            group["lr"] = share * self.recipe.learning_rate
        self._adam.step()
        self._muon.step(share * self.recipe.matrix_rate)
        self._adam.zero_grad(set_to_none=True)

    def moments(self, weight: Tensor) -> dict[str, Tensor]:
        """What is kept of a weight, by name; empty before the first step."""
        if weight in self._muon.momentum:
            return {"momentum": self._muon.momentum[weight]}
        return dict(self._adam.state[weight])

    def restore(self, weight: Tensor, moments: Mapping[str, Tensor]) -> None:
        """Put back what `moments` gave. Raises KeyError where a part is missing."""
        if weight in self._muon.momentum:
            self._muon.momentum[weight].copy_(moments["momentum"])
            return
        step = moments["step"].to(weight.device if weight.is_cuda else "cpu")  # where the fused one keeps it
        pair = {name: moments[name].to(weight.device) for name in ("exp_avg", "exp_avg_sq")}
        self._adam.state[weight] = {"step": step, **pair}


class _Muon:
    """Muon with Nesterov's momentum. Query, key and value are a matrix each, though their weights are one."""

    def __init__(self, matrices: Mapping[str, Tensor], recipe: Recipe) -> None:
        self.momentum = {weight: torch.zeros_like(weight) for weight in matrices.values()}
        self._recipe = recipe
        self._alike: dict[tuple[int, ...], list[Tensor]] = {}
        for name, weight in matrices.items():
            parts = 3 if name.endswith("qkv.weight") else 1
            self._alike.setdefault((parts, *weight.shape), []).append(weight)

    @torch.no_grad()
    def step(self, rate: float) -> None:
        with fast_products():
            self._step(rate)

    def _step(self, rate: float) -> None:
        for (parts, rows, columns), weights in self._alike.items():
            stacked = torch.stack([self._direction(weight) for weight in weights])
            made = orthogonal(stacked.view(-1, rows // parts, columns))
            scale = rate * max(1.0, rows / parts / columns) ** 0.5
            for weight, change in zip(weights, made.view(-1, rows, columns), strict=True):
                weight.mul_(1 - rate * self._recipe.matrix_decay).add_(change, alpha=-scale)
                weight.grad = None

    def _direction(self, weight: Tensor) -> Tensor:
        grad, beta = weight.grad, self._recipe.momentum
        if grad is None:
            raise ValueError("a matrix without a gradient")
        momentum = self.momentum[weight].lerp_(grad, 1 - beta)
        return torch.lerp(grad, momentum, beta)


def orthogonal(matrices: Tensor) -> Tensor:
    """Near the closest orthogonal matrices of (count, rows, columns), by Newton-Schulz iterations.

    In bfloat16 on a GPU, where the iteration holds (Jordan et al. 2024).
    """
    a, b, c = COEFFICIENTS
    x = matrices.bfloat16() if matrices.is_cuda else matrices
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).to(matrices.dtype)
