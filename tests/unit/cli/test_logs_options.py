from __future__ import annotations

from datetime import UTC, datetime

import pytest

from icelos.cli.logs_options import conditions, moment
from icelos.errors import InputError


def test_conditions_are_pairs_and_values_may_hold_equal_signs() -> None:
    assert conditions(["user=ada", "q=a=b", "e="]) == {"user": "ada", "q": "a=b", "e": ""}
    for bad in (["user"], ["=x"], ["a=1", "a=2"]):
        with pytest.raises(InputError):
            conditions(bad)


def test_times_are_in_utc_where_they_name_no_zone_and_a_date_ends_late() -> None:
    assert moment("") is None
    assert moment("2025-01-06") == datetime(2025, 1, 6, tzinfo=UTC)
    assert moment("2025-01-06", last=True) == datetime(2025, 1, 6, 23, 59, 59, 999_999, tzinfo=UTC)
    assert moment("2025-01-06T10:00:00+02:00", last=True) == datetime(2025, 1, 6, 8, tzinfo=UTC)
    with pytest.raises(InputError, match="not a time"):
        moment("yesterday")
