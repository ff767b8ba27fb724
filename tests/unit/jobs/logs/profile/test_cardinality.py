from __future__ import annotations

import pytest

from icelos.jobs.logs.profile.cardinality import EXACT, Cardinality


def test_few_values_are_counted_exactly() -> None:
    counter = Cardinality()
    counter.add(["a", "b", None, 1, 1.0, "1"])
    counter.add(["a"])
    assert counter.count() == 4
    assert counter.is_exact


@pytest.mark.parametrize(("left", "right"), [(10, 20), (600, 900), (900, 5000), (4000, 3000), (5000, 10)])
def test_what_was_counted_apart_is_counted_together(left: int, right: int) -> None:
    one, other, both = Cardinality(), Cardinality(), Cardinality()
    one.add(range(left))
    other.add(range(500, 500 + right))
    both.add([*range(left), *range(500, 500 + right)])
    one.merge(other)
    assert one.is_exact == both.is_exact
    assert one.count() == both.count()


@pytest.mark.parametrize("number", [EXACT + 1, 5_000, 12_000, 100_000])
def test_many_values_are_estimated_within_four_standard_errors(number: int) -> None:
    counter = Cardinality()
    for start in range(0, number, 1000):
        counter.add(range(start, min(start + 1000, number)))
        counter.add(range(start)) if start < 3000 else None
    assert not counter.is_exact
    assert counter.count() == pytest.approx(number, rel=4 * 0.0163)
