"""CISA's decisions: against the published table, and ranges where points are not known."""

from __future__ import annotations

import csv
import os
from itertools import product
from pathlib import Path

import pytest

from icelos.data.intelligence import Intel
from icelos.jobs.vulns.ssvc import (
    AUTOMATABLE,
    EXPLOITATION,
    MISSION_IMPACT,
    TABLE,
    TECHNICAL_IMPACT,
    Decision,
    advice_on,
    decide,
)


@pytest.mark.data
def test_the_published_table() -> None:
    path = (
        Path(os.environ.get("ICELOS_DATA", "-"))
        / "vulns"
        / "ssvc"
        / "csv"
        / "cisa"
        / "cisa_coordinator_2_0_3.csv"
    )
    if not path.is_file():
        pytest.skip("ICELOS_DATA is not set, or has no vulns/ssvc")
    with path.open() as file:
        rows = list(csv.reader(file))[1:]
    assert len(rows) == 36
    for _, exploitation, automatable, technical, mission, decision in rows:
        found = decide(exploitation.removeprefix("public "), automatable, technical, mission)
        assert str(found) == decision
        assert found.unknown == ()


def test_every_cell_is_there_and_urgency_never_falls() -> None:
    assert set(TABLE) == set(product(EXPLOITATION, AUTOMATABLE, TECHNICAL_IMPACT))
    for (exploitation, automatable, technical), row in TABLE.items():
        assert list(row) == sorted(row)
        for worse in EXPLOITATION[EXPLOITATION.index(exploitation) :]:
            assert all(a <= b for a, b in zip(row, TABLE[worse, automatable, technical], strict=True))


def test_what_is_not_known_is_not_guessed() -> None:
    assert str(decide("active", "yes", "total")) == "attend to act (mission impact unknown)"
    assert str(decide("none", "no", "partial")) == "track (mission impact unknown)", "all values lead there"
    everything = decide()
    assert (everything.least, everything.most, len(everything.unknown)) == (Decision.TRACK, Decision.ACT, 4)
    assert decide("poc", "maybe", "total", "high").unknown == ("automatable",)
    for points in product(
        ("", *EXPLOITATION), ("", *AUTOMATABLE), ("", *TECHNICAL_IMPACT), ("", *MISSION_IMPACT)
    ):
        found = decide(*points)
        assert found.least <= found.most


def test_on_what_is_known() -> None:
    points = {"exploitation": "none", "automatable": "no", "technical_impact": "total"}
    assert str(advice_on(Intel(**points), "high")) == "track*"  # type: ignore[arg-type]
    listed = Intel(in_kev=True, **points)  # type: ignore[arg-type]
    assert str(advice_on(listed, "high")) == "act", "what is in KEV is exploited"
    assert advice_on(Intel(in_kev=False), "high") is None
