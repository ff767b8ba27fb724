from __future__ import annotations

import msgspec

from icelos.data.parse.flat import flat_fields
from icelos.jobs.logs.evaluation.cheats import copy, independent, medoid, nested
from icelos.jobs.logs.profile.rows import Row


def test_what_they_make(real: list[Row]) -> None:
    assert len(set(map(id, medoid(real, 10, 1)))) == 1
    copies = copy(real, len(real), 1)
    assert sorted(row.raw for row in copies) == sorted(row.raw for row in real)
    made = independent(real, 300, 1)
    values = {row.fields.get("result") for row in real}
    assert {row.fields.get("result") for row in made} == values
    assert 0 < sum("reason" in row.fields for row in made) < 300
    assert independent(real, 5, 1) == independent(real, 5, 1)


def test_raw_rows_say_what_their_fields_say(real: list[Row]) -> None:
    for row in independent(real, 20, 1):
        assert flat_fields(msgspec.json.decode(row.raw)) == row.fields


def test_fields_that_do_not_fit_together() -> None:
    assert nested({"a": 1, "a.b": 2, "c\\.d.e": 3}) == {"a": 1, "a.b": 2, "c.d": {"e": 3}}
