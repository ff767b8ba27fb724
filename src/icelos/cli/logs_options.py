"""Options of `icelos logs` as values: conditions and times."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from icelos.errors import InputError


def conditions(given: Iterable[str]) -> dict[str, str]:
    """FIELD=VALUE pairs. Raises InputError for one without a field, and for a field that stands twice."""
    found: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not name or not equals:
            raise InputError(f"not a condition: {one!r}", hint="--where FIELD=VALUE")
        if name in found:
            raise InputError(f"two values for {name}", hint="--where takes one for each field")
        found[name] = value
    return found


def moment(given: str, *, last: bool = False) -> datetime | None:
    """An ISO 8601 time, in UTC where it names no zone; of a date alone its first, or `last`, moment.

    None for the empty text. Raises InputError.
    """
    if not given:
        return None
    try:
        found = datetime.fromisoformat(given)
    except ValueError as error:
        raise InputError(f"not a time: {given!r}", hint="for example 2025-01-06T08:00:00Z") from error
    if last and len(given) <= len("2025-01-06"):
        found += timedelta(days=1, microseconds=-1)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
