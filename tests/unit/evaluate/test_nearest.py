from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.evaluate.nearest import binary_rows, closer_share, membership_auc, nearest_distances

_ROWS = st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=8)


@settings(deadline=None)  # the first one imports scipy
@given(_ROWS, _ROWS)
def test_distances_are_those_of_jaccard(left: list[list[int]], right: list[list[int]]) -> None:
    def matrix(rows: list[list[int]]) -> object:
        columns = np.array(rows, np.int64) + 4 * np.arange(4)
        return binary_rows(columns, np.array(rows) > 0, 16)

    def distance(one: list[int], other: list[int]) -> float:
        a = {(n, v) for n, v in enumerate(one) if v}
        b = {(n, v) for n, v in enumerate(other) if v}
        return 1 - len(a & b) / max(1, len(a | b))

    expected = [min(distance(one, other) for other in right) for one in left]
    assert nearest_distances(matrix(left), matrix(right)) == pytest.approx(expected, abs=1e-6)


def test_who_is_closer_and_who_was_a_member() -> None:
    assert closer_share(np.array([0.1, 0.5, 0.2]), np.array([0.2, 0.5, 0.1])) == pytest.approx(0.5)
    assert closer_share(np.zeros(4), np.ones(4)) == 1
    assert membership_auc(np.zeros(4), np.ones(4)) == 1
    assert membership_auc(np.ones(4), np.ones(4)) == 0.5
    assert math.isnan(membership_auc(np.zeros(0), np.ones(1)))
    assert math.isnan(closer_share(np.zeros(0), np.zeros(0)))
