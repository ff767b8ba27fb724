"""Which values of one field go with which of another: found by counting pairs over the rows.

A pair of fields is of use where a value of the one leaves few of the other, and may be relied on where
few new pairs are to be expected: the same estimate as for values, the share of pairs seen once. A pair whose
first value was seen once says nothing about that: the value has no second pair to differ in.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from icelos.gpt.grammar.learned import Dependency

UNSEEN = 0.02
"""Pairs are relied on where at most this share of further rows would bring a new one."""
PAIRS_LIMIT = 8192
TOTAL_LIMIT = 100_000
MOST_FOR_A_FIELD = 3
NARROWS_TO = 0.7
"""A field is of use where it leaves at most this share of the values of the other, on average."""
FIELDS_LIMIT = 256

_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Column:
    """The values of one closed field by row, as numbers (-1: absent), and how many there are."""

    values: array[int]
    size: int


@dataclass(frozen=True)
class _Pairs:
    on: int
    left: float
    table: tuple[tuple[int, ...], ...]


def dependencies(columns: Sequence[Column], by_value: int = -1) -> Iterator[Dependency]:
    """For each field, up to `MOST_FOR_A_FIELD` earlier ones that narrow it, the best first.

    Of the field `by_value` each value is judged by its own pairs: what rare ones were seen with is else
    relied on because common ones bring nothing new, or of no use because those leave all. It comes
    first.
    """
    length = max((len(column.values) for column in columns), default=0)
    arrays = [_padded(column, length) for column in columns[:FIELDS_LIMIT]]
    room = TOTAL_LIMIT
    for field, size in enumerate(column.size for column in columns[:FIELDS_LIMIT]):
        if size < 2:
            continue
        found = [
            pairs
            for on in range(field)
            if columns[on].size > 1
            and (pairs := _pairs(arrays[on], arrays[field], on, columns[on].size, size, on == by_value))
            is not None
        ]
        found.sort(key=lambda pairs: (pairs.left, pairs.on))
        labels = [pairs for pairs in found if pairs.on == by_value]
        for pairs in [*labels, *[one for one in found if one.on != by_value][:MOST_FOR_A_FIELD]]:
            room -= sum(len(goes) for goes in pairs.table if len(goes) < size)
            if room < 0:
                return
            yield Dependency(field=field, on=pairs.on, table=pairs.table)


def _padded(column: Column, length: int) -> _Ints:
    padded = np.full(length, -1, dtype=np.int64)
    padded[: len(column.values)] = column.values
    return padded


def _pairs(
    on_values: _Ints, values: _Ints, on: int, on_size: int, size: int, by_value: bool
) -> _Pairs | None:
    both = (on_values >= 0) & (values >= 0)
    total = int(both.sum())
    if total < 2:
        return None
    codes, counts = np.unique(on_values[both] * size + values[both], return_counts=True)
    owners = codes // size
    often = np.bincount(on_values[both], minlength=on_size)[owners] > 1
    if len(codes) > PAIRS_LIMIT or int((often & (counts == 1)).sum()) > UNSEEN * total:
        return None
    widths = np.bincount(owners, minlength=on_size)
    left = float((widths[owners] * counts).sum() / total)  # values left, over the rows
    if left > NARROWS_TO * size and not by_value:
        return None
    table: list[list[int]] = [[] for _ in range(on_size)]
    for owner, value in zip(owners.tolist(), (codes % size).tolist(), strict=True):
        table[owner].append(value)
    if by_value:
        rows = np.bincount(on_values[both], minlength=on_size)
        new = np.bincount(owners[often & (counts == 1)], minlength=on_size)
        for owner in np.flatnonzero(new > UNSEEN * rows).tolist():
            table[owner] = list(range(size))
        if min(map(len, table)) > NARROWS_TO * size:
            return None
    return _Pairs(on, left, tuple(map(tuple, table)))
