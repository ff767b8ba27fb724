"""Rows of known kinds as the same columns; nothing is guessed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.cef import parse_cef
from icelos.data.parse.flat import flat_fields
from icelos.data.parse.syslog import parse_syslog
from icelos.errors import InputError
from icelos.jobs.logs.columns import ColumnReader, Columns

ENTRA = {
    "createdDateTime": "2026-05-05T08:00:00.5Z",
    "userPrincipalName": "ann@corp.example",
    "appDisplayName": "Portal",
    "ipAddress": "10.0.0.5",
    "status": {"errorCode": 50126},
    "deviceDetail": {"displayName": "LT-1"},
}
TRAIL = {
    "eventTime": "2026-05-05T08:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
    "userIdentity": {"arn": "arn:aws:iam::1:user/ann"}, "sourceIPAddress": "10.0.0.5",
}  # fmt: skip
CEF = "CEF:0|V|P|1|100|login|5|suser=ann src=10.0.0.5 dvchost=fw-1 outcome=blocked rt=1777968000000 act=deny"
TIME = datetime(2026, 5, 5, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            ENTRA,
            (
                TIME.replace(microsecond=500_000),
                "ann@corp.example",
                "10.0.0.5",
                "LT-1",
                "Portal",
                "",
                "failure",
            ),
        ),
        (
            ENTRA | {"status": {"errorCode": 0}},
            (
                TIME.replace(microsecond=500_000),
                "ann@corp.example",
                "10.0.0.5",
                "LT-1",
                "Portal",
                "",
                "success",
            ),
        ),
        (
            TRAIL,
            (TIME, "arn:aws:iam::1:user/ann", "10.0.0.5", "", "s3.amazonaws.com", "GetObject", "success"),
        ),
        (
            {"detail": TRAIL | {"errorCode": "AccessDenied"}},
            (TIME, "arn:aws:iam::1:user/ann", "10.0.0.5", "", "s3.amazonaws.com", "GetObject", "failure"),
        ),
        (parse_cef(CEF), (TIME, "ann", "10.0.0.5", "fw-1", "", "deny", "failure")),
        (
            {
                "CreationTime": "2026-05-05T08:00:00",
                "Operation": "FileAccessed",
                "UserId": "ann",
                "Workload": "SharePoint",
                "ClientIP": "[2001:db8::1]:443",
                "ResultStatus": "Succeeded",
            },
            (TIME, "ann", "2001:db8::1", "", "SharePoint", "FileAccessed", "success"),
        ),
        (
            {"@timestamp": "2026-05-05T08:00:00Z", "user.name": "x", "event": {"action": "open"}},
            (TIME, "", "", "", "", "open", "unknown"),
        ),
        (
            {"user": {"name": "ann"}, "source": {"ip": "::1"}, "event": {"outcome": "success"}},
            (None, "ann", "::1", "", "", "", "success"),
        ),
        ({"nothing": "that is known"}, (None, "", "", "", "", "", "unknown")),
    ],
)
def test_kinds(row: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert ColumnReader().of(flat_fields(row)) == Columns(*expected)


@pytest.mark.parametrize(
    ("newest", "year"), [(datetime(2026, 12, 31, tzinfo=UTC), 2026), (datetime(2026, 3, 1, tzinfo=UTC), 2025)]
)
def test_a_time_without_a_year_is_the_last_one_before_the_log_ends(newest: datetime, year: int) -> None:
    row = flat_fields(parse_syslog("Dec 10 06:55:46 LabSZ sshd[24200]: Invalid user webmaster"))
    found = ColumnReader(newest).of(row)
    assert found.time == datetime(year, 12, 10, 6, 55, 46, tzinfo=UTC)
    assert (found.host, found.application) == ("LabSZ", "sshd")


NAMES = st.sampled_from([*ENTRA, *TRAIL, "status", "event", "detail", "user", "time", "EventID", "Channel"])
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["0", "::", "9" * 30])
)


@given(st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, VALUES, max_size=4), max_size=8))
def test_no_row_breaks_it(row: dict[str, Any]) -> None:
    try:
        fields = flat_fields(row)
    except InputError:
        return
    found = ColumnReader().of(fields)
    assert found.outcome in {"success", "failure", "unknown"}
    assert all(value.encode() for value in found.attributes.values())
