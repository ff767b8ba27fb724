from __future__ import annotations

import pytest

from icelos.jobs.logs.profile.kinds import KINDS, OTHER, kind_of
from icelos.jobs.logs.profile.profile import profile_rows
from icelos.jobs.logs.profile.rows import Row


@pytest.mark.parametrize(
    ("fields", "kind", "user", "time"),
    [
        (
            {"eventSource": "s3", "eventName": "x", "eventTime": "2024-01-01T00:00:00Z",
             "userIdentity.arn": "a"},
            "AWS CloudTrail", "userIdentity.arn", "eventTime",
        ),
        (
            {"CreationTime": "2024-01-01T00:00:00", "Operation": "x", "UserId": "a"},
            "Office 365 audit", "UserId", "CreationTime",
        ),
        ({"actor.name": "a", "at": 3, "logged_at": 1704067200}, OTHER, "actor.name", "logged_at"),
        ({"x": 1}, OTHER, "", ""),
    ],
)  # fmt: skip
def test_who_and_when(fields: dict[str, str | int], kind: str, user: str, time: str) -> None:
    found = profile_rows([Row(b"", dict(fields), "x:1")])
    assert (found.kind, found.user_field, found.time_field) == (kind, user, time)


def test_each_kind_knows_itself_first() -> None:
    """No kind hides behind an earlier one that needs no more than it does."""
    for kind in KINDS:
        assert kind_of(set(kind.needs)) == kind.name
