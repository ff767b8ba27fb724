from __future__ import annotations

from collections.abc import Mapping

import pytest

from icelos.data.parse.flat import Value
from icelos.jobs.logs.evaluation.fields import (
    common_share,
    coverage,
    field_figures,
    known_share,
    known_types,
    listed,
)
from icelos.jobs.logs.evaluation.table import Table
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.roles import Who


def rows(*values: Mapping[str, Value]) -> list[Row]:
    return [Row(b"", dict(value), "a:1") for value in values]


PAIR: list[dict[str, Value]] = [{"a": "x", "b": 1}, {"a": "y", "b": 1}]
REAL = rows(*PAIR * 50)
TABLE = Table(REAL, Who("", "", ""))


def test_figures() -> None:
    reference = TABLE.part(REAL)
    same = field_figures(TABLE, reference, reference)
    assert same == {"field distance": 0, "missing rates": 0, "value coverage": 1}
    other = TABLE.part(rows(*({"a": "x"} for _ in range(100))))
    found = field_figures(TABLE, other, reference)
    assert found["field distance"] == pytest.approx((0.5 + 1) / 2)
    assert found["missing rates"] == 1
    assert found["value coverage"] == pytest.approx(1 / 3)  # x, not y, and not b=1
    worst = listed(TABLE, other, reference, reference)
    assert [(one.path, one.distance, one.missing) for one in worst] == [("b", 1.0, 1.0), ("a", 0.5, 0.0)]


def test_only_values_that_must_be_expected_are_asked_for() -> None:
    few = rows(*({"a": str(n)} for n in range(5)), *({"a": "z"} for _ in range(45)))
    table = Table(few, Who("", "", ""))
    part = table.part(few)
    assert coverage(table, table.part(few[5:]), part) == 1
    assert (common_share(50), common_share(100_000)) == (0.1, 0.005)


def test_known_paths_and_types() -> None:
    known = known_types(rows({"a": 1, "b": "x"}, {"c": None}))
    assert known_share(rows({"a": 2.5}, {"a": None}, {"a": "2"}, {"c": 1}, {}), known) == pytest.approx(3 / 5)
