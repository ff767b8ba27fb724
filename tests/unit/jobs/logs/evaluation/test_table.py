from __future__ import annotations

import numpy as np
import pytest

from icelos.data.parse.flat import Value, text_of
from icelos.jobs.logs.evaluation.table import (
    CATEGORY,
    FIRST,
    IDENTIFIER,
    MISSING,
    NUMBER,
    OTHER,
    TIME,
    Table,
)
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.roles import Who


def row(**fields: Value) -> Row:
    return Row(b"", fields, "a:1")


def table(number: int = 400) -> Table:
    rows = []
    for n in range(number):
        fields: dict[str, Value] = {
            "color": ("red", "red", "blue")[n % 3],
            "when": f"2025-01-{6 + n % 9:02}T{n % 24:02}:00:00Z",
            "size": n * 1.5,
            "id": f"{n:08x}",
            "user": f"u{n % 5}",
        }
        rows.append(row(**fields, **({"rare": 1} if n % 4 == 0 else {})))
    return Table(rows, Who("", "user", "when"))


def test_what_fields_are() -> None:
    kinds = {column.path: column.kind for column in table().columns}
    assert kinds == {
        "color": CATEGORY, "when": TIME, "size": NUMBER, "id": IDENTIFIER, "user": CATEGORY, "rare": CATEGORY,
    }  # fmt: skip


def test_codes() -> None:
    learnt = table()
    part = learnt.part([
        row(color="red", when="2025-01-06T13:00:00Z", size=0, id="00000001", user="u1", rare=1.0),
        row(color="green", when="2025-01-11T13:00:00Z", size="big", id="not of that shape", user=None),
        row(color=None, when="soon", size=1e9, extra=1),
    ])  # fmt: skip
    of = {path: part.codes[:, n].tolist() for n, path in enumerate(learnt.paths)}
    assert of["color"] == [FIRST, OTHER, OTHER]
    assert of["when"] == [FIRST + 13, FIRST + 24 + 13, OTHER]  # a Monday, a Saturday
    assert of["size"] == [FIRST, OTHER, FIRST + 15]
    assert of["id"] == [FIRST, OTHER, MISSING]
    assert of["rare"] == [FIRST, MISSING, MISSING]
    assert part.users[0] != part.users[1] == -1
    assert np.isnan(part.times[2])
    assert part.take(np.array([2, 0])).rows[1] is part.rows[0]


def test_numbers_and_texts() -> None:
    learnt = table()
    part = learnt.part([row(size=2.5), row(size="x"), row()])
    numbers = learnt.numbers(learnt.paths.index("size"), part.exact)
    assert numbers[0] == 2.5
    assert np.isnan(numbers[1:]).all()
    assert [text_of(value) for value in (1, 1.0, "1", True, None, 1.5)] == [
        "1",
        "1",
        "1",
        "true",
        "null",
        "1.5",
    ]


def test_the_rarest_fields_are_left_out_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icelos.jobs.logs.evaluation.table.MAX_CELLS", 30)
    rows = [Row(b"", {"same": "a", f"own{n}": n}, "a:1") for n in range(10)]
    table = Table(rows, Who("", "", ""))
    assert (len(table.paths), table.paths[0], table.left_out) == (3, "same", 8)


def test_integers_beyond_all_floats_are_no_numbers() -> None:
    rows = [Row(b"", {"n": 10**400 + n}, "a:1") for n in range(40)]
    table = Table(rows, Who("", "", "n"))
    found = table.part(rows)
    assert np.isnan(found.times).all()
    assert np.isnan(table.numbers(0, found.exact)).all()
