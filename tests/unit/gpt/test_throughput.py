from __future__ import annotations

import pytest

from icelos.gpt.sizes import model_config
from icelos.gpt.throughput import flops_per_token, peak


@pytest.mark.parametrize(
    ("name", "teraflops"),
    [
        ("NVIDIA H200", 989), ("NVIDIA H100 80GB HBM3", 989), ("NVIDIA H100 PCIe", 756),
        ("NVIDIA H100 NVL", 835), ("NVIDIA A100-SXM4-80GB", 312), ("NVIDIA L40S", 362),
    ],
)  # fmt: skip
def test_known_devices_have_their_published_peak(name: str, teraflops: float) -> None:
    assert peak(name) == teraflops * 1e12


def test_an_unknown_device_has_none() -> None:
    assert peak("NVIDIA A1000") is None
    assert peak("") is None


def test_gpt2_small_takes_six_flop_a_weight_and_its_attention() -> None:
    config = model_config("small", vocabulary=50257, longest=1023)
    matrices = 12 * 12 * 768**2 + 50257 * 768  # the embedding is looked up, not multiplied
    assert flops_per_token(config, 1024) == 6 * matrices + 12 * 12 * 768 * 1024
