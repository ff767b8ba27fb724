from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.mail.detector.vectors import (
    FEATURES,
    FOLDED,
    WORDS,
    columns,
    folded,
    pieces,
    vectors,
)


def _lengths(rows: object) -> list[float]:
    return np.sqrt(rows.multiply(rows).sum(1)).A1.tolist()  # type: ignore[attr-defined, no-any-return]


def test_one_row_a_view_each_half_of_length_one() -> None:
    rows = vectors(["please confirm your password ¤url", "minutes of the meeting"])
    assert rows.shape == (2, FEATURES)
    assert rows.dtype == np.float32
    assert _lengths(rows[:, :WORDS]) == pytest.approx([1.0, 1.0], abs=1e-5)
    assert _lengths(rows[:, WORDS:]) == pytest.approx([1.0, 1.0], abs=1e-5)


def test_a_view_without_words_is_a_row_of_nothing() -> None:
    assert vectors([""]).nnz == 0
    assert vectors([]).shape == (0, FEATURES)


def test_a_word_that_comes_nine_times_says_three_times_as_much() -> None:
    rows = vectors(["buy " * 9 + "now"]).tocsc()
    buy, now = columns(["buy", "now"])
    assert rows[0, buy] / rows[0, now] == pytest.approx(3.0, abs=1e-4)


def test_columns_are_those_of_the_vectors() -> None:
    view = "¤from ann it's 50 % off !! jetzt bestätigen wort_zwei 無料 ¤amount ¤subject a b"
    row = vectors([view])[:, :WORDS]
    assert set(columns(pieces(view))) == set(row.indices.tolist())


def test_pieces_come_once_single_before_pairs() -> None:
    assert pieces("now buy now") == ["now", "buy", "now buy", "buy now"]
    assert pieces("") == []


def test_folding_keeps_what_rows_say_together_each_half_in_a_half() -> None:
    rows = vectors(["one two three four", "five", ""])
    small = folded(rows)
    assert small.shape == (3, FOLDED)
    half = FOLDED // 2
    assert np.allclose(small[:, :half].sum(1), rows[:, :WORDS].sum(1), atol=1e-4)
    assert np.allclose(small[:, half:].sum(1), rows[:, WORDS:].sum(1), atol=1e-4)
    assert (folded(rows[1]) != small[1]).nnz == 0


def test_the_same_view_gives_the_same_row_in_any_batch() -> None:
    views = ["first mail about lunch", "second mail about a parcel", ""]
    whole = vectors(views)
    for place, view in enumerate(views):
        assert (whole[place] != vectors([view])).nnz == 0


@given(st.text(max_size=200))
def test_any_text_works(view: str) -> None:
    row = vectors([view])
    assert row.shape == (1, FEATURES)
    assert np.isfinite(row.data).all()
    found = pieces(view)
    assert set(columns(found)) == set(row[:, :WORDS].indices.tolist())
