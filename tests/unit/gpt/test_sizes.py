from __future__ import annotations

import pytest

from icelos.errors import InputError, MissingExtra
from icelos.gpt.model import GPT
from icelos.gpt.sizes import CONTEXT_LIMIT, SIZES, model_config, recipe, require_torch


@pytest.mark.parametrize("size", ["pico", "nano", "micro"])
def test_the_stated_parameters_are_those_of_the_network(size: str) -> None:
    config = model_config(size, vocabulary=257, longest=100)
    matrices = sum(w.numel() for w in GPT(config).parameters() if w.dim() == 2)
    assert matrices == config.parameters
    assert config.width % config.heads == 0


MANY = 1 << 30


def test_the_context_holds_the_longest_row_and_its_end() -> None:
    assert model_config("nano", vocabulary=257, longest=63).context == 64
    assert model_config("nano", vocabulary=257, longest=64).context == 128
    assert model_config("nano", vocabulary=257, longest=10**6).context == CONTEXT_LIMIT


def test_windows_of_several_rows_hold_as_many_of_the_longest() -> None:
    assert model_config("nano", vocabulary=257, longest=63, rows=2).context == 128
    assert model_config("nano", vocabulary=257, longest=64, rows=2).context == 192
    assert model_config("nano", vocabulary=257, longest=3000, rows=2).context == CONTEXT_LIMIT


def test_gpt2_small_has_its_published_shape_and_rates_fall_with_width() -> None:
    config = model_config("small", vocabulary=50257, longest=1000)
    assert (config.layers, config.width, config.heads) == (12, 768, 12)
    assert recipe(config, tokens=MANY).batch_tokens == 16 * 768
    assert recipe(config, tokens=MANY, batch_tokens=1000).batch_tokens == 1000
    rates = [recipe(model_config(s, vocabulary=257, longest=9), tokens=MANY).learning_rate for s in SIZES]
    assert rates == sorted(rates, reverse=True)


def test_an_unknown_size_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="nano"):
        model_config("huge", vocabulary=257, longest=9)


def test_missing_pytorch_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    require_torch()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"pip install 'icelos\[train\]'"):
        require_torch()


def test_few_rows_are_learned_more_carefully() -> None:
    config = model_config("nano", vocabulary=2000, longest=100)
    many, few = recipe(config, tokens=config.parameters), recipe(config, tokens=config.parameters // 5)
    assert few.learning_rate < many.learning_rate
    assert (many.dropout, many.corruption) == (0.0, 0.0)
    assert few.dropout > 0
    assert few.corruption > 0
