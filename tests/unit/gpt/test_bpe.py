from __future__ import annotations

import pytest

from icelos.gpt import bpe
from icelos.gpt.bpe import BpeTokenizer, JsonBpeTokenizer

ROWS = [
    b'{"userPrincipalName":"ada%d@example.org","status":{"errorCode":0}}' % (n * 7919) for n in range(400)
]


def test_merges_cross_punctuation_and_digits_stay_small() -> None:
    tokenizer = JsonBpeTokenizer.fit(ROWS)
    pieces = [tokenizer.decode([i]) for i in range(1, tokenizer.size)]
    assert b'{"userPrincipalName":"ada' in pieces
    assert all(len(p) <= 2 for p in pieces if any(48 <= b <= 57 for b in p))
    assert len(tokenizer.encode(ROWS[-1])) < len(ROWS[-1]) / 6


def test_pieces_of_the_plain_kind_end_with_words() -> None:
    tokenizer = BpeTokenizer.fit(ROWS)
    pieces = {tokenizer.decode([i]) for i in range(1, tokenizer.size)}
    assert {b"userPrincipalName", b'{"', b'":"'} <= pieces
    assert not [p for p in pieces if b'"' in p and any(chr(c).isalnum() for c in p)]
    assert len(JsonBpeTokenizer.fit(ROWS).encode(ROWS[-1])) < len(tokenizer.encode(ROWS[-1]))


def test_learning_is_repeatable_and_its_sample_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert BpeTokenizer.fit(ROWS).state == BpeTokenizer.fit(iter(ROWS)).state
    monkeypatch.setattr(bpe, "_SAMPLE_ROWS", 50)
    monkeypatch.setattr(bpe, "_SAMPLE_CUT", 10)
    sample = bpe._sample(ROWS)
    assert len(sample) == 50
    assert {len(row) for row in sample} == {10}
    monkeypatch.setattr(bpe, "_SAMPLE_BYTES", 100)
    assert len(bpe._sample(ROWS)) == 10


def test_the_sample_is_drawn_from_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bpe, "_SAMPLE_ROWS", 100)
    numbers = [int(row) for row in bpe._sample(b"%d" % n for n in range(10_000))]
    assert len(set(numbers)) == 100
    assert 3_500 < sum(numbers) / 100 < 6_500


def test_merges_that_double_without_end_are_refused() -> None:
    merges = [("a" * 2**n, "a" * 2**n) for n in range(12)]
    with pytest.raises(ValueError, match="more than 128 bytes"):
        BpeTokenizer(merges)
