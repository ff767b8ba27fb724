from __future__ import annotations

import math

import numpy as np

from icelos.evaluate.bonds import agreement, combinations, find_bond, kept

RANDOM = np.random.default_rng(1)
USERS = RANDOM.integers(0, 20, 1000)
DEVICES = USERS * 2 + RANDOM.integers(0, 2, 1000)
"""Each user has two devices of their own."""


def test_a_bond_is_found_and_a_chance_is_not() -> None:
    found = find_bond(USERS, DEVICES, (3, 4))
    assert found is not None
    assert (found.left, found.right) == (3, 4)
    assert found.seen > 0.99
    assert found.chance < 0.1
    assert 0.4 < found.agree < 0.6
    owner = find_bond(DEVICES, USERS, (4, 3))
    assert owner is not None
    assert owner.agree == 1
    assert find_bond(USERS, RANDOM.permutation(DEVICES), (3, 4)) is None
    assert find_bond(USERS, np.zeros_like(USERS), (3, 4)) is None, "what is always the same is no bond"
    assert find_bond(np.arange(1000), DEVICES, (3, 4)) is None, "values that come once say nothing"


def test_rows_that_keep_it() -> None:
    known = combinations(np.array([1, 1, 2]), np.array([5, 6, 7]))
    assert kept(known, np.array([1, 1, 2, 2, 9]), np.array([5, 7, 7, 50, 5])) == (2, 3)
    assert kept(known, np.array([9]), np.array([5])) == (0, 0)


def test_agreement_of_rows_with_the_same_first_value() -> None:
    assert agreement(np.array([1, 1, 1, 2, 3, 3]), np.array([5, 5, 6, 7, 8, 8])) == (
        (2 * 0.5 + 0 + 2 * 1) / 5,
        5,
    )
    share, rows = agreement(np.array([1, 2]), np.array([1, 1]))
    assert math.isnan(share)
    assert rows == 0
