from __future__ import annotations

import numpy as np
import pytest

from icelos.jobs.logs.evaluation.privacy import (
    content_columns,
    copy_figures,
    distances,
    exact_copies,
    holdout_figures,
)
from icelos.jobs.logs.evaluation.table import Table
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.roles import Who


def test_copies_and_copies_under_new_ids(real: list[Row], other: list[Row]) -> None:
    table = Table(real + other, Who("", "user.id", "time"))
    assert {"id", "time"}.isdisjoint(table.paths[n] for n in content_columns(table))
    train, held = table.part(real), table.part(other)
    renamed = table.part(
        [Row(row.raw, {**row.fields, "id": f"new {n}"}, "a:1") for n, row in enumerate(real)]
    )
    assert exact_copies(train, train) == 1
    assert exact_copies(held, train) == exact_copies(renamed, train) == 0
    for part, near in ((renamed, 1), (held, 0)):
        closest = distances(table, part, train)
        assert int(copy_figures(part, train, closest)["near copies"]) == near
    found = holdout_figures(table, renamed, train, held)
    assert found["closer to training"] > 0.6
    assert found["membership"] > 0.6
    fair = holdout_figures(
        table, held.take(np.arange(160)), train.take(np.arange(160)), train.take(np.arange(160, 320))
    )
    assert fair["closer to training"] == pytest.approx(0.5, abs=0.1)
    assert fair["membership"] == pytest.approx(0.5, abs=0.15)


def test_key_order_and_spaces_do_not_hide_a_copy() -> None:
    real = [Row(b'{"a": 1, "b": "x"}', {"a": 1, "b": "x"}, "a:1"), Row(b"", {"a": 2}, "a:2")]
    table = Table(real, Who("", "", ""))
    copy = table.part([Row(b'{"b":"x","a":1}', {"b": "x", "a": 1}, "b:1")])
    assert exact_copies(copy, table.part(real)) == 1
