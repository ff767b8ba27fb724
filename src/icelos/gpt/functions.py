"""Parts of the network whose gradients are written by hand, for the CPU: fewer passes over memory.

There, what is not a product of matrices is bound by memory and takes more than half of a step of a small
model. On a GPU the plain operations are used, which `torch.compile` fuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor

Shares = tuple[Tensor, Tensor]
"""Targets that are not one token: tokens (classes, most), and the share of each (classes, most)."""

EPSILON = 1e-6
CHUNK = 128
"""Tokens whose logits are held at once: they, and their gradient, stay in a core's cache."""


@contextmanager
def fast_products() -> Iterator[None]:
    """Large products of float32 matrices on the CPU by oneDNN: on AMD twice as fast as PyTorch's default.

    oneDNN is allowed to round to bfloat16: it does so on CPUs with units for it (AMX), and keeps to float32
    on others (Zen 5 in PyTorch 2.13: largest errors as before). It compiles, and keeps, a kernel for each
    shape that it meets, so this is for shapes that come again.
    """
    library: Any = torch.backends.mkldnn
    products = library.matmul
    before = products.fp32_precision
    products.fp32_precision = "bf16"
    try:
        yield
    finally:
        products.fp32_precision = before


def norm(x: Tensor) -> Tensor:
    """RMS norm over the last dimension, without weights."""
    if x.is_cpu and torch.is_grad_enabled():
        return _apply(_Norm, x)
    return functional.rms_norm(x, (x.shape[-1],), eps=EPSILON)


def linear(x: Tensor, weight: Tensor) -> Tensor:
    """x · weightᵀ, x (tokens, width), weight (outputs, width)."""
    if x.is_cpu and x.dim() == 2 and torch.is_grad_enabled():
        return _apply(_Linear, x, weight)
    return functional.linear(x, weight)


def squared_relu(x: Tensor) -> Tensor:
    """max(x, 0)² (So et al. 2021)."""
    if x.is_cpu and torch.is_grad_enabled():
        return _apply(_SquaredRelu, x)
    return functional.relu(x).square()


def rotate(x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Turn the two halves of the channels of (…, channels) by angles that broadcast to them."""
    cosine, sine = rotation
    if x.is_cpu:
        return _apply(_Rotate, x, cosine, sine) if torch.is_grad_enabled() else _turned(x, cosine, sine)
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cosine - b * sine, a * sine + b * cosine), dim=-1)


def cross_entropy(x: Tensor, head: Tensor, targets: Tensor, shares: Shares | None = None) -> Tensor:
    """The sum of nats of targets (tokens,) by the logits x · headᵀ, x (tokens, width), on the CPU.

    Negative targets count nothing. A target from the vocabulary's size on is a class of `shares`: nats are
    the mean over its tokens. The logits are made, and their gradient used, a chunk at a time; they are never
    held whole.
    """
    return _apply(_CrossEntropy, x, head, targets, shares)


def mean_nats(logits: Tensor, targets: Tensor, shares: Shares | None, ignored: int) -> Tensor:
    """The same of logits (tokens, vocabulary) by plain operations of fixed shapes, for a GPU; targets may be
    `ignored`."""
    size = logits.shape[-1]
    if shares is None:
        return functional.cross_entropy(logits, targets, ignore_index=ignored, reduction="sum")
    tokens, weights = shares
    open_ = targets >= size
    hard = functional.cross_entropy(
        logits, targets.masked_fill(open_, ignored), ignore_index=ignored, reduction="sum"
    )
    classes = (targets - size).clamp(min=0)
    wanted = (logits.gather(1, tokens[classes]) * weights[classes]).sum(-1)
    return hard + ((logits.logsumexp(-1) - wanted) * open_).sum()


def _apply(function: type[torch.autograd.Function], *inputs: Tensor | Shares | None) -> Tensor:
    made: Tensor = function.apply(*inputs)  # type: ignore[no-untyped-call]
    return made


class _Norm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        inverse = length.square_().div_(x.shape[-1]).add_(EPSILON).rsqrt_()
        y: Tensor = x * inverse
        ctx.save_for_backward(y, inverse)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        y, inverse = ctx.saved_tensors
        along = torch.linalg.vecdot(grads[0], y).unsqueeze(-1)
        return torch.addcmul(grads[0], y, along, value=-1 / y.shape[-1]).mul_(inverse)


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        with fast_products():
            return x @ weight.mT

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        with fast_products():
            return grads[0] @ weight, grads[0].mT @ x


class _SquaredRelu(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        kept = x.relu()
        ctx.save_for_backward(kept)
        return kept * kept

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (kept,) = ctx.saved_tensors
        return torch.mul(grads[0], kept).mul_(2)


class _Rotate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        ctx.save_for_backward(cosine, sine)
        return _turned(x, cosine, sine)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        cosine, sine = ctx.saved_tensors
        return _turned(grads[0], cosine, -sine), None, None


def _turned(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    out = torch.empty(x.shape, dtype=x.dtype, device=x.device)
    (a, b), (left, right) = x.chunk(2, dim=-1), out.chunk(2, dim=-1)
    torch.mul(a, cosine, out=left).addcmul_(b, sine, value=-1)
    torch.mul(b, cosine, out=right).addcmul_(a, sine)
    return out


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, head: Tensor, targets: Tensor, shares: Shares | None = None) -> Tensor:
        x_grad, head_grad = torch.empty_like(x), torch.zeros_like(head)
        total = x.new_zeros(())
        with fast_products():
            for start in range(0, len(x), CHUNK):
                part, wanted = x[start : start + CHUNK], targets[start : start + CHUNK]
                scores = part @ head.mT
                scores -= scores.amax(dim=-1, keepdim=True)
                known = ((wanted >= 0) & (wanted < len(head))).nonzero()[:, 0]
                of_wanted = scores[known, wanted[known]].sum()
                open_ = (wanted >= len(head)).nonzero()[:, 0]
                if shares is not None and len(open_):
                    tokens, weights = (one[wanted[open_] - len(head)] for one in shares)
                    of_wanted += (scores[open_[:, None], tokens] * weights).sum()
                sums = scores.exp_().sum(dim=-1, keepdim=True)
                some = wanted >= 0
                total += sums[some].log().sum() - of_wanted
                grad = scores.div_(sums).mul_(some[:, None])
                grad[known, wanted[known]] -= 1
                if shares is not None and len(open_):
                    grad.index_put_((open_[:, None], tokens), -weights, accumulate=True)
                torch.mm(grad, head, out=x_grad[start : start + CHUNK])
                head_grad.addmm_(grad.mT, part)
        ctx.save_for_backward(x_grad, head_grad)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None, None]:
        x_grad, head_grad = ctx.saved_tensors
        return x_grad * grads[0], head_grad * grads[0], None, None
