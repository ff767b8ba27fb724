from __future__ import annotations

import pytest

from icelos.errors import InputError, MissingExtra
from icelos.gpt import tokenizers
from icelos.jobs.logs import tokenizer_comparison
from icelos.jobs.logs.tokenizer_comparison import compare

ROWS = [f'{{"user":"Zoë","n":{n}}}'.encode() for n in range(300)]


def test_each_kind_is_measured_on_rows_that_it_has_not_seen() -> None:
    byte, char, plain, aware = compare(ROWS, ["byte", "char", "bpe", "json-bpe"], context=100)
    assert byte.bytes_per_token == 1.0
    assert char.characters_per_token == 1.0
    assert (byte.unknown, char.unknown) == (1.0, 0.0)
    assert aware.characters_per_token > plain.characters_per_token > 2
    assert byte.longest_row == len(ROWS[-1])
    assert byte.rows_per_context == pytest.approx(100 / (len(ROWS[-1]) + 1))
    assert all(one.encode_mb_per_second > 0 for one in (byte, char, plain, aware))


def test_a_kind_that_is_not_installed_is_skipped_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise MissingExtra("it", extra="gpt2")

    monkeypatch.setattr(tokenizers, "fit", missing)
    (one,) = compare(ROWS, ["gpt2"], context=100)
    assert "icelos[gpt2]" in one.skipped


def test_the_sample_is_bounded_and_keeps_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer_comparison, "SAMPLE_ROWS", 50)
    sample = tokenizer_comparison._sample(ROWS)
    assert len(sample) == 50
    assert sample == sorted(sample, key=ROWS.index)
    monkeypatch.setattr(tokenizer_comparison, "SAMPLE_BYTES", 200)
    assert sum(map(len, tokenizer_comparison._sample(ROWS))) <= 250


def test_too_few_rows_and_unknown_kinds_are_clear_errors() -> None:
    with pytest.raises(InputError, match="at least two"):
        list(compare([b"", b"a"], ["byte"], context=10))
    with pytest.raises(InputError, match="no tokenizer"):
        list(compare(ROWS, ["words"], context=10))
