"""How much of what a device can do a run uses: model FLOP utilisation (Chowdhery et al. 2022, appendix B)."""

from __future__ import annotations

import re

from icelos.gpt.sizes import ModelConfig

PEAKS: tuple[tuple[str, float], ...] = (
    ("GH200", 989e12),
    ("H200", 989e12),
    ("H100 NVL", 835e12),
    ("H100 PCIe", 756e12),
    ("H100", 989e12),
    ("A100", 312e12),
    ("L40S", 362e12),
)
"""Dense bfloat16 FLOP/s by words of a device's name, as NVIDIA's data sheets have them (half of what they say
with sparsity). Any other device needs `--peak-flops`."""


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
