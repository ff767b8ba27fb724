from __future__ import annotations

import math

import numpy as np

from icelos.evaluate.discriminator import auc_noise, table_auc, tokens_auc

RANDOM = np.random.default_rng(2)


def test_two_samples_of_the_same_and_of_different_rows() -> None:
    left, right = (RANDOM.integers(0, 4, (300, 3)).astype(float) for _ in range(2))
    assert abs(table_auc(left, right, [True, True, False]) - 0.5) < 4 * auc_noise(300, 300)
    assert table_auc(left, right + 2, [True] * 3) > 0.8


def test_what_only_shows_in_two_columns_together() -> None:
    left = RANDOM.integers(0, 4, (400, 1)).repeat(2, axis=1).astype(float)
    right = RANDOM.integers(0, 4, (400, 2)).astype(float)
    assert table_auc(left, right, [True, True]) > 0.8


def test_values_that_only_one_side_has() -> None:
    left, right = [["a=1", f"b={n % 3}"] for n in range(200)], [["a=2", f"b={n % 3}"] for n in range(200)]
    assert tokens_auc(left, right) == 1
    assert abs(tokens_auc(left, left) - 0.5) < 0.1


def test_too_few_rows() -> None:
    assert math.isnan(table_auc(np.zeros((5, 1)), np.zeros((5, 1)), [True]))
    assert math.isnan(auc_noise(0, 3))
