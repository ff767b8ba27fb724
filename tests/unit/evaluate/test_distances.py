from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.evaluate.distances import association, total_variation


def test_total_variation() -> None:
    assert total_variation(np.array([0, 0, 1, 1]), np.array([1, 0])) == 0
    assert total_variation(np.array([0, 0]), np.array([5, 5])) == 1
    assert total_variation(np.array([0, 0, 0, 1]), np.array([0, 1, 2, 2])) == pytest.approx(0.5)
    assert math.isnan(total_variation(np.array([], np.int64), np.array([1])))


def test_association_of_the_same_and_of_unrelated_columns() -> None:
    random = np.random.default_rng(0)
    column = random.integers(0, 5, 2000)
    assert association(column, column * 7 + 3) == pytest.approx(1, abs=0.01)
    assert association(column, random.integers(0, 5, 2000)) < 0.06
    noisy = np.where(random.random(2000) < 0.5, column, random.integers(0, 5, 2000))
    assert 0.4 < association(column, noisy) < 0.6
    assert association(column, np.zeros(2000, np.int64)) == 0


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=40))
def test_association_is_a_share_and_symmetric(pairs: list[tuple[int, int]]) -> None:
    left, right = np.array(pairs, np.int64).reshape(-1, 2).T
    found = association(left, right)
    assert 0 <= found <= 1
    assert found == pytest.approx(association(right, left), abs=1e-6)
