"""What each key was seen with last: values by key, many at once, in the order of events."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from icelos.jobs.logs.detect.table import Arrays, Keys, Table, grouped


class Latest:
    """The last values of keys, by column. A key that was never seen has zeros."""

    def __init__(self, **columns: npt.DTypeLike) -> None:
        self._table = Table(**columns)

    def __len__(self) -> int:
        """Keys that were seen."""
        return self._table.used

    @property
    def bytes(self) -> int:
        """Of memory."""
        return self._table.bytes

    def swap(self, keys: Keys, values: Arrays, kept: npt.NDArray[np.bool_] | None = None) -> Arrays:
        """The values before each event, which its own replace where they are `kept`. All are (rows)."""
        order, marks, starts, sizes = grouped(keys)
        slots = self._table.slots(marks)
        rows = np.arange(order.size)
        keeps = np.ones(order.size, bool) if kept is None else kept[order]
        # The row before, of the same key, whose values were kept; -1 where only the table knows.
        last = np.maximum.accumulate(np.where(keeps, rows, -1)) if order.size else rows
        before = np.concatenate(([-1], last[:-1]))[: order.size]
        before = np.where(before >= np.repeat(starts, sizes), before, -1)
        ends = np.where(last[starts + sizes - 1] >= starts, last[starts + sizes - 1], -1)
        found: Arrays = {}
        for name, column in self._table.columns.items():
            own = values[name][order].astype(column.dtype)
            stood = np.where(before >= 0, own[before], np.repeat(column[slots], sizes))
            back = np.empty(order.size, column.dtype)
            back[order] = stood
            found[name] = back
            changed = ends >= 0
            column[slots[changed]] = own[ends[changed]]
        return found

    def snapshot(self) -> Arrays:
        """The state as arrays."""
        return self._table.snapshot()

    def restore(self, state: Arrays) -> None:
        """Take over a snapshot. Raises ValueError for arrays that are none."""
        self._table.restore(state)
