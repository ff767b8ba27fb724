"""Rows as arrays: exact values as numbers, and small codes that say what can be compared between samples.

What a field is, is learnt from the real rows alone:
category    values that are common have a code each, the rest is "other";
number      codes are bins with equally many real values;
time        codes are hours of the day, on weekdays and on weekends: generated rows may be of other days;
identifier  values come too seldom to be compared: the code is their format and length.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from icelos.data.parse.flat import Value, text_of
from icelos.jobs.logs.profile.formats import format_of, seconds_of
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.roles import Who, names_a_time

Codes = NDArray[np.int64]
COMMON = 0.005
"""Share of rows from which on a value is compared by itself."""
MAX_PATHS = 1500
MAX_CELLS = 5_000_000
"""Rows times fields of real rows: 40 MB for each array of them."""
BINS = 16
MISSING, OTHER, FIRST = 0, 1, 2
_NO_VALUE = -1
CATEGORY, NUMBER, TIME, IDENTIFIER = "category", "number", "time", "identifier"


@dataclass(frozen=True)
class Column:
    """One field as it was learnt. `varies` where the real rows have more than one value or lack it at times.

    `repeats` is the share of its values that another row has, too.
    """

    path: str
    kind: str
    varies: bool
    repeats: float
    known: dict[int, int]
    edges: NDArray[np.float64]
    shapes: dict[str, int]


@dataclass(frozen=True)
class Part:
    """Rows as arrays, one line a row: `exact` and `codes` by column, users (-1: unknown), times (or NaN)."""

    exact: Codes
    codes: Codes
    users: Codes
    times: NDArray[np.float64]
    rows: Sequence[Row]

    def __len__(self) -> int:
        return len(self.exact)

    def first(self, most: int) -> Part:
        """The first rows, `most` of them."""
        return self if len(self) <= most else self.take(np.arange(most))

    def take(self, places: Codes) -> Part:
        """Some of the rows."""
        return replace(
            self, exact=self.exact[places], codes=self.codes[places], users=self.users[places],
            times=self.times[places], rows=[self.rows[place] for place in places],
        )  # fmt: skip


class Table:
    """Learns columns from real rows, and turns any rows into a `Part`."""

    def __init__(self, rows: Sequence[Row], who: Who) -> None:
        counts = Counter(path for row in rows for path in row.fields)
        number = min(MAX_PATHS, max(1, MAX_CELLS // max(1, len(rows))))
        self.paths = [path for path, _ in counts.most_common(number)]
        self.left_out = len(counts) - len(self.paths)
        self._index = {path: number for number, path in enumerate(self.paths)}
        self._ids: dict[str, int] = {}
        self._values: list[Value] = []
        self.who = who
        exact = self._exact(rows)
        self.columns = [self._learn(path, exact[:, n]) for n, path in enumerate(self.paths)]

    def part(self, rows: Sequence[Row]) -> Part:
        """Rows as arrays."""
        exact = self._exact(rows)
        codes = np.zeros_like(exact)
        for number, column in enumerate(self.columns):
            codes[:, number] = self._coded(column, exact[:, number])
        users = [self._id(row.fields.get(self.who.user)) for row in rows]
        times = [self.seconds(self.who.time, row.fields.get(self.who.time)) for row in rows]
        return Part(exact, codes, np.array(users, np.int64), np.array(times, np.float64), rows)

    def value(self, number: int) -> Value:
        """The value behind a number in `exact`, None for none."""
        return self._values[number] if number >= 0 else None

    def numbers(self, column: int, exact: Codes) -> NDArray[np.float64]:
        """Values of a column as numbers, NaN for what is none."""
        unique, inverse = np.unique(exact[:, column], return_inverse=True)
        found = np.array([_number(self.value(int(v))) for v in unique], np.float64)
        result: NDArray[np.float64] = found[inverse]
        return result

    def seconds(self, path: str, value: Value) -> float:
        """A time as seconds, NaN for what is none."""
        found = seconds_of(value, numbers=names_a_time(path)) if value is not None else None
        return float("nan") if found is None else found

    def _exact(self, rows: Sequence[Row]) -> Codes:
        exact = np.full((len(rows), len(self.paths)), _NO_VALUE, np.int64)
        index, identify = self._index, self._id
        for number, row in enumerate(rows):
            line = exact[number]
            for path, value in row.fields.items():
                place = index.get(path)
                if place is not None:
                    line[place] = identify(value, null=True)
        return exact

    def _id(self, value: Value, *, null: bool = False) -> int:
        if value is None and not null:
            return _NO_VALUE
        text = text_of(value)
        number = self._ids.get(text)
        if number is None:
            number = self._ids[text] = len(self._values)
            self._values.append(value)
        return number

    def _learn(self, path: str, exact: Codes) -> Column:
        unique, counts = np.unique(exact[exact >= 0], return_counts=True)
        values = [self._values[number] for number in unique]
        present = int(counts.sum())
        least = max(3.0, COMMON * len(exact))
        common = unique[counts >= least][np.argsort(-counts[counts >= least], kind="stable")]
        known = {int(number): code for code, number in enumerate(common, FIRST)}
        covered = counts[counts >= least].sum() >= 0.5 * present
        shapes = dict.fromkeys(_shape(v) for v in values)
        return Column(
            path=path,
            kind=self._kind(path, values, covered=bool(covered)),
            varies=len(unique) > 1 or present < len(exact),
            repeats=float(counts[counts > 1].sum() / present) if present else 0.0,
            known=known,
            edges=_edges(values, counts),
            shapes={shape: code for code, shape in enumerate(list(shapes)[:200], FIRST)},
        )

    def _kind(self, path: str, values: list[Value], *, covered: bool) -> str:
        some = values[:: max(1, len(values) // 200)]
        if len(values) > 5 and all(not np.isnan(self.seconds(path, value)) for value in some):
            return TIME
        if len(values) > 2 * BINS and all(not np.isnan(_number(value)) for value in some):
            return NUMBER
        return CATEGORY if covered else IDENTIFIER

    def _coded(self, column: Column, exact: Codes) -> Codes:
        unique, inverse = np.unique(exact, return_inverse=True)
        found = np.array([self._code(column, int(number)) for number in unique], np.int64)
        return found[inverse]

    def _code(self, column: Column, number: int) -> int:
        if number < 0:
            return MISSING
        value = self._values[number]
        if column.kind == CATEGORY:
            return column.known.get(number, OTHER)
        if column.kind == TIME:
            moment = self.seconds(column.path, value)
            return OTHER if np.isnan(moment) else FIRST + _hour(moment)
        if column.kind == NUMBER:
            found = _number(value)
            return OTHER if np.isnan(found) else FIRST + int(np.searchsorted(column.edges, found, "right"))
        return column.shapes.get(_shape(value), OTHER)


def _number(value: Value) -> float:
    """NaN for what is no number, or an integer beyond all float64."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return float("nan")
    return float(value) if abs(value) <= sys.float_info.max else float("nan")


def _edges(values: Sequence[Value], counts: Codes) -> NDArray[np.float64]:
    numbers = np.array([_number(value) for value in values], np.float64)
    good = np.isfinite(numbers)
    if not good.any():
        return np.zeros(0)
    cuts = np.quantile(np.repeat(numbers[good], counts[good]), np.linspace(0, 1, BINS + 1)[1:-1])
    return np.asarray(np.unique(cuts), np.float64)


def _hour(moment: float) -> int:
    """0 to 23 on weekdays, 24 to 47 on weekends; day 0 of the epoch was a Thursday."""
    days, rest = divmod(moment, 86_400)
    return int(rest // 3600) + (24 if (int(days) + 3) % 7 >= 5 else 0)


def _shape(value: Value) -> str:
    """Format and length, lengths by powers of two above 16."""
    text = text_of(value)
    length = len(text) if len(text) <= 16 else 1 << len(text).bit_length()
    return f"{format_of(text)} {length}"
