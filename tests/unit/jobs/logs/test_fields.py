from __future__ import annotations

import pytest

from icelos.jobs.logs.fields import named


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("user", ["a", "userPrincipalName"], "userPrincipalName"),
        ("user", ["user", "userPrincipalName"], "user"),
        ("source", ["properties.ipAddress", "callerIpAddress"], "properties.ipAddress"),
        ("user", ["a"], "user"),
        ("other", ["userPrincipalName"], "other"),
    ],
)
def test_roles_are_played_by_fields(name: str, known: list[str], expected: str) -> None:
    assert named(name, known) == expected
