from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.errors import InputError
from icelos.jobs.mail.detector.thresholds import LEAST_HAM, flagged_share, quantile, thresholds_for


def test_with_many_mails_the_wanted_share_lies_above(noise: np.random.Generator) -> None:
    ham = np.sort(noise.normal(-4, 2, 20_000))
    for share in (0.05, 0.01, 0.001):
        assert flagged_share(ham.tolist(), quantile(ham, share)) == pytest.approx(share, abs=1e-4)


def test_with_few_mails_the_tail_tells(noise: np.random.Generator) -> None:
    """Exponential tails: the share that was wanted is met on mail of the same kind, within a factor of 3."""
    met = []
    for _ in range(20):
        found = quantile(np.sort(noise.exponential(1.0, 500)), 0.001)
        met.append(float(np.exp(-found)))
    assert 0.001 / 3 < np.median(met) < 0.003


def test_beyond_all_mails_the_threshold_is_above_most() -> None:
    ham = np.linspace(-5, 0, 200)
    assert quantile(ham, 0.0001) > 0.0


@given(st.lists(st.floats(-12, 12), min_size=100, max_size=150), st.floats(1e-6, 0.2), st.floats(1e-6, 0.2))
def test_a_smaller_share_never_has_a_lower_threshold(ham: list[float], one: float, other: float) -> None:
    found = np.sort(np.array(ham))
    low, high = sorted([one, other])
    assert quantile(found, low) >= quantile(found, high)


@given(st.lists(st.sampled_from([-3.14159265, 0.123456, 2.718281828]), min_size=100, max_size=150))
def test_no_more_ham_is_flagged_than_wanted_where_much_of_it_is_alike(ham: list[float]) -> None:
    found = thresholds_for(np.array(ham, np.float32), 0.05)
    assert flagged_share(np.array(ham, np.float32).tolist(), found.review) <= 0.05
    assert found.alert >= found.review
    assert (found.wanted_fpr, found.ham) == (0.05, len(ham))


def test_too_little_ham_is_refused() -> None:
    with pytest.raises(InputError, match="only 99 mails of ham"):
        thresholds_for(np.zeros(LEAST_HAM - 1))


def test_flagged_share() -> None:
    assert flagged_share([1.0, 2.0, 3.0, 4.0], 3.0) == 0.5
    assert flagged_share([], 0.0) == 0.0
