from __future__ import annotations

import math

from icelos.jobs.logs.evaluation.cheats import independent
from icelos.jobs.logs.evaluation.discriminator import day_figures, row_figures
from icelos.jobs.logs.evaluation.table import Table
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.roles import Who


def test_rows_and_days(real: list[Row], other: list[Row]) -> None:
    table = Table(real, Who("", "user.id", "time"))
    reference, held, broken = (table.part(rows) for rows in (real, other, independent(real, 320)))
    assert row_figures(table, held, reference)["rows told apart"] < 0.6
    assert row_figures(table, broken, reference)["rows told apart"] > 0.75
    assert day_figures(table, held, reference)["user-days told apart"] < 0.7
    few = day_figures(table, held.take(reference.users[:0]), reference)
    assert math.isnan(few["user-days told apart"])
    assert few["user-days"] == 0
