from __future__ import annotations

import random
import uuid
from pathlib import Path

import numpy as np
import pytest

from icelos.gpt.bpe import JsonBpeTokenizer
from icelos.gpt.data import Windows, open_packed, pack
from icelos.gpt.redraw import Redraw, SlotCounts, redraw_of
from icelos.gpt.tokenizers import ByteTokenizer, CharTokenizer, Tokenizer

USER = "0a1b2c3d-1a2b-4c5d-8e9f-aabbccddeeff"


def made_up(count: int) -> list[bytes]:
    """Rows of an id (version 4) that stands twice, a user's id, and a hash that begins alike in all."""
    drawn = random.Random(1)
    rows = []
    for _ in range(count):
        name = uuid.UUID(int=drawn.getrandbits(128), version=4)
        tail = f"5f3c{drawn.getrandbits(64):016x}"
        rows.append(f'{{"id":"{name}","user":"{USER}","hash":"{tail}","again":"{name}"}}'.encode())
    return rows


@pytest.fixture(scope="module")
def rows() -> list[bytes]:
    return made_up(600)


@pytest.fixture(scope="module", params=["json-bpe", "char"])
def tokenizer(request: pytest.FixtureRequest, rows: list[bytes]) -> Tokenizer:
    return JsonBpeTokenizer.fit(rows) if request.param == "json-bpe" else CharTokenizer.fit(rows)


@pytest.fixture(scope="module")
def counts(rows: list[bytes], tokenizer: Tokenizer) -> Learned:
    counts = Learned(tokenizer)
    for row in rows:
        counts.slots(row, tokenizer.encode(row))
    redraw = redraw_of(counts.learned(), tokenizer)
    assert redraw is not None
    counts.redraw = redraw
    return counts


class Learned(SlotCounts):
    """Counts, and what was learned of the first rows alone."""

    redraw: Redraw


def shown(row: bytes, tokenizer: Tokenizer, counts: Learned, seed: int = 0) -> dict[str, str]:
    redraw = counts.redraw
    ids = tokenizer.encode(row)
    changed, _ = redraw(ids, counts.slots(row, ids), np.random.default_rng(seed))
    fields = tokenizer.decode(changed.tolist()).decode().strip('{"}').split('","')
    return dict(part.split('":"') for part in fields)


def test_noise_is_drawn_anew_and_what_is_equal_stays_equal(tokenizer: Tokenizer, counts: Learned) -> None:
    name = uuid.UUID(int=12345 << 90 | 77, version=4)
    row = f'{{"id":"{name}","user":"{USER}","hash":"5f3c0123456789abcdef","again":"{name}"}}'.encode()
    new = shown(row, tokenizer, counts)
    assert new["id"] != str(name)
    assert new["id"] == new["again"]
    assert uuid.UUID(new["id"]).version == 4
    assert new["id"][19] in "89ab"
    assert new["user"] == USER
    assert new["hash"] != "5f3c0123456789abcdef"
    assert new["hash"].startswith("5f3c")


def test_what_was_seen_before_is_a_name(rows: list[bytes], tokenizer: Tokenizer, counts: Learned) -> None:
    assert not counts.slots(rows[5], tokenizer.encode(rows[5])).any()


def test_new_digits_are_as_likely_as_each_other(tokenizer: Tokenizer, counts: Learned) -> None:
    digits = []
    drawn = random.Random(2)
    for seed in range(320):
        name = uuid.UUID(int=drawn.getrandbits(120), version=4)  # begins with 00
        row = f'{{"id":"{name}","user":"x","hash":"-","again":"-"}}'.encode()
        digits.append(shown(row, tokenizer, counts, seed)["id"][1])
    assert set(digits) == set("0123456789abcdef"), digits[:3]
    assert max(map(digits.count, set(digits))) < 45


def test_what_is_learned_of_noise_is_that_all_digits_are_as_likely(
    tokenizer: Tokenizer, counts: Learned
) -> None:
    drawn = random.Random(5)
    name = str(uuid.UUID(int=drawn.getrandbits(128), version=4))
    row = f'{{"id":"{name}","user":"{USER}","hash":"-","again":"{name}"}}'.encode()
    ids = tokenizer.encode(row)
    changed, targets = counts.redraw(ids, counts.slots(row, ids), np.random.default_rng(1))
    open_ = targets >= tokenizer.size
    assert (targets[~open_] == changed[~open_]).all()
    choices = counts.redraw.choices
    text = ""
    for token, target, is_open in zip(changed.tolist(), targets.tolist(), open_.tolist(), strict=True):
        piece = tokenizer.decode([token]).decode()
        text += "?" * len(piece) if is_open else piece
        if is_open:
            tokens = choices.tokens[target - tokenizer.size]
            shares = choices.shares[target - tokenizer.size]
            assert token in tokens[shares > 0]
            assert shares.sum() == pytest.approx(1.0)
            assert len(set(shares[shares > 0].tolist())) == 1
    new = tokenizer.decode(changed.tolist()).decode()[7:43]
    pairs = isinstance(tokenizer, JsonBpeTokenizer)  # a pair of the version and a digit is open, too
    spelled = (
        "????????-????-????-????-????????????" if pairs else f"????????-????-4???-{new[19]}???-????????????"
    )
    assert text == f'{{"id":"{spelled}","user":"{USER}","hash":"-","again":"{new}"}}'


def test_few_identifiers_and_counting_ones_are_left(tokenizer: Tokenizer) -> None:
    for number in (20, 600):
        counts = SlotCounts(tokenizer)
        for n in range(number):
            row = f'"{uuid.UUID(int=n << 90 | 0xABCDEF)}"'.encode()  # most digits never change
            counts.slots(row, tokenizer.encode(row))
        slots = counts.learned()
        assert sum(slot.mask != 0 for slot in slots) <= (0 if number == 20 else 4)
        assert len(slots) > 0


def test_windows_of_a_run_are_a_function_of_seed_and_place(
    tmp_path: Path, rows: list[bytes], tokenizer: Tokenizer
) -> None:
    packed = pack(rows, tokenizer, tmp_path / "rows", limit=512)
    again, opened = open_packed(tmp_path / "rows")
    assert again == packed
    assert len(opened.slots[slice(0, packed.tokens)]) == packed.tokens

    def batches(redraw: Redraw | None, seed: int = 3) -> list[bytes]:
        windows = Windows(opened, context=512, batch_tokens=2048, seed=seed, redraw=redraw)
        return [windows.batch(step)[0].tobytes() for step in (0, 7, 7 + len(rows) // windows.batch_size)]

    redraw = redraw_of(packed.slots, tokenizer)
    assert batches(redraw) == batches(redraw)
    assert batches(redraw) != batches(None)
    assert batches(redraw) != batches(redraw, seed=4)


def test_without_noise_there_is_nothing_to_draw() -> None:
    assert redraw_of((), ByteTokenizer()) is None
