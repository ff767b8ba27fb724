from __future__ import annotations

import random

import pytest

from icelos.jobs.logs.evaluation.cheats import independent
from icelos.jobs.logs.evaluation.consistency import consistency_figures, learn, worst_bonds
from icelos.jobs.logs.evaluation.table import Table
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.roles import Who


def test_real_rows_keep_what_independent_fields_break(real: list[Row], other: list[Row]) -> None:
    table = Table(real, Who("", "user.id", "time"))
    reference, held, broken = (table.part(rows) for rows in (real, other, independent(real, 320)))
    structure = learn(table, reference)
    names = {(table.paths[bond.left], table.paths[bond.right]) for bond, _ in structure.bonds}
    assert {
        ("user.id", "device.name"),
        ("device.name", "user.name"),
        ("device.name", "device.system"),
    } <= names
    assert ("result", "bytes") not in names
    assert [(table.paths[a], table.paths[b]) for a, b in structure.equal] in (
        [("address", "peer")],
        [("peer", "address")],
    )
    good, bad = (consistency_figures(structure, part, reference) for part in (held, broken))
    assert good["bonds kept"] > 0.95 > 0.6 > bad["bonds kept"]
    assert good["bonds within"] > 0.99 > 0.7 > bad["bonds within"]
    assert good["equal fields"] == 1 > 0.5 > bad["equal fields"]
    assert good["dependence error"] < 0.1 < 0.3 < bad["dependence error"]
    assert good["pair distance"] < bad["pair distance"]
    worst = worst_bonds(table, structure, broken, held)
    assert worst[0].kept < 0.5 < worst[0].ceiling


def test_new_sessions_are_held_against_themselves() -> None:
    """A generator may make sessions up; each must still have one user."""
    rng = random.Random(0)

    def rows(first: int, *, mixed: bool) -> list[Row]:
        found = []
        for n in range(300):
            session = first + n // 5
            user = rng.randrange(9) if mixed else session % 9
            found.append(Row(b"", {"session": f"s{session}", "user": f"u{user}"}, "a:1"))
        return found

    real = rows(0, mixed=False)
    table = Table(real, Who("", "user", ""))
    structure = learn(table, table.part(real))
    for mixed, expected in ((False, 1.0), (True, 1 / 9)):
        found = consistency_figures(structure, table.part(rows(1000, mixed=mixed)), table.part(real))
        assert found["bonds kept"] != found["bonds kept"], "no session is known"
        assert found["bonds within"] == pytest.approx(expected, abs=0.06)
