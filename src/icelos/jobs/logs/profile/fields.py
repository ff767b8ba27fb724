"""What one field holds: types, formats, lengths, range, the commonest values; in bounded memory."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import islice
from typing import Any

import msgspec

from icelos.data.parse.flat import Value, text_of
from icelos.jobs.logs.profile.cardinality import Cardinality
from icelos.jobs.logs.profile.formats import format_of, seconds_of
from icelos.jobs.logs.roles import names_a_time

KEPT = 256
"""Counters of the commonest values, and of the Misra-Gries summary behind them."""
SHOWN = 5
LOOKED_AT = 64
"""Different values of one batch whose format is looked at."""
_FIRST = 8
"""Different values of one batch that may be null or broken before a time is looked for no more."""
LONGEST = 120
_LONG = 200


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One path's profile. `missing` is the share of rows without it, `distinct` may be an estimate.

    `top` are the commonest values with a lower bound of how often they came, `formats` shares of rows, by
    the texts that were looked at. `least` and `most` are of numbers, `first` and `last` of times (seconds,
    epoch).
    """

    path: str
    rows: int
    missing: float
    nulls: int
    depth: int
    types: dict[str, int]
    distinct: int
    distinct_is_exact: bool
    top: tuple[tuple[str, int], ...]
    formats: dict[str, float]
    shortest: int | None
    longest: int | None
    least: float | None
    most: float | None
    first: float | None
    last: float | None


class Range:
    """The least and the greatest of what came."""

    def __init__(self) -> None:
        self.low, self.high = math.inf, -math.inf

    def add(self, values: Collection[float]) -> None:
        """NaN, infinity and integers that are no float64 are passed over."""
        if values and not -_GREATEST <= min(values) <= max(values) <= _GREATEST:
            values = [value for value in values if abs(value) <= _GREATEST]
        if values:
            self.low, self.high = min(self.low, min(values)), max(self.high, max(values))

    def merge(self, other: Range) -> None:
        """What came elsewhere."""
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)

    @property
    def bounds(self) -> tuple[float, float] | tuple[None, None]:
        return (self.low, self.high) if self.low <= self.high else (None, None)


_GREATEST = sys.float_info.max


class Frequent:
    """The commonest values by Misra and Gries (1982): a value in more than 1 of `KEPT` is never lost.

    Counts are lower bounds, too low by at most `lost`.
    """

    def __init__(self) -> None:
        self.counts: Counter[Value] = Counter()
        self.lost = 0

    def add(self, counts: Counter[Value]) -> None:
        """Merged after Agarwal et al., "Mergeable summaries" (2012)."""
        # What comes is cut by itself first: ids are then gone before they are looked at one by one.
        self.counts.update(_shortened(self._cut(counts)))
        self.counts = self._cut(self.counts)

    def merge(self, other: Frequent) -> None:
        """What was counted elsewhere."""
        self.lost += other.lost
        self.add(other.counts)

    def _cut(self, counts: Counter[Value]) -> Counter[Value]:
        if len(counts) <= KEPT:
            return counts
        cut = sorted(counts.values(), reverse=True)[KEPT]
        self.lost += cut
        return Counter({value: n - cut for value, n in counts.items() if n > cut})


_NULL = type(None)
_TEXTS = {str, _NULL}
_TYPES = {str: "text", int: "integer", float: "number", bool: "boolean", _NULL: "null"}


