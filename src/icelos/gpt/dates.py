"""Days of dates, each with its day of the week.

Work follows the week, and a model cannot see it in the digits of a date: that 2024-03-03 is a Sunday takes a
calendar. So `json-bpe` has seven tokens for each day of a month, one for each day of the week, and takes the
one that the calendar says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

DAYS = tuple(f"{day:02}" for _ in range(7) for day in range(1, 32))
"""The texts of the 217 days: those of Mondays first."""

_DATE = re.compile(r"(?<![0-9A-Za-z])[12][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])(?![0-9])")


def days(text: str) -> Iterator[tuple[int, int]]:
    """Where the days of dates (ISO 8601, with dashes) stand, two digits each, and their numbers in `DAYS`.
    Dates that are none (2023-02-30) are passed over."""
    for match in _DATE.finditer(text):
        number = _number(match[0])
        if number is not None:
            yield match.end() - 2, number


@lru_cache(1 << 14)
def _number(written: str) -> int | None:
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return None
    return 31 * day.weekday() + day.day - 1
