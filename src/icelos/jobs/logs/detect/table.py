"""An open hash table in arrays: from keys to slots, many at once.

Keys are 64-bit hashes, of which 32 bits are kept and compared: of ten million keys, one new one in 430 is
taken for one that is there. Slots are found by linear probing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Marks = npt.NDArray[np.uint32]
Slots = npt.NDArray[np.int64]
Arrays = dict[str, npt.NDArray[Any]]

_SMALLEST = 1 << 10
_FULLEST = 0.65
_MIX = np.uint32(0x9E37_79B1)
_UPPER, _LOWER = np.uint64(0xFFFF_FFFF_0000_0000), np.uint64(0xFFFF_FFFF)
_SMALLEST_MARK = np.uint64(1 << 32)


def marks_of(keys: Keys) -> Marks:
    """What is kept of keys: their upper half, which is never 0."""
    marks = (keys >> np.uint64(32)).astype(np.uint32)
    marks[marks == 0] = 1
    return marks


class Groups(NamedTuple):
    """Events by key: `order` (events) are their places, those of a key together and in the order of events;
    `marks`, `starts` and `sizes` (keys) are of each key, where it begins in that order, and how often it is
    there."""

    order: Slots
    marks: Marks
    starts: Slots
    sizes: Slots


def grouped(keys: Keys) -> Groups:
    """The events of keys, of any shape, that have the same marks.

    Marks and places are sorted as one number: several times as fast as a stable sort of the marks.
    """
    both = keys.ravel() & _UPPER
    both[both == 0] = _SMALLEST_MARK
    both |= np.arange(both.size, dtype=np.uint64)
    both.sort()
    order = (both & _LOWER).astype(np.int64)
    both >>= np.uint64(32)
    begins = np.empty(both.size, bool)
    begins[:1] = True
    np.not_equal(both[1:], both[:-1], out=begins[1:])
    starts = np.flatnonzero(begins)
    return Groups(order, both[starts].astype(np.uint32), starts, np.diff(starts, append=both.size))


class Table:
    """Slots of marks, and columns of values beside them; a slot whose mark is 0 is free."""

    def __init__(self, **columns: npt.DTypeLike) -> None:
        self.marks: Marks = np.zeros(_SMALLEST, np.uint32)
        self.columns = {name: np.zeros(_SMALLEST, dtype) for name, dtype in columns.items()}
        self.used = 0

    @property
    def bytes(self) -> int:
        """Of memory."""
        return self.marks.nbytes + sum(column.nbytes for column in self.columns.values())

    def slots(self, marks: Marks) -> Slots:
        """The slots of marks, each of which is another one; those that are not there get one."""
        while (self.used + marks.size) > _FULLEST * self.marks.size:
            new = self._missing(marks)
            if self.used + new <= _FULLEST * self.marks.size:
                break
            self.rebuild(np.ones(self.marks.size, bool), size=2 * self.marks.size)
        return self._found(marks)

    def _missing(self, marks: Marks) -> int:
        """How many of these have no slot."""
        places, left, missing = self._first(marks), np.arange(marks.size), 0
        while left.size:
            there = self.marks[places[left]]
            missing += int(np.count_nonzero(there == 0))
            left = left[(there != 0) & (there != marks[left])]
            places[left] = (places[left] + 1) & (self.marks.size - 1)
        return missing

    def _found(self, marks: Marks) -> Slots:
        places, left = self._first(marks), np.arange(marks.size)
        while left.size:
            there = self.marks[places[left]]
            free = left[there == 0]
            self.marks[places[free]] = marks[free]  # of several that want one slot, one gets it
            self.used += int(np.count_nonzero(self.marks[places[free]] == marks[free]))
            left = left[self.marks[places[left]] != marks[left]]
            places[left] = (places[left] + 1) & (self.marks.size - 1)
        return places

    def _first(self, marks: Marks) -> Slots:
        shift = np.uint32(32 - int(self.marks.size).bit_length() + 1)
        return ((marks * _MIX) >> shift).astype(np.int64)

    def rebuild(self, kept: npt.NDArray[np.bool_], *, size: int | None = None) -> None:
        """A table of the slots that are kept, of `size` slots."""
        places = np.flatnonzero(kept & (self.marks != 0))
        marks, columns = self.marks[places], {name: column[places] for name, column in self.columns.items()}
        size = size or self.marks.size
        self.marks, self.used = np.zeros(size, np.uint32), 0
        slots = self._found(marks)
        for name, values in columns.items():
            fresh = np.zeros(size, values.dtype)
            fresh[slots] = values
            self.columns[name] = fresh

    def snapshot(self) -> Arrays:
        """The table as arrays, of the slots that are taken."""
        places = np.flatnonzero(self.marks)
        found: Arrays = {"marks": self.marks[places], "size": np.array([self.marks.size], np.int64)}
        return found | {name: column[places] for name, column in self.columns.items()}

    def restore(self, state: Arrays) -> None:
        """Take over a snapshot. Raises ValueError for arrays that are none."""
        marks, size = state["marks"], int(state["size"][0])
        if marks.dtype != np.uint32 or size < _SMALLEST or size & (size - 1) or marks.size > size:
            raise ValueError("not a table")
        if np.unique(marks).size != marks.size or (marks == 0).any():
            raise ValueError("not a table: marks that stand twice")
        self.marks, self.used = np.zeros(size, np.uint32), 0
        slots = self._found(marks)
        for name, column in self.columns.items():
            values = state[name]
            if values.shape != marks.shape or values.dtype != column.dtype:
                raise ValueError(f"not a table: its {name}")
            fresh = np.zeros(size, column.dtype)
            fresh[slots] = values
            self.columns[name] = fresh