class FieldProfile:
    """Gathers one path's values, a batch at a time. `waiting` are those of the batch to come."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.waiting: list[Value] = []
        self.rows = 0
        self.types: Counter[type] = Counter()
        self.formats: Counter[str] = Counter()
        self.cardinality = Cardinality()
        self.frequent = Frequent()
        self.lengths, self.numbers, self.times = Range(), Range(), Range()
        self._blanks: set[Value] = set()
        self._may_be_time = names_a_time(path)

    @property
    def filled(self) -> int:
        """Different values that say something: neither null nor an empty text."""
        return self.cardinality.count() - len(self._blanks)

    def add(self, values: Sequence[Value]) -> None:
        """The values of a batch of rows; rows without the field bring none."""
        counts: Counter[Value] = Counter(values)
        self.rows += len(values)
        if set(map(type, counts)) <= _TEXTS:
            self._count_texts(len(values), counts.get(None, 0))
            # Whatever is counted among the commonest has been looked at before.
            known = self.frequent.counts
            fresh = [value for value in counts if value not in known]
        else:
            # 1, 1.0 and True are one key.
            self.types.update(map(type, values))
            fresh = list(counts)
        for text in islice((value for value in counts if isinstance(value, str)), LOOKED_AT):
            self.formats[format_of(text)] += counts[text]
        self.frequent.add(counts)
        if fresh:
            self._blanks.update(value for value in ("", None) if value in counts)
            self._look_at(fresh)

    def merge(self, other: FieldProfile) -> None:
        """What another part of the log has at this path."""
        self.rows += other.rows
        self.types.update(other.types)
        self.formats.update(other.formats)
        self._blanks |= other._blanks
        self.cardinality.merge(other.cardinality)
        self.frequent.merge(other.frequent)
        self.lengths.merge(other.lengths)
        self.numbers.merge(other.numbers)
        self.times.merge(other.times)

    def _count_texts(self, rows: int, nulls: int) -> None:
        if nulls:
            self.types[_NULL] += nulls
        if nulls < rows:
            self.types[str] += rows - nulls

    def _look_at(self, values: list[Value]) -> None:
        """Different values that may be new."""
        self.cardinality.add(values)
        texts = _of(values, {str})
        if texts:
            self.lengths.add(list(map(len, texts)))
        if len(texts) < len(values):
            self.numbers.add(_of(values, {int, float}))
        self._time(values, texts)

    def _time(self, values: list[Value], texts: list[str]) -> None:
        """All values of a batch are looked at where one of the first is a time."""
        candidates = values if self._may_be_time else texts
        first = (seconds_of(value, numbers=self._may_be_time) for value in candidates[:_FIRST])
        if all(moment is None for moment in first):
            return
        found = (seconds_of(value, numbers=self._may_be_time) for value in candidates)
        self.times.add([moment for moment in found if moment is not None])

    def told(self, rows: int) -> Field:
        """What was gathered, of `rows` rows in all."""
        looked_at = self.formats.total()
        (shortest, longest), (least, most) = self.lengths.bounds, self.numbers.bounds
        first, last = self.times.bounds
        top = self.frequent.counts.most_common(SHOWN)
        return Field(
            path=self.path,
            rows=self.rows,
            missing=1 - self.rows / rows if rows else 0.0,
            nulls=self.types[_NULL],
            depth=1 + self.path.count(".") + self.path.count("["),
            types={_TYPES[kind]: n for kind, n in self.types.most_common()},
            distinct=self.cardinality.count(),
            distinct_is_exact=self.cardinality.is_exact,
            top=tuple((text_of(value)[:LONGEST], n) for value, n in top if n > 1 or len(top) == 1),
            formats={name: n / looked_at for name, n in self.formats.most_common(SHOWN)},
            shortest=None if shortest is None else int(shortest),
            longest=None if longest is None else int(longest),
            least=least,
            most=most,
            first=first,
            last=last,
        )


def _of(values: list[Value], types: set[type]) -> list[Any]:
    """The values of some types; most fields have but one."""
    if set(map(type, values)) <= types:
        return values
    return [value for value in values if type(value) in types]


def _shortened(counts: Counter[Value]) -> Counter[Value]:
    """Long texts by their beginning and their length: what is kept must be bounded."""
    long = [value for value in counts if isinstance(value, str) and len(value) > _LONG]
    if not long:
        return counts
    short = counts.copy()
    for value in long:
        short[f"{value[:_LONG]}... ({len(value)} characters)"] += short.pop(value)
    return short
