from __future__ import annotations

import pytest
import torch

from icelos.gpt.data import IGNORED
from icelos.gpt.model import GPT, Cache
from icelos.gpt.sizes import model_config

CONFIG = model_config("pico", vocabulary=50, longest=63)


@pytest.fixture
def network() -> GPT:
    network = GPT(CONFIG)
    network.initialise(0)
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in network.parameters():  # no zeros, so that every part counts
            weight.add_(torch.randn_like(weight) * 0.1)
    return network.eval()


@torch.inference_mode()
def test_no_token_sees_what_follows(network: GPT) -> None:
    ids = torch.randint(1, 50, (1, 20))
    changed = ids.clone()
    changed[0, 12:] = 3
    one, two = network(ids), network(changed)
    assert torch.allclose(one[:, :12], two[:, :12], atol=1e-5)
    assert not torch.allclose(one[:, 12:], two[:, 12:], atol=1e-3)


@torch.inference_mode()
def test_with_a_cache_the_logits_are_those_without(network: GPT) -> None:
    ids = torch.randint(1, 50, (3, 20))
    whole = network(ids)
    cache = Cache(CONFIG, 3, CONFIG.context, network.embedding.weight)
    parts = [network(ids[:, :7], cache)] + [network(ids[:, i : i + 1], cache) for i in range(7, 12)]
    cache.keep(torch.tensor([True, False, True]))
    left = [network(ids[[0, 2], i : i + 1], cache) for i in range(12, 20)]
    assert torch.allclose(torch.cat(parts, 1), whole[:, :12], atol=1e-4)
    assert torch.allclose(torch.cat(left, 1), whole[[0, 2], 12:], atol=1e-4)


@torch.inference_mode()
def test_rows_of_a_cache_may_stand_at_different_positions(network: GPT) -> None:
    ids = torch.randint(1, 50, (3, 20))
    whole = network(ids)
    cache = Cache(CONFIG, 3, CONFIG.context, network.embedding.weight)
    done = torch.zeros(3, dtype=torch.long)
    for lengths in ([4, 1, 7], [2, 5, 1], [1, 1, 6], [9, 3, 1]):
        fed = torch.zeros(3, max(lengths), dtype=torch.long)
        for row, length in enumerate(lengths):
            fed[row, :length] = ids[row, done[row] : done[row] + length]
        done = done + torch.tensor(lengths)
        logits = network(fed, cache, torch.tensor(lengths))
        assert torch.allclose(logits, whole[torch.arange(3), done - 1], atol=1e-4)
    assert cache.filled.tolist() == done.tolist() == [16, 10, 15]


@torch.inference_mode()
def test_a_place_of_the_batch_can_begin_anew(network: GPT) -> None:
    ids = torch.randint(1, 50, (2, CONFIG.context))
    cache = Cache(CONFIG, 2, CONFIG.context, network.embedding.weight)
    network(ids[:, :-2], cache)
    cache.filled[1] = 0
    fed = torch.stack((ids[0].roll(2), ids[1]))[:, :10]
    logits = network(fed, cache, torch.tensor([2, 10]))
    assert torch.allclose(logits[0], network(ids[:1])[0, -1], atol=1e-4)
    assert torch.allclose(logits[1], network(ids[1:, :10])[0, -1], atol=1e-4)
    with pytest.raises(ValueError, match="exceed the context"):
        network(ids[:, :1], cache)


@torch.inference_mode()
def test_order_matters_by_rotary_positions(network: GPT) -> None:
    one = network(torch.tensor([[5, 6, 7, 8]]))[0, -1]
    two = network(torch.tensor([[6, 5, 7, 8]]))[0, -1]
    assert not torch.allclose(one, two, atol=1e-3)


def test_more_tokens_than_the_context_are_refused(network: GPT) -> None:
    with pytest.raises(ValueError, match="exceed the context"):
        network(torch.zeros(1, CONFIG.context + 1, dtype=torch.long))


def test_loss_starts_at_chance_and_ignores_padding() -> None:
    network = GPT(CONFIG)
    network.initialise(3)
    ids = torch.randint(1, 50, (2, 10))
    loss = network.loss(ids, ids)
    assert float(loss.detach()) == pytest.approx(torch.tensor(50.0).log().item(), abs=1e-4)
    padded = ids.clone()
    padded[:, 5:] = IGNORED
    assert network.loss(ids, padded).isfinite()
