"""Counts of very many keys that fade with time.

Forward decay (Cormode and others, "Forward Decay: A Practical Time Decay Model for Streaming Systems", ICDE
2009): an event weighs more the later it is, and counts are read relative to the weight of now. Adding then
needs no clock, and late events weigh what they should. Weights are whole numbers, so that counts do not
depend on how events are cut into batches. After `_DOUBLINGS` half-lives all counts are divided by what
weights have grown, and what has become nothing makes room.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from icelos.jobs.logs.detect.table import Arrays, Groups, Keys, Table, grouped

Floats = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int64]

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

    def add(
        self, keys: Keys, moments: Floats, counted: npt.NDArray[np.bool_] | None = None, *,
        groups: Groups | None = None,
    ) -> Floats:  # fmt: skip
        """Count events in their order; the counts of their keys before each, in events of now.

        `keys` (rows, kinds) and `counted` likewise: what is not counted is only looked up. `moments` (rows)
        are seconds since the epoch; now is the latest so far. `groups` are those of the keys, where they are
        known already. Returns (rows, kinds).
        """
        if not moments.size:
            return np.empty(keys.shape, np.float64)
        groups = grouped(keys) if groups is None else groups
        clock = np.maximum(np.maximum.accumulate(moments), self._clock)
        eras = (clock // (self.half_life * _DOUBLINGS)).astype(np.int64)
        self._advance(int(eras[0]))
        added = np.broadcast_to(self._weights(moments, eras)[:, None], keys.shape)
        if counted is not None:
            added = added * counted
        several = np.repeat(eras, keys.shape[1])[groups.order] if eras[0] != eras[-1] else eras[:0]
        before = np.empty(keys.shape, np.float64)
        before.ravel()[groups.order] = self._add(groups, added.ravel()[groups.order], several)
        before /= self._weights(clock, eras)[:, None]
        self._clock = float(clock[-1])
        return before

    def _add(self, groups: Groups, added: Wholes, eras: Wholes) -> Wholes:
        """(events) the counts before each; all in the order of the groups."""
        slots = self._table.slots(groups.marks)
        counts = self._table.columns["counts"]
        bases, starts, sizes = counts[slots].astype(np.int64), groups.starts, groups.sizes
        if eras.size:
            starts, sizes = _parts(groups, eras)
        totals = np.add.reduceat(added, starts)
        if eras.size:
            bases, ends = _faded(bases, totals, groups.starts, starts, eras)
            self._advance(int(eras.max()), slots, ends)
        else:
            counts[slots] = np.minimum(bases + totals, _MOST).astype(np.uint32)
        before = np.cumsum(added)
        before -= added
        before += np.repeat(bases - before[starts], sizes)
        return np.minimum(before, _MOST, out=before)

    def _advance(self, era: int, slots: Wholes | None = None, counted: Wholes | None = None) -> None:
        """Divide by the growth of the eras that have passed; some slots have their counts already."""
        passed = era - self._era if self._era is not None else 0
        self._era = era
        if passed:
            counts = self._table.columns["counts"]
            counts[:] = _divided(counts, passed)
            if slots is not None and counted is not None:
                counts[slots] = counted.astype(np.uint32)
            self._table.rebuild(counts > 0)

    def _weights(self, moments: Floats, eras: Wholes) -> Wholes:
        """Of events at these times, by the eras that they are counted in."""
        since = moments / self.half_life - eras * _DOUBLINGS
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


def _divided(counts: npt.NDArray[Any], eras: int | Wholes) -> npt.NDArray[Any]:
    """Counts after so many eras."""
    width = 8 * counts.dtype.itemsize
    shifts = np.minimum(np.asarray(eras) * _DOUBLINGS, width - 1).astype(counts.dtype)
    return np.where(shifts < width - 1, counts >> shifts, 0).astype(counts.dtype)


def _parts(groups: Groups, eras: Wholes) -> tuple[Wholes, Wholes]:
    """Where the events of one key and one era begin, and how many they are; `eras` (events) as grouped."""
    begins = np.empty(eras.size, bool)
    np.not_equal(eras[1:], eras[:-1], out=begins[1:])
    begins[groups.starts] = True
    starts = np.flatnonzero(begins)
    return starts, np.diff(starts, append=eras.size)


def _faded(
    bases: Wholes, totals: Wholes, keys: Wholes, starts: Wholes, eras: Wholes
) -> tuple[Wholes, Wholes]:
    """Counts before each part, and those of each key (keys) at the end; `bases` (keys) are those of the first
    era, `totals` (parts) what is added. `keys` and `starts` are where keys and parts begin."""
    firsts = np.searchsorted(starts, keys)
    lengths = np.diff(firsts, append=starts.size)
    era_of, before = eras[starts], np.empty(starts.size, np.int64)
    now, since, at = bases.copy(), np.full(keys.size, eras.min()), np.arange(keys.size)
    for number in range(int(lengths.max())):
        at = at[lengths[at] > number]
        part = firsts[at] + number
        before[part] = _divided(now[at], era_of[part] - since[at])
        now[at], since[at] = np.minimum(before[part] + totals[part], _MOST), era_of[part]
    return before, _divided(now, eras.max() - since)
