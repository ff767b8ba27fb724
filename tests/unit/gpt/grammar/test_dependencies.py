from __future__ import annotations

import random
from array import array

import pytest

from icelos.gpt.grammar import dependencies as module
from icelos.gpt.grammar.dependencies import Column, dependencies


def column(values: list[int], size: int) -> Column:
    return Column(array("i", values), size)


def test_a_field_depends_on_the_one_that_tells_its_value() -> None:
    rng = random.Random(0)
    users = [rng.randrange(20) for _ in range(1000)]
    apps = [rng.randrange(5) for _ in range(1000)]
    names = [user % 10 for user in users]
    (found,) = dependencies([column(users, 20), column(apps, 5), column(names, 10)])
    assert (found.field, found.on) == (2, 0)
    assert found.table == tuple((user % 10,) for user in range(20))


def test_pairs_that_keep_coming_new_are_not_relied_on() -> None:
    values = list(range(200)) * 2
    others = [value if n < 200 else 199 - value for n, value in enumerate(values)]
    assert not list(dependencies([column(values, 200), column(others, 200)]))
    assert list(dependencies([column(values, 200), column(values, 200)]))


def test_values_seen_once_keep_the_pair_they_were_seen_in() -> None:
    values = [0] * 50 + [1] * 50 + list(range(2, 30))
    (found,) = dependencies([column(values, 30), column(values, 30)])
    assert found.table[29] == (29,)


def test_each_value_of_a_label_is_judged_by_its_own_pairs() -> None:
    """Rare: what its rows do is relied on, and whose they are is not, as each has another user."""
    labels = [0] * 5000 + [1] * 30
    kinds = [n % 4 for n in range(5000)] + [3] * 30
    users = [n % 100 for n in range(5000)] + list(range(30))
    columns = [column(labels, 2), column(kinds, 4), column(users, 100)]
    assert not list(dependencies(columns[:2]))
    (found,) = dependencies(columns[:2], 0)
    assert found.table == ((0, 1, 2, 3), (3,))
    assert not [one for one in dependencies(columns, 0) if one.field == 2 and one.on == 0]


def test_rows_without_a_value_count_for_nothing_and_tables_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = [0, 1, -1] * 50, [1, 0]
    assert not list(dependencies([column(first, 2), column([-1] * 149, 2)]))
    assert list(dependencies([column(first, 2), column(second * 40, 2)])) == []
    monkeypatch.setattr(module, "TOTAL_LIMIT", 1)
    assert not list(dependencies([column(first, 2), column(first, 2)]))
