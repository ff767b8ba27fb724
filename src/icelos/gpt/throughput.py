"""How much of what a device can do a run uses: model FLOP utilisation (Chowdhery et al. 2022, appendix B)."""

from __future__ import annotations

import re

from icelos.gpt.sizes import ModelConfig

PEAKS: tuple[tuple[str, float], ...] = (
    ("B200", 2250e12),
    ("GH200", 989e12),
    ("H200", 989e12),
    ("H100 PCIe", 756e12),
    ("H100", 989e12),
    ("A100", 312e12),
    ("L40S", 362e12),
    ("L4", 121e12),
    ("A10", 125e12),
    ("RTX 4090", 165e12),
    ("RTX 3090", 71e12),
)
"""Dense bfloat16 FLOP/s by words of a device's name, from NVIDIA's data sheets of the B200 (DGX B200, halved
for no sparsity and divided by its eight), GH200, H200, H100, A100, L40S, L4 and A10, and the white papers of
the Ada and GA102 architectures (float32 accumulation)."""


def peak(device: str) -> float | None:
    """FLOP/s of a device by its name ("NVIDIA H200"); None for those that are not listed."""
    words = re.findall(r"\w+", device)
    for name, value in PEAKS:
        if all(word in words for word in name.split()):
            return value
    return None


def flops_per_token(config: ModelConfig, window: float) -> float:
    """FLOP of training on one token: 6 a weight that is multiplied, and 12 · layers · width · window for the
    attention, forward and backward; `window` is the tokens of a window on average."""
    multiplied = config.parameters - config.vocabulary * config.width
    return 6 * multiplied + 12 * config.layers * config.width * window
