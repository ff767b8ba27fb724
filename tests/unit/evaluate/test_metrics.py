from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.evaluate.metrics import estimate, ndcg_at, percentile, recall_at, reciprocal_rank, wilson


def test_recall_and_rank() -> None:
    ranked = ["a", "b", "c"]
    assert recall_at(ranked, {"b"}, 1) == 0
    assert recall_at(ranked, {"b"}, 2) == 1
    assert reciprocal_rank(ranked, {"c", "x"}) == pytest.approx(1 / 3)
    assert reciprocal_rank(ranked, {"x"}) == 0


def test_ndcg_by_hand() -> None:
    # gains 1 at ranks 1 and 3; ideal 1 at ranks 1 and 2
    expected = (1 + 1 / math.log2(4)) / (1 + 1 / math.log2(3))
    assert ndcg_at(["a", "x", "b"], {"a", "b"}, 10) == pytest.approx(expected)
    assert ndcg_at(["a"], set(), 10) == 0


@given(st.lists(st.sampled_from("abcdef"), unique=True), st.sets(st.sampled_from("abcdef"), min_size=1))
def test_measures_stay_in_bounds(ranked: list[str], gold: set[str]) -> None:
    for value in (recall_at(ranked, gold, 3), reciprocal_rank(ranked, gold), ndcg_at(ranked, gold, 3)):
        assert 0 <= value <= 1
    assert ndcg_at(sorted(gold), gold, 10) == pytest.approx(1)


def test_the_interval_holds_the_mean_and_is_that_of_the_binomial() -> None:
    values = [1.0] * 300 + [0.0] * 100
    found = estimate(values)
    assert found.value == 0.75
    spread = 1.96 * math.sqrt(0.75 * 0.25 / 400)
    assert found.low == pytest.approx(0.75 - spread, abs=0.01)
    assert found.high == pytest.approx(0.75 + spread, abs=0.01)
    assert str(found).startswith("0.750 [")
    assert estimate(values) == found


def test_nothing_measured_is_nan() -> None:
    assert math.isnan(estimate([]).value)
    assert math.isnan(percentile([], 0.5))
    assert percentile([1, 2, 3], 0.5) == 2


def test_the_interval_of_a_share_is_wilsons() -> None:
    low, high = wilson(8, 10)
    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 100)[0] == 0.0
