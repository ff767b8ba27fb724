from __future__ import annotations

import pytest

from icelos.data.parse.flat import Value
from icelos.jobs.logs.profile.profile import profile_rows
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.roles import KINDS, OTHER, ROLES, Kind, kind_of, played, title_of, user_of


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
        ({"TargetUserName": "a", "EventTime": "2024-01-01T00:00Z"}, OTHER, "TargetUserName", "EventTime"),
    ],
)  # fmt: skip
def test_who_and_when(fields: dict[str, str | int], kind: str, user: str, time: str) -> None:
    found = profile_rows([Row(b"", dict(fields), "x:1")])
    assert (found.kind, found.user_field, found.time_field) == (kind, user, time)


def test_each_kind_knows_itself_first() -> None:
    """No kind hides behind an earlier one that needs no more than it does."""
    for kind in KINDS:
        assert kind_of(set(kind.needs)) == kind.name


@pytest.mark.parametrize(
    ("role", "known", "expected"),
    [
        ("user", ["a", "userPrincipalName"], "userPrincipalName"),
        ("user", ["user", "userPrincipalName"], "user"),
        ("source", ["properties.ipAddress", "callerIpAddress"], "properties.ipAddress"),
        ("application", ["eventSource", "eventName", "eventTime", "app"], "eventSource"),
        ("user", ["a"], "user"),
        ("other", ["userPrincipalName"], "other"),
    ],
)
def test_roles_are_played_by_paths(role: str, known: list[str], expected: str) -> None:
    assert played(role, known) == expected


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_the_profile_knows_the_others_know(kind: Kind) -> None:
    fields: dict[str, Value] = dict.fromkeys(kind.needs, "x")
    fields |= {kind.user[0]: "ada", kind.time[0]: "2024-01-01T00:00Z"}
    found = profile_rows([Row(b"", fields, "x:1")])
    assert (found.user_field, found.time_field) == (kind.user[0], kind.time[0])
    assert played("user", fields) in (kind.user[0], "user")
    assert user_of(fields) == "ada"
    assert set(kind.user) <= set(ROLES["user"])


def test_the_header_says_which_product() -> None:
    rows = [
        Row(b"", {"cefVersion": "0", "deviceVendor": vendor, "deviceProduct": "wall"}, "x:1")
        for vendor in ("Fire", "Fire", "v" * 500, "")
        for _ in range(16)
    ]
    found = profile_rows(rows)
    assert found.kind == "CEF (Fire, wall)"
    assert list(found.kinds) == ["CEF (Fire, wall)", f"CEF ({'v' * 60}, wall)", "CEF (wall)"]
    assert title_of("CEF", {}) == "CEF"
    assert title_of(OTHER, {"vendor": "x"}) == OTHER
