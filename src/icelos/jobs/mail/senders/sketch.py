"""A sender's sketch: what their mails had in common, fading with time. Their order hardly matters.

Weights halve in `HALF_LIFE`; beyond `MOST_WEIGHT` mails old ones give way to new ones. A mail that comes
late counts as it would now, had it come in time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from icelos.errors import StoreError
from icelos.jobs.mail.senders.facts import Facts
from icelos.jobs.mail.senders.style import NUMBERS, TABLES

HALF_LIFE = 2 * 365 * 86400.0
MOST_WEIGHT = 300.0
REBASE = 30 * 86400.0
"""Seconds after which weights are brought to a later time; until then later mails weigh more instead."""
WIDER = 16
"""How many times what a sender's sketch holds is held of all senders."""
MOST_VALUES = {"message-id": 4, "recipients": 16, "links": 16}
MOST_OTHER_VALUES = 8
MOST_THREADS = 24
_SIZE = sum(TABLES.values())
_SMALL_SIZE = 24 + 7 + 1 + 2 * len(NUMBERS) + 6 * len(TABLES)


_Row = tuple[int, bool, bool, int, tuple[float, float, float], bytes, bytes, dict[str, bytes], bytes]


class Sketch:
    """Of a sender, of an organisation (without style), or of all senders together (`wide`).

    `mails` counts all mails ever added, `weight` those of now; `last` is the time the weights are of.
    `tables` has shape (buckets of all TABLES,), `hours` (24,), `days` (7,), `sums` (2, numbers) with sums
    and sums of squares over `written` mails that say something; `usual` (2 * tables, 3) has weight, sum and
    sum of squares of how well earlier mails fitted, and how strange they were.
    `habits`: name -> hashed value -> weight.
    """

    def __init__(self, *, wide: bool = False, style: bool = True) -> None:
        self.wide, self.style = wide, style
        self.mails = 0
        self.weight = self.first = self.last = self.written = 0.0
        self.tables: NDArray[np.float32] = np.zeros(_SIZE if style else 0, dtype=np.float32)
        self.hours = np.zeros(24, dtype=np.float32)
        self.days = np.zeros(7, dtype=np.float32)
        self.sums = np.zeros((2, len(NUMBERS)), dtype=np.float32)
        self.usual = np.zeros((2 * len(TABLES), 3), dtype=np.float32)
        self.habits: dict[str, dict[int, float]] = {}
        self.threads: dict[int, None] = {}  # the latest last

    # ---- adding

    def add(self, facts: Facts, fits: NDArray[np.float32] | None = None, *, share: float = 1.0) -> None:
        """Add one mail; `fits` (2 * tables,) says how it fitted before. `share` < 1 adds less."""
        weight = share * self._turn_to(facts.when)
        self.mails += 1
        self.weight += weight
        if facts.hour >= 0:
            self.hours[facts.hour] += weight
            self.days[facts.weekday] += weight
        for name, values in facts.habits.items():
            self._add_habit(name, values, weight)
        if self.style and facts.words:
            self._add_style(facts, fits, weight)
        self._add_threads(facts.threads)

    def _turn_to(self, when: float) -> float:
        """The weight of a mail of some time; all is faded first where that is much later."""
        if not self.mails:
            self.first = self.last = when
        elif when > self.last + REBASE:
            self._scale(0.5 ** ((when - self.last) / HALF_LIFE))
            self.last = when
        self.first = min(self.first, when)
        most = MOST_WEIGHT * (WIDER if self.wide else 1)
        if self.weight > 1.1 * most:
            self._scale(most / self.weight)
        return float(0.5 ** ((self.last - when) / HALF_LIFE))

    def _scale(self, factor: float) -> None:
        self.weight *= factor
        self.written *= factor
        for array in (self.tables, self.hours, self.days, self.sums, self.usual):
            array *= np.float32(factor)
        for values in self.habits.values():
            for value in values:
                values[value] *= factor

    def _add_habit(self, name: str, values: Iterable[int], weight: float) -> None:
        found = self.habits.setdefault(name, {})
        for value in values:
            found[value] = found.get(value, 0.0) + weight
        most = MOST_VALUES.get(name, MOST_OTHER_VALUES) * (WIDER if self.wide else 1)
        while len(found) > most:
            del found[min(found, key=lambda value: (found[value], value))]

    def _add_style(self, facts: Facts, fits: NDArray[np.float32] | None, weight: float) -> None:
        self.written += weight
        self.tables += facts.tables * np.float32(weight)
        numbers = np.array(facts.numbers, dtype=np.float32)
        self.sums += np.float32(weight) * np.stack([numbers, numbers**2])
        if fits is not None:
            self.usual += np.float32(weight) * np.stack([np.ones_like(fits), fits, fits**2], axis=1)

    def _add_threads(self, threads: Iterable[int]) -> None:
        for thread in threads:
            self.threads.pop(thread, None)
            self.threads[thread] = None
        most = MOST_THREADS * (WIDER * 4 if self.wide else 1)
        for thread in list(self.threads)[:-most] if len(self.threads) > most else ():
            del self.threads[thread]

    # ---- bytes

    def encode(self) -> bytes:
        """All of it as bytes: at most about 4 KB for a sender."""
        small = np.concatenate(
            [self.hours, self.days, [self.written], self.sums.ravel(), self.usual.ravel()]
        ).astype("<f4")
        habits = {
            name: np.array([*map(float, values)], dtype="<u4").tobytes()
            + np.array([*values.values()], dtype="<f4" if self.wide else "<f2").tobytes()
            for name, values in self.habits.items()
            if values
        }
        tables = self.tables.astype("<f4" if self.wide else "<f2").tobytes()
        threads = np.array([*self.threads], dtype="<u4").tobytes()
        times = (self.weight, self.first, self.last)
        row: _Row = (1, self.wide, self.style, self.mails, times, tables, small.tobytes(), habits, threads)
        return msgspec.msgpack.encode(row)

    def summary(self) -> dict[str, Any]:
        """All of it as JSON can hold it, for those whose it is."""
        return {
            "mails": self.mails,
            "weight": round(self.weight, 3),
            "first": self.first,
            "last": self.last,
            "hours": self.hours.tolist(),
            "weekdays": self.days.tolist(),
            "habits": {
                name: {f"{value:08x}": round(weight, 3) for value, weight in values.items()}
                for name, values in self.habits.items()
            },
            "threads": [f"{thread:08x}" for thread in self.threads],
            "numbers": dict(zip(NUMBERS, self.sums[0].tolist(), strict=True)),
            "tables": self.tables.tolist(),
        }

    @classmethod
    def decode(cls, data: bytes) -> Sketch:
        """The sketch that was encoded. Raises StoreError where the bytes are none."""
        try:
            row = msgspec.msgpack.decode(data, type=_Row)
            return cls._from(row)
        except (msgspec.MsgspecError, ValueError) as error:
            raise StoreError(f"a sender's sketch cannot be read: {error}") from error

    @classmethod
    def _from(cls, row: _Row) -> Sketch:
        version, wide, style, mails, times, tables, small, habits, threads = row
        if version != 1:
            raise ValueError(f"version {version}")
        sketch = cls(wide=wide, style=style)
        sketch.mails = mails
        sketch.weight, sketch.first, sketch.last = times
        sketch.tables = np.frombuffer(tables, "<f4" if wide else "<f2").astype(np.float32)
        numbers = np.frombuffer(small, "<f4").astype(np.float32)
        if len(numbers) != _SMALL_SIZE or len(sketch.tables) != (_SIZE if style else 0):
            raise ValueError("wrong size")
        sketch.hours, sketch.days, rest = numbers[:24].copy(), numbers[24:31].copy(), numbers[32:]
        sketch.written = float(numbers[31])
        sketch.sums = rest[: 2 * len(NUMBERS)].reshape(2, -1).copy()
        sketch.usual = rest[2 * len(NUMBERS) :].reshape(-1, 3).copy()
        sketch.habits = {name: _values(data, wide) for name, data in habits.items()}
        sketch.threads = dict.fromkeys(np.frombuffer(threads, "<u4").tolist())
        return sketch


def _values(data: bytes, wide: bool) -> dict[int, float]:
    count = len(data) // (8 if wide else 6)
    weights = np.frombuffer(data[4 * count :], "<f4" if wide else "<f2").tolist()
    return dict(zip(np.frombuffer(data[: 4 * count], "<u4").tolist(), weights, strict=True))
