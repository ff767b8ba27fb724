from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from icelos.gpt.files import read_json
from icelos.gpt.folder import HELD_OUT, Model
from icelos.gpt.surprise import HeldOut, token_bits


def test_a_model_without_knowledge_needs_the_bits_of_chance(tiny: Model) -> None:
    network = type(tiny.network)(tiny.network.config)
    network.initialise(0)
    bits = token_bits(network.eval(), tiny.tokenizer.encode(b"abc"))
    assert bits == pytest.approx(np.full(4, math.log2(257)), abs=1e-4)


def test_bits_are_those_of_the_logits(tiny: Model) -> None:
    ids = tiny.tokenizer.encode(b'{"n":4,')
    with torch.inference_mode():
        shown = torch.tensor([0, *ids.tolist()])
        chances = tiny.network(shown[None])[0].log_softmax(-1)
    expected = [-float(chances[i, t]) / math.log(2) for i, t in enumerate([*ids.tolist(), 0])]
    assert token_bits(tiny.network, ids) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("size", [0, 1, 31, 62, 63, 64, 65, 96, 200, 1000])
def test_a_row_of_any_length_has_one_value_a_token(tiny: Model, size: int) -> None:
    bits = token_bits(tiny.network, tiny.tokenizer.encode(b"x" * size))
    assert len(bits) == size + 1
    assert (bits > 0).all()


def test_rows_like_those_of_training_surprise_less(tiny: Model) -> None:
    known = token_bits(tiny.network, tiny.tokenizer.encode(b'{"n":7,"user":"ada"}')).mean()
    strange = token_bits(tiny.network, tiny.tokenizer.encode(b"\x00\x01zzzz;DROP TABLE")).mean()
    assert strange > 2 * known


def test_held_out_quantiles_are_ordered_and_invert(tiny: Model) -> None:
    held_out = read_json(tiny.folder / HELD_OUT, HeldOut)
    values = [value for _, value in held_out.quantiles]
    assert held_out.rows == 12
    assert values == sorted(values)
    assert held_out.quantile(0.0) <= held_out.bits_per_byte <= held_out.quantile(1.0)
    assert held_out.share_below(values[0] - 1) == 0.0
    assert held_out.share_below(values[-1] + 1) == 1.0
    middle = held_out.quantile(0.5)
    assert held_out.share_below(middle) == pytest.approx(0.5, abs=0.1)
