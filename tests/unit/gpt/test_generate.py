from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from icelos.errors import InputError
from icelos.gpt import generate as generate_module
from icelos.gpt.folder import Model
from icelos.gpt.generate import Generated, Sampling, block_rows, draw, generate


def rows_of(model: Model, rows: int, seed: int, **values: float) -> list[Generated]:
    return list(generate(model, rows, seed=seed, sampling=Sampling(batch=4, **values)))  # type: ignore[arg-type]


def test_the_seed_decides_the_rows(tiny: Model) -> None:
    one = rows_of(tiny, 10, 1)
    assert len(one) == 10
    assert one == rows_of(tiny, 10, 1)
    assert one != rows_of(tiny, 10, 2)
    assert len({row.data for row in one}) > 5


def test_whole_blocks_do_not_depend_on_how_many_rows_are_asked_for(tiny: Model) -> None:
    size = block_rows(tiny, Sampling(batch=4))
    assert size == 16
    assert rows_of(tiny, 34, 1)[:32] == rows_of(tiny, 32, 1)


def test_a_run_can_go_on_at_a_block(tiny: Model) -> None:
    sampling = Sampling(batch=2)
    left = list(generate(tiny, 20, seed=1, sampling=sampling, first=8))
    assert left == list(generate(tiny, 20, seed=1, sampling=sampling))[8:]
    with pytest.raises(ValueError, match="multiples of 8"):
        list(generate(tiny, 20, seed=1, sampling=sampling, first=5))


@torch.inference_mode()
def test_without_temperature_each_token_is_the_likeliest(tiny: Model) -> None:
    (row,) = rows_of(tiny, 1, 0, temperature=0)
    ids = torch.tensor([0, *tiny.tokenizer.encode(row.data).tolist()])
    likeliest = tiny.network(ids[None, : tiny.network.config.context])[0].argmax(-1)
    assert likeliest[: len(ids) - 1].tolist() == ids[1:].tolist()
    assert not row.complete or int(likeliest[len(ids) - 1]) == 0


def test_rows_begin_with_the_prompt(tiny: Model) -> None:
    rows = list(generate(tiny, 3, seed=0, prompt=b'{"n":7'))
    assert all(row.data.startswith(b'{"n":7') for row in rows)
    with pytest.raises(ValueError, match="fills the context"):
        list(generate(tiny, 1, seed=0, prompt=b"x" * tiny.network.config.context))


def test_only_the_k_likeliest_are_drawn() -> None:
    logits = torch.tensor([[0.0, 3.0, 2.0, 1.0]]).repeat(200, 1)
    uniform = np.random.default_rng(0).random(200).tolist()
    assert set(draw(logits, uniform, Sampling(top_k=2)).tolist()) == {1, 2}
    assert set(draw(logits, uniform, Sampling(temperature=5.0)).tolist()) == {0, 1, 2, 3}


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_model_that_gives_no_numbers_is_a_clear_error(temperature: float) -> None:
    logits = torch.tensor([[0.0, float("nan"), float("-inf")]])
    with pytest.raises(InputError, match="no numbers"):
        draw(logits, [0.5], Sampling(temperature=temperature))


def test_the_likeliest_that_have_a_probability_together_are_drawn() -> None:
    logits = torch.tensor([[0.1, 0.5, 0.25, 0.15]]).log().repeat(200, 1)
    uniform = np.random.default_rng(0).random(200).tolist()
    assert set(draw(logits, uniform, Sampling(top_p=0.4)).tolist()) == {1}
    assert set(draw(logits, uniform, Sampling(top_p=0.6)).tolist()) == {1, 2}
    assert set(draw(logits, uniform, Sampling(top_p=0.8)).tolist()) == {1, 2, 3}


def test_what_is_unlikely_where_one_token_is_certain_is_left_out_and_kept_where_many_may_follow() -> None:
    certain = torch.tensor([[0.9995, 0.0005, *[0.0] * 998]]).log()
    open_ = (
        torch.full((1, 1000), 0.0010005)
        .index_put((torch.tensor(0), torch.tensor(0)), torch.tensor(0.0005))
        .log()
    )
    uniform = [0.9999999, 0.0000001]
    logits = torch.cat((certain, open_))
    assert draw(logits, uniform, Sampling()).tolist() == [1, 0]
    assert draw(logits, uniform, Sampling(eta=0.001)).tolist() == [0, 0]


def test_the_likeliest_is_never_left_out() -> None:
    assert draw(torch.zeros(1, 1000), [0.5], Sampling(eta=0.9)).tolist() == [500]


def test_shares_of_what_is_drawn_are_the_probabilities_and_what_is_masked_never_comes() -> None:
    logits = torch.tensor([[0.2, 0.3, 0.0, 0.5, 0.0]]).log().repeat(4000, 1)
    counts = np.bincount(
        draw(logits, np.random.default_rng(1).random(4000).tolist(), Sampling()), minlength=5
    )
    assert counts[[2, 4]].tolist() == [0, 0]
    assert counts / 4000 == pytest.approx([0.2, 0.3, 0.0, 0.5, 0.0], abs=0.03)
    assert draw(logits[:2], [0.0, 1 - 2**-53], Sampling()).tolist() == [0, 3]


def test_the_cache_is_bounded(tiny: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny.network.config
    monkeypatch.setattr(generate_module, "CACHE_BYTES", 3 * 8 * config.layers * config.width * config.context)
    assert list(generate(tiny, 6, seed=1)) == list(generate(tiny, 6, seed=1, sampling=Sampling(batch=3)))


@pytest.mark.parametrize(
    "values",
    [
        {"temperature": -1.0},
        {"temperature": float("inf")},
        {"temperature": float("nan")},
        {"temperature": 1e-30},
        {"top_k": -1},
        {"batch": 0},
        {"top_p": 0.0},
    ],
)
def test_values_out_of_range_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Sampling(**values)  # type: ignore[arg-type]


def test_rows_are_the_same_however_many_are_made_at_a_time(tiny: Model) -> None:
    """Each row draws from a stream of its own, and the network sees of it what it would see alone."""
    alone = [row.data for row in generate(tiny, 12, seed=4, sampling=Sampling(batch=1))]
    assert [row.data for row in generate(tiny, 12, seed=4, sampling=Sampling(batch=5))] == alone
    assert len({len(row) for row in alone}) > 3


def test_no_row_waits_for_others_of_its_block(tiny: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    forward = tiny.network.forward

    def counted(ids: Tensor, *rest: Tensor) -> Tensor:
        calls.append(len(ids))
        return forward(ids, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(tiny.network, "forward", counted)
    rows = list(generate(tiny, 32, seed=4, sampling=Sampling(batch=8)))
    draws = sum(len(tiny.tokenizer.encode(row.data)) + row.complete for row in rows)
    assert sum(calls) < 1.3 * draws
