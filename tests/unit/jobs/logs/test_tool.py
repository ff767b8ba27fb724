"""What-if results: told where they are kept, and otherwise how to get them."""

from __future__ import annotations

from pathlib import Path

import pytest

from icelos.contracts import Principal
from icelos.errors import InputError
from icelos.jobs.logs import kept_coverage
from icelos.jobs.logs.coverage import Coverage, RuleSeen, Seen
from icelos.jobs.logs.kept_coverage import keep, runs
from icelos.jobs.logs.tool import build
from icelos.settings import Settings, Workspace
from icelos.testing import check_tool

ANN = Principal("ann")
FOUND = Coverage(
    rows=100,
    techniques=(
        Seen(
            technique="T1110.003",
            name="Password Spraying",
            tactics=("credential-access",),
            episodes=5,
            by_detector=3,
            by_rules=2,
            seen=4,
            rules=(("r1", 2),),
        ),
        Seen(
            technique="T1528", name="Steal Token", tactics=(), episodes=5, by_detector=0, by_rules=0, seen=0
        ),
    ),
    rules=(
        RuleSeen(
            id="r1", title="Many failures", own_rows=0, false_positive_rate=0.0, attacks=9, techniques=()
        ),
    ),
    look_alikes=(),
    gaps=("T1528",),
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(workspace=Workspace(home=str(tmp_path)))


def _keep(settings: Settings) -> None:
    keep(
        settings.home / "coverage",
        FOUND,
        log="today.jsonl",
        detector="watch 1",
        rules="sigma",
        episodes=5,
        difficulty=0.5,
    )


def test_nothing_computed_names_the_command(settings: Settings) -> None:
    found = build(settings).call({"technique": "T1110"}, principal=ANN)
    assert found.facts == ()
    assert "icelos logs coverage" in found.notices[0]
    _keep(settings)
    found = build(settings).call({"technique": "T1059"}, principal=ANN)
    assert "no kept run has played T1059" in found.notices[0]
    assert "T1110.003" in found.notices[0]


def test_a_technique_stands_for_its_sub_techniques(settings: Settings) -> None:
    _keep(settings)
    found = check_tool(build(settings), {"technique": "T1110"}, principal=ANN, folder=settings.home)
    (fact,) = found.facts
    assert fact.values["seen"] == 4
    assert "the detector watch 1 saw 3; rules saw 2: Many failures (2)" in fact.text
    assert build(settings).call({"technique": "t1110.003"}, principal=ANN).total == 1
    assert build(settings).call({"technique": "T1528"}, principal=ANN).facts[0].values["seen"] == 0
    with pytest.raises(InputError):
        build(settings).call({"technique": "T11"}, principal=ANN)


def test_the_newest_runs_are_kept_and_broken_files_are_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_coverage, "KEPT", 2)
    for name in ("20250101T000000Z-a", "20250102T000000Z-b"):
        (settings.home / "coverage").mkdir(exist_ok=True)
        (settings.home / "coverage" / f"{name}.json").write_text("{}")
    _keep(settings)
    found, broken = runs(settings.home / "coverage")
    assert (len(found), broken) == (1, 1)
    assert (
        "1 kept results cannot be read" in build(settings).call({"technique": "T1528"}, principal=ANN).notices
    )
