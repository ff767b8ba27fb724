"""Lengths of time as people write them ("30m", "6h", "7d"), and moments by them ("24h" ago, or a date)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from icelos.data.parse.fields import moment
from icelos.errors import InputError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_TEXT = re.compile(r"(\d{1,6})\s*([smhdw])")
_HINT = "a number with s, m, h, d or w, such as 30m, 6h or 7d"


def seconds_of(text: str) -> int:
    """Seconds of "90s", "30m", "6h", "7d", "2w". Raises InputError for anything else, and for none."""
    found = _TEXT.fullmatch(text.strip().lower())
    if found is None or int(found[1]) == 0:
        raise InputError(f"not a length of time: {text[:40]!r}", hint=_HINT)
    return int(found[1]) * _SECONDS[found[2]]


def since(text: str, *, now: datetime | None = None) -> datetime:
    """The moment that a length of time ago, or a date or time (UTC where no zone is said), names.

    Raises InputError.
    """
    try:
        return (now or datetime.now(UTC)) - timedelta(seconds=seconds_of(text))
    except OverflowError as error:
        raise InputError(f"longer ago than there are dates: {text[:40]!r}") from error
    except InputError:
        found = moment(text)
    if found is None:
        raise InputError(f"not a time: {text[:40]!r}", hint=f"a date such as 2026-11-30, or {_HINT}")
    return found


def told(seconds: float) -> str:
    """A length of time in one unit, rounded: "6 h", "3 d"."""
    for unit, size in reversed(_SECONDS.items()):
        if unit != "w" and abs(seconds) >= size:
            return f"{seconds / size:.0f} {unit if unit != 'm' else 'min'}"
    return f"{seconds:.0f} s"
