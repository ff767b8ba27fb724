"""`icelos logs evaluate --gate` on public logs: a real held-out half passes, cheats fail for what they do."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from icelos.jobs.logs.evaluation.cheats import CHEATS
from icelos.jobs.logs.evaluation.evaluate import evaluate
from icelos.jobs.logs.profile.rows import Row, RowSource

pytestmark = [
    pytest.mark.data,
    pytest.mark.slow,
    pytest.mark.skipif("ICELOS_DATA" not in os.environ, reason="ICELOS_DATA names no corpora"),
]
LOGS = {
    "Entra sign-ins": "nvidia_azure_signin_demo/azure_signin.jsonl.gz",
    "CloudTrail": "aws_cloudtrail_stratus/invictus_aws.jsonl.gz",
    "OpenStack activity": "openstack_scm_activity/dev_users.jsonl.gz",
}
MOST = 6000
BECAUSE = {
    "medoid": {"distinct rows", "field distance", "value coverage", "pair distance", "rows told apart"},
    "copy": {"exact copies"},
    "independent": {"bonds kept", "bonds within", "dependence error", "usefulness"},
}


@pytest.fixture(scope="module", params=list(LOGS.values()), ids=list(LOGS))
def halves(request: pytest.FixtureRequest) -> tuple[list[Row], list[Row]]:
    path = Path(os.environ["ICELOS_DATA"]) / "logs" / request.param
    if not path.exists():
        pytest.skip(f"no {path.name}")
    rows: list[Row] = []
    for item in RowSource(str(path)):
        if isinstance(item, Row):
            rows.append(item)
        if len(rows) == MOST:
            break
    random.Random(0).shuffle(rows)
    return rows[: len(rows) // 2], rows[len(rows) // 2 :]


def failed(real: list[Row], other: list[Row]) -> set[str]:
    return {one.measure for one in evaluate(real, other).checks if one.passed is False}


def test_a_real_half_passes(halves: tuple[list[Row], list[Row]]) -> None:
    assert failed(*halves) == set()


@pytest.mark.parametrize("cheat", CHEATS)
def test_cheats_fail(halves: tuple[list[Row], list[Row]], cheat: str) -> None:
    real, _ = halves
    assert BECAUSE[cheat] <= failed(real, CHEATS[cheat](real, len(real), 1))
