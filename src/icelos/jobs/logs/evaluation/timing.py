"""Rows in time: hours of the day, gaps between a user's rows, sessions; and a user's day as numbers.

Parts hold all rows of their users, thinned to the same density, and are ordered here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from icelos.evaluate.distances import total_variation
from icelos.jobs.logs.evaluation.measures import Figures
from icelos.jobs.logs.evaluation.table import CATEGORY, FIRST, Part, Table

SESSION = 1800.0
"""Seconds without a row that end a session: 30 minutes, as web analytics count."""
DAY = 86_400.0
FEWEST_DAYS = 40
FEWEST_GAPS = 40
FEWEST_USERS = 15
"""What the reference must have for shares of it to mean something."""
_COLUMNS = 12
_CODES = 4
Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


class Ordered(NamedTuple):
    """Rows with a user and a time, by user and then time. `places` are their rows in the part."""

    users: Codes
    times: Floats
    places: Codes


def ordered(part: Part) -> Ordered:
    """The rows that say who and when."""
    usable = np.flatnonzero((part.users >= 0) & np.isfinite(part.times))
    order = usable[np.lexsort((part.times[usable], part.users[usable]))]
    return Ordered(part.users[order], part.times[order], order)


def hours(part: Part) -> Codes:
    """Hour of the day of each row that has a time, UTC."""
    times = part.times[np.isfinite(part.times)]
    return np.asarray(times % DAY // 3600, np.int64)


def gaps(rows: Ordered) -> Floats:
    """Seconds between neighbouring rows of the same user."""
    same = rows.users[1:] == rows.users[:-1]
    found: Floats = np.diff(rows.times)[same]
    return found


def session_lengths(rows: Ordered) -> Codes:
    """Rows in each session of each user."""
    if not len(rows.users):
        return np.zeros(0, np.int64)
    begins = np.concatenate([[True], (np.diff(rows.users) != 0) | (np.diff(rows.times) > SESSION)])
    return np.diff(np.append(np.flatnonzero(begins), len(begins)))


def binned(values: Floats | Codes) -> Codes:
    """Codes by powers of two: 0 for less than 1."""
    return np.asarray(np.floor(np.log2(np.maximum(values, 0.5))) + 1, np.int64)


def timing_figures(candidate: Part, reference: Part) -> Figures:
    """Distances of hours, gaps, sessions and rows per user; NaN where the reference has too few."""
    left, right = ordered(candidate), ordered(reference)
    return {
        "hours": _apart(hours(candidate), hours(reference), 1),
        "gaps": _apart(binned(gaps(left)), binned(gaps(right)), FEWEST_GAPS),
        "sessions": _apart(binned(session_lengths(left)), binned(session_lengths(right)), FEWEST_GAPS),
        "rows per user": _apart(_per_user(left), _per_user(right), FEWEST_USERS),
    }


def _apart(candidate: Codes, reference: Codes, fewest: int) -> float:
    """Total variation distance: NaN where the reference has too few, 1 where only the candidate has none."""
    if len(reference) < fewest:
        return float("nan")
    return total_variation(candidate, reference) if len(candidate) else 1.0


def _per_user(rows: Ordered) -> Codes:
    return binned(np.unique(rows.users, return_counts=True)[1])


def user_days(table: Table, part: Part) -> Floats:
    """One line of numbers for each user and day: how many rows, when, how varied, of what."""
    rows = ordered(part)
    if not len(rows.users):
        return np.zeros((0, 1))
    days = np.floor(rows.times / DAY).astype(np.int64)
    starts = np.concatenate([[True], (np.diff(rows.users) != 0) | (np.diff(days) != 0)])
    begins = np.flatnonzero(starts).tolist()
    ends = [*begins[1:], len(days)]
    columns = _telling(table)
    return np.array(
        [_day(part, rows, columns, begin, end) for begin, end in zip(begins, ends, strict=True)], np.float64
    )


def _telling(table: Table) -> list[int]:
    """Columns of common values, those with the most of them first."""
    found = [n for n, column in enumerate(table.columns) if column.kind == CATEGORY and len(column.known) > 1]
    return sorted(found, key=lambda n: -len(table.columns[n].known))[:_COLUMNS]


def _day(part: Part, rows: Ordered, columns: list[int], begin: int, end: int) -> list[float]:
    times = rows.times[begin:end] % DAY / 3600
    between = np.diff(rows.times[begin:end])
    numbers = [
        float(end - begin), float(times.min()), float(times.max()), float(times.mean()),
        float(np.median(between)) if len(between) else -1.0, float((between > SESSION).sum()),
    ]  # fmt: skip
    codes = np.sort(part.codes[rows.places[begin:end][:, None], columns], axis=0)
    different = 1 + (np.diff(codes, axis=0) != 0).sum(0)
    shares = [(codes == FIRST + code).mean(0) for code in range(_CODES)]
    return numbers + np.column_stack([different, *shares]).ravel().tolist()
