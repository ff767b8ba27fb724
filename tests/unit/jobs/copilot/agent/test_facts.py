from __future__ import annotations

import pytest

from icelos.contracts import Fact, Tier
from icelos.jobs.copilot.agent.facts import carried

COUNT = Fact(ref="computed:1", text="count 15", values={"count": 15})
NONE = Fact(ref="computed:2", text="0 rows match", values={"total": 0})
ROW = Fact(
    ref="log:signins/3",
    text="2026-05-05T23:00:00Z: ann sign-in failure on web-02 from 203.0.113.7",
    values={"user": "ann", "host": "web-02", "outcome": "failure", "row": 3, "port": 22},
    tier=Tier.OUTSIDE,
)
ASKED = {"computed:1": '{"view": "findings", "count": true}', "computed:2": '{"view": "log_alerts"}'}


@pytest.mark.parametrize(
    ("sentence", "facts"),
    [
        ("There are 15 findings.", [COUNT]),
        ("In all, fifteen findings were counted.", [COUNT]),
        ("ann failed to sign in on web-02 from 203.0.113.7.", [ROW]),
        ("There are no log alerts.", [NONE]),
    ],
)
def test_carried(sentence: str, facts: list[Fact]) -> None:
    assert carried(sentence, facts, ASKED, names={"ann", "bob"}) == ""


@pytest.mark.parametrize(
    ("sentence", "facts"),
    [
        ("There are 16 findings.", [COUNT]),
        ("There are 15 mails from the director.", [COUNT]),
        ("There are 22 failed sign-ins of ann.", [ROW]),
        ("bob failed to sign in on web-02.", [ROW]),
        ("ann failed to sign in on web-03.", [ROW]),
        ("ann failed to sign in from 203.0.113.8.", [ROW]),
        ("ann failed on 2026-05-06.", [ROW]),
        ("There are no log alerts of Quiet Otter.", [NONE]),
        ("There are no findings.", [COUNT]),
        ("Anything at all.", []),
    ],
)
def test_not_carried(sentence: str, facts: list[Fact]) -> None:
    assert carried(sentence, facts, ASKED, names={"ann", "bob"})
