from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.durations import seconds_of, since, told
from icelos.errors import InputError

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def test_lengths_of_time() -> None:
    assert [seconds_of(text) for text in ("90s", "30m", "6h", "7d", "2w", " 1H ")] == [
        90, 1800, 21600, 604800, 1209600, 3600
    ]  # fmt: skip
    assert [told(n) for n in (5, 90, 3600, 86400 * 7)] == ["5 s", "2 min", "1 h", "7 d"]


@pytest.mark.parametrize("text", ["", "0h", "-1h", "1y", "h", "1.5h", "99999999d"])
def test_what_is_no_length(text: str) -> None:
    with pytest.raises(InputError):
        seconds_of(text)


def test_moments() -> None:
    assert since("24h", now=NOW) == NOW - timedelta(hours=24)
    assert since("2026-11-30", now=NOW) == datetime(2026, 11, 30, tzinfo=UTC)
    assert since("2026-11-30T06:00:00+02:00", now=NOW) == datetime(2026, 11, 30, 4, tzinfo=UTC)
    with pytest.raises(InputError, match="not a time"):
        since("yesterday")
    with pytest.raises(InputError, match="longer ago"):
        since("999999w", now=NOW)


@given(st.text(max_size=20))
def test_nothing_but_input_errors(text: str) -> None:
    with suppress(InputError):
        assert since(text, now=NOW).tzinfo is not None
