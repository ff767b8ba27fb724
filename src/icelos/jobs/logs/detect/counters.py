"""Counts of very many keys that fade with time.

Forward decay (Cormode and others, "Forward Decay: A Practical Time Decay Model for Streaming Systems", ICDE
2009): an event weighs more the later it is, and counts are read relative to the weight of now. Adding then
needs no clock, and late events weigh what they should. Weights are whole numbers, so that counts do not
depend on how events are cut into batches. After `_DOUBLINGS` half-lives all counts are divided by what
weights have grown, and what has become nothing makes room.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from icelos.jobs.logs.detect.table import Arrays, Keys, Table, grouped, marks_of

Floats = npt.NDArray[np.float64]

_LEAST = 16
"""The weight of an event just after a division."""
_DOUBLINGS = 8
_MOST = 2**32 - 1


class Counters:
    """Counts that halve every `half_life` seconds."""

    def __init__(self, half_life: float) -> None:
        self.half_life = half_life
        self._era: int | None = None
        self._clock = -np.inf
        self._table = Table(counts=np.uint32)

    def __len__(self) -> int:
        """Keys that are counted."""
        return self._table.used

    @property
    def bytes(self) -> int:
        """Of memory."""
        return self._table.bytes

    def add(self, keys: Keys, moments: Floats, counted: npt.NDArray[np.bool_] | None = None) -> Floats:
        """Count events in their order; the counts of their keys before each, in events of now.

        `keys` (rows, kinds) and `counted` likewise: what is not counted is only looked up. `moments` (rows)
        are seconds since the epoch; now is the latest so far. Returns (rows, kinds).
        """
        before = np.empty(keys.shape, np.float64)
        if not moments.size:
            return before
        clock = np.maximum(np.maximum.accumulate(moments), self._clock)
        for span in self._spans(clock):
            weights = self._weights(moments[span])[:, None]
            added = np.broadcast_to(weights, keys[span].shape)
            if counted is not None:
                added = added * counted[span]
            found = self._add(keys[span].ravel(), added.ravel()).reshape(keys[span].shape)
            before[span] = found / self._weights(clock[span])[:, None]
        self._clock = float(clock[-1])
        return before

    def _add(self, keys: Keys, added: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        order, marks = grouped(marks_of(keys))
        added = added[order]
        starts = np.flatnonzero(np.concatenate(([True], marks[1:] != marks[:-1])))
        group = np.zeros(marks.size, np.int64)
        group[starts[1:]] = 1
        group = np.cumsum(group)
        sums = np.cumsum(added) - added
        slots = self._table.slots(marks[starts])
        counts = self._table.columns["counts"]
        base = counts[slots].astype(np.int64)
        totals = np.add.reduceat(added, starts) if starts.size else added
        counts[slots] = np.minimum(base + totals, _MOST).astype(np.uint32)
        before = np.empty(marks.size, np.int64)
        before[order] = np.minimum(base[group] + sums - sums[starts][group], _MOST)
        return before

    def _spans(self, clock: Floats) -> Iterator[slice]:
        """The parts of a batch between which counts are divided."""
        eras = (clock // (self.half_life * _DOUBLINGS)).astype(np.int64)
        edges = [0, *(np.flatnonzero(np.diff(eras)) + 1).tolist(), clock.size]
        for begin, end in pairwise(edges):
            self._advance(int(eras[begin]))
            yield slice(begin, end)

    def _advance(self, era: int) -> None:
        """Divide by the growth of the eras that have passed."""
        passed = era - self._era if self._era is not None else 0
        self._era = era
        if passed:
            counts = self._table.columns["counts"]
            counts >>= np.uint32(min(31, _DOUBLINGS * passed))
            self._table.rebuild(counts > 0)

    def _weights(self, moments: Floats) -> npt.NDArray[np.int64]:
        """Of events at these times."""
        since = moments / self.half_life - (self._era or 0) * _DOUBLINGS
        weights = np.maximum(1, np.rint(_LEAST * np.exp2(np.clip(since, -8, _DOUBLINGS))))
        return np.asarray(weights, np.int64)

    def snapshot(self) -> Arrays:
        """The state as arrays."""
        era = [] if self._era is None else [self._era]
        return self._table.snapshot() | {"era": np.array(era, np.int64), "clock": np.array([self._clock])}

    def restore(self, state: Arrays) -> None:
        """Take over a snapshot. Raises ValueError for arrays that are none."""
        self._table.restore(state)
        self._era = int(state["era"][0]) if state["era"].size else None
        self._clock = float(state["clock"][0])
