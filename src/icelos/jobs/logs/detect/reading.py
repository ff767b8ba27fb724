"""A log as batches to score: columns of all rows, and what a finding of one of them needs.

Rows do not become objects of their own: the lines of a block are decoded together, and those of the few rows
that get a finding once more. What no typed decoder reads goes through the parsers of `profile.rows`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from icelos.findings import Failure, Finding
from icelos.jobs.logs.detect.columns import Columns, Reader
from icelos.jobs.logs.profile.rows import Block, Row, RowSource

BATCH = 8192
"""Rows of a batch, at most."""
_BYTES = 1 << 24
"""Bytes of its lines from which on it takes no more."""

Values = tuple[Any, ...]
Wholes = npt.NDArray[np.int64]


class Read(NamedTuple):
    """The values of a row, its bytes, its place, and its id where that is known already."""

    values: Values
    raw: bytes
    name: str
    number: int
    id: str = ""

    @property
    def source(self) -> str:
        """As findings say it."""
        return f"{self.name}:{self.number}"


@dataclass
class Batch:
    """Some rows and failures of a log, in its order.

    `text` is that of all rows, one behind the other, which end at `ends` (rows); `numbers` (rows) are those
    of their lines, `names` those of files, each with the first row of it. `odd` are the values of rows that
    their text alone does not tell. `failures` have the number of rows before each.
    """

    columns: Columns
    text: bytes
    ends: Wholes
    numbers: Wholes
    names: Sequence[tuple[int, str]]
    odd: Mapping[int, Values]
    failures: Sequence[tuple[int, Failure]]

    @property
    def items(self) -> int:
        """Rows and failures."""
        return len(self.columns) + len(self.failures)

    def in_order(self, found: Mapping[int, Finding]) -> list[Finding | Failure]:
        """Findings by row and the failures, as they stand in the log."""
        placed: list[tuple[int, int, Finding | Failure]] = [(row, 1, one) for row, one in found.items()]
        placed += [(before, 0, one) for before, one in self.failures]
        return [one for _, _, one in sorted(placed, key=itemgetter(0, 1))]

    def read(self, row: int, reader: Reader) -> Read:
        """One row, with the reader that the columns are of."""
        line = self.text[self.ends[row - 1] if row else 0 : self.ends[row]]
        values = self.odd[row] if row in self.odd else reader.decoded(line)
        if values is None:
            raise ValueError(f"no row of this reader: {row}")
        _, name = self.names[bisect_right(self.names, row, key=lambda one: one[0]) - 1]
        return Read(values, line, name, int(self.numbers[row]))


def read_batches(source: str, reader: Reader, *, size: int = BATCH, skipped: int = 0) -> Generator[Batch]:
    """All rows and failures of a file, folder or standard input ("-"), but for so many first ones.

    Raises InputError where there is nothing to read at all.
    """
    batch = _Gathered(reader)
    for part in _parts(source, size):
        batch.add(part)
        skipped -= batch.drop(skipped)
        if batch.items >= size or batch.bytes >= _BYTES:
            yield batch.done()
            batch = _Gathered(reader)
    if batch.items:
        yield batch.done()


def read_values(source: str, reader: Reader) -> Iterator[Values]:
    """The values of all rows that can be read."""
    for part in _parts(source, BATCH):
        batch = _Gathered(reader)
        batch.add(part)
        yield from batch.values


def read_rows(source: str, reader: Reader) -> Iterator[Read]:
    """All rows that can be read."""
    for part in _parts(source, BATCH):
        batch = _Gathered(reader)
        batch.add(part)
        yield from batch.rows()


def batches(reader: Reader, rows: Iterable[Values], size: int = BATCH) -> Iterator[Columns]:
    """Rows of values as columns, some at a time."""
    waiting = iter(rows)
    while some := list(islice(waiting, size)):
        yield reader.columns(some)


def _parts(source: str, size: int) -> Iterator[Block | Row | Failure]:
    """What a source holds, no more than some lines at a time."""
    for part in RowSource(source).blocks():
        if isinstance(part, Block):
            for begin in range(0, len(part.lines), size):
                yield part.part(begin, begin + size)
        else:
            yield part


class _Gathered:
    """A batch that is not done yet."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.values: list[Values] = []
        self._lines: list[bytes] = []
        self._numbers: list[int] = []
        self._names: list[tuple[int, str]] = []
        self._odd: dict[int, Values] = {}
        self._failures: list[tuple[int, Failure]] = []
        self.bytes = 0

    @property
    def items(self) -> int:
        """Rows and failures."""
        return len(self.values) + len(self._failures)

    def add(self, part: Block | Row | Failure) -> None:
        """Some more of the log."""
        if not isinstance(part, Block):
            self._add_parsed(part)
            return
        self.bytes += sum(map(len, part.lines))
        values = self._reader.all_decoded(part.lines)
        if values is None or not all(map(_is_row, values)):
            for place, line in enumerate(part.lines):
                self._add_line(part, place, line)
            return
        self._named(part.name)
        self.values += values
        self._lines += part.lines
        self._numbers += range(part.number, part.number + len(values))

    def _add_line(self, block: Block, place: int, line: bytes) -> None:
        values = self._reader.decoded(line)
        if values is None or not _is_row(values):
            for row in block.rows(place):
                self._add_parsed(row)
            return
        self._named(block.name)
        self.values.append(values)
        self._lines.append(line)
        self._numbers.append(block.number + place)

    def _add_parsed(self, row: Row | Failure) -> None:
        if isinstance(row, Failure):
            self._failures.append((len(self.values), row))
            return
        name, _, number = row.source.rpartition(":")
        self._named(name)
        values = self._odd[len(self.values)] = self._reader.values(row.fields)
        self.values.append(values)
        self._lines.append(row.raw)
        self._numbers.append(int(number))

    def _named(self, name: str) -> None:
        """The rows from here on are of this file."""
        if not self._names or self._names[-1][1] != name:
            self._names.append((len(self.values), name))

    def drop(self, most: int) -> int:
        """Leave out the first rows and failures; how many these were."""
        dropped = min(most, self.items)
        if dropped:
            failures = sum(before + place < dropped for place, (before, _) in enumerate(self._failures))
            rows = dropped - failures
            del self.values[:rows], self._lines[:rows], self._numbers[:rows]
            self._names = [(max(0, first - rows), name) for first, name in self._names]
            self._odd = {row - rows: values for row, values in self._odd.items() if row >= rows}
            self._failures = [(before - rows, one) for before, one in self._failures[failures:]]
            self.bytes = sum(map(len, self._lines))
        return dropped

    def rows(self) -> Iterator[Read]:
        """Its rows."""
        ends = [*(first for first, _ in self._names[1:]), len(self.values)]
        for (first, name), end in zip(self._names, ends, strict=False):
            for row in range(first, end):
                yield Read(self.values[row], self._lines[row], name, self._numbers[row])

    def done(self) -> Batch:
        """The batch."""
        columns, lines = self._reader.columns(self.values), self._lines
        ends = np.cumsum(np.fromiter(map(len, lines), np.int64, len(lines)))
        numbers = np.array(self._numbers, np.int64)
        return Batch(columns, b"".join(lines), ends, numbers, self._names, self._odd, self._failures)


def _is_row(values: Values) -> bool:
    """Whether it names a user or a time; wrappers of rows do not."""
    return values[0] is not None or values[1] is not None
