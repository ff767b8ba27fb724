from __future__ import annotations

import pytest

from icelos.errors import InputError
from icelos.jobs.logs.evaluation.cheats import independent, medoid
from icelos.jobs.logs.evaluation.table import Table
from icelos.jobs.logs.evaluation.usefulness import scores, targets
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.roles import Who


def test_what_is_learnt_from_real_rows_and_from_cheats(real: list[Row], other: list[Row]) -> None:
    table = Table(real, Who("", "user.id", "time"))
    train, reference = table.part(real), table.part(other)
    target = next(t for t in targets(table, reference) if table.paths[t.column] == "result")
    assert table.paths.index("result") not in target.from_columns
    good = scores(table, target, train, train, reference)
    assert good.synthetic == good.real > good.guess + 0.1
    for cheat in (independent, medoid):
        bad = scores(table, target, table.part(cheat(real, 320, 2)), train, reference)
        assert bad.synthetic < good.real - 0.1


def test_fields_that_say_the_same_do_not_give_the_target_away(real: list[Row]) -> None:
    table = Table(real, Who("", "user.id", "time"))
    (found,) = targets(table, table.part(real), "device.system")
    assert table.paths.index("device.name") not in found.from_columns
    with pytest.raises(InputError, match=r"fields such as device\.name, device\.system"):
        targets(table, table.part(real), "device")
