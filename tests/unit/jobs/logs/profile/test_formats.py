from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.logs.profile.formats import format_of, seconds_of


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("f85a4661-e105-4991-a299-8601aa7e2a4d", "uuid"),
        ("{6A910B9D-498A-5EE0-C903-000000000400}", "uuid"),
        ("-12.5", "number"),
        ("2022-08-27T00:59:39.1818112Z", "time"),
        ("2020-06-09 22:50:54", "time"),
        ("192.0.2.1", "ipv4"),
        ("2001:db8::1", "ipv6"),
        ("00:1a:2b:3c:4d:5e", "mac"),
        ("ann@example.com", "email"),
        ("https://example.com/a?b", "url"),
        ("S-1-5-18", "sid"),
        ("arn:aws:iam::123456789012:user/ann", "arn"),
        ("06a11191b771", "hex"),
        ("C:\\Windows\\x.exe", "path"),
        ("nova/api/x.py", "path"),
        ("s3.amazonaws.com", "domain"),
        ("x36uYBdHvg00lm0wuqskrv89ceW1OlVM", "token"),
        ("two words", "text"),
        ("", "empty"),
        ("x" * 1000, "long text"),
        (1, ""),
        (None, ""),
    ],
)
def test_formats(value: str | int | None, expected: str) -> None:
    assert format_of(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2022-08-27T01:00:00Z", "2022-08-27T01:00:00"),
        ("2022-08-27T03:00:00.1234567+02:00", "2022-08-27T01:00:00"),
        ("2022-08-27 01:00:00,250", "2022-08-27T01:00:00"),
        ("4/18/2020 4:50:30 PM", "2020-04-18T16:50:30"),
        ("Feb 29 04:05:06", "2000-02-29T04:05:06"),
        (1615817523345, "2021-03-15T14:12:03"),
        (1615817523, "2021-03-15T14:12:03"),
        ("1615817523345", "2021-03-15T14:12:03"),
        ("2022-13-27T01:00:00Z", None),
        ("soon, I hope", None),
        (17, None),
        (10**400, None),
        (True, None),
        (None, None),
    ],
)
def test_times(value: str | int | None, expected: str | None) -> None:
    found = seconds_of(value, numbers=True)
    told = (
        None if found is None else datetime.fromtimestamp(int(found), UTC).isoformat().removesuffix("+00:00")
    )
    assert told == expected


def test_numbers_are_times_only_where_asked() -> None:
    assert seconds_of(1615817523) is None


@given(st.text() | st.integers() | st.floats() | st.none() | st.booleans())
def test_any_value_has_an_answer(value: str | int | float | None) -> None:
    format_of(value)
    seconds_of(value, numbers=True)
