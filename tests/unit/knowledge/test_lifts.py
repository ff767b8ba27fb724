from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from icelos.knowledge.lifts import lifted

TOTALS = {1: 10.9, 2: 1.2, 3: 0.9, 4: 0.8, 5: 0.1}


def order(lifts: dict[int, float], exact: dict[int, float], shown: list[int]) -> list[int]:
    found = lifted(TOTALS, lifts, exact, shown)
    return sorted(found, key=lambda document: -found[document])


def test_a_lift_moves_and_what_is_named_stays_first() -> None:
    assert order({4: 0.3}, {}, [1, 2, 3]) == [1, 2, 4, 3, 5]
    assert order({4: 5.0, 5: 9.0}, {1: 10.0}, [1, 2, 3])[0] == 1
    assert order({4: 5.0}, {3: 1.0}, [1, 2, 3]) == [1, 2, 3, 4, 5]  # not past 3, which is named
    assert order({1: -0.6}, {1: 10.0}, [1, 2, 3])[0] == 1


def test_a_lowered_document_stays_among_those_that_are_shown() -> None:
    assert order({2: -5.0}, {}, [1, 2, 3])[:3] == [1, 3, 2] or order({2: -5.0}, {}, [1, 2, 3])[:3] == [
        1,
        2,
        3,
    ]
    assert set(order({2: -5.0, 1: -5.0}, {}, [1, 2, 3])[:3]) == {1, 2, 3}


@given(
    st.dictionaries(st.integers(1, 6), st.floats(-1, 1), max_size=6), st.sets(st.integers(1, 5), max_size=2)
)
def test_nothing_unnamed_passes_what_is_named(lifts: dict[int, float], named: set[int]) -> None:
    found = lifted(TOTALS, lifts, dict.fromkeys(named, 1.0), [1, 2, 3])
    assert found.keys() == TOTALS.keys()
    for one in named:
        assert found[one] == TOTALS[one]
        for other in TOTALS.keys() - named:
            if TOTALS[other] <= TOTALS[one]:
                assert found[other] <= found[one]
