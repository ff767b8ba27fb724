from __future__ import annotations

import re

from icelos.llm.injection.grammar import attacks, twins, words


def test_every_slot_is_filled() -> None:
    texts = [*attacks(3_000, seed=5), *twins(3_000, seed=5)]
    left = [t for t in texts if re.search(r"\{(?!\")[A-Za-z0-9_]+\}", t) and "role" not in t]
    assert left == []


def test_the_same_seed_gives_the_same_texts() -> None:
    assert list(attacks(50, seed=1)) == list(attacks(50, seed=1))
    assert list(attacks(50, seed=1)) != list(attacks(50, seed=2))


def test_attacks_are_varied() -> None:
    assert len(set(attacks(2_000, seed=3))) > 1_800


def test_every_language_has_orders_frames_and_twins() -> None:
    for language in words().languages.values():
        assert len(language.orders) >= 8
        assert all("rder}" in frame for frame in language.frames)
        assert len(language.twins) >= 5
