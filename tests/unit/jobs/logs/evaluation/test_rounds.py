from __future__ import annotations

import numpy as np
import pytest

from icelos.jobs.logs.evaluation import rounds
from icelos.jobs.logs.evaluation.sample import draw
from icelos.jobs.logs.evaluation.table import Part, Table
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.roles import Who

WHO = Who("", "user.id", "time")


def ids(part: Part) -> set[object]:
    return {row.fields["id"] for row in part.rows}


def test_halves_share_no_row_and_all_sides_are_alike(real: list[Row], other: list[Row]) -> None:
    table = Table(real, WHO)
    found = rounds.of_rows([table.part(real), table.part(other)], np.random.default_rng(0))
    assert found.counted == len(found.all) == 6
    for one in found.all:
        assert len(one.real) == len(one.reference) == len(one.synthetic) == 160
        assert not ids(one.real) & ids(one.reference)
        assert ids(one.synthetic) <= {row.fields["id"] for row in other}
    assert ids(found.all[0].real) != ids(found.all[1].real)


def test_with_a_holdout_one_round_counts(real: list[Row], other: list[Row]) -> None:
    table = Table(real, WHO)
    parts = [table.part(rows) for rows in (real, other[:150], other[150:])]
    found = rounds.of_rows(parts, np.random.default_rng(0))
    assert found.counted == 1
    assert found.size == 150
    assert ids(found.first.reference) <= ids(parts[2])
    assert ids(found.first.real) <= ids(parts[0])
    assert any(ids(one.reference) & ids(parts[0]) for one in found.all[1:])
    measures = found.measures(lambda candidate, reference: {"x": float(len(ids(candidate) & ids(reference)))})
    assert [(one.name, one.value, one.ceiling) for one in measures] == [("x", 0, 0)]


def test_users_rows_are_thinned_to_one_density(real: list[Row], other: list[Row]) -> None:
    table = Table(real, WHO)
    samples = [draw(real, "r", "user.id"), draw(other[:100], "s", "user.id")]
    found = rounds.of_people(samples, table, np.random.default_rng(0), fewest=20)
    assert found is not None
    assert len(found.first.synthetic) == len(found.first.real) == len(found.first.reference) == 50
    assert rounds.of_people(samples, table, np.random.default_rng(0), fewest=200) is None


def test_measures_by_name() -> None:
    one = rounds.Rounds((), 1)
    (found,) = one.paired([{"x": 0.5}], [{"x": 1.0}, {"x": 0.8}])
    assert (found.value, found.ceiling, found.relative) == (0.5, 1.0, 0.5)
    assert found.noise == pytest.approx(0.14142)
