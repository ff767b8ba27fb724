"""How fast a run goes: records a second now and on the whole, and what a batch takes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

_WINDOW = 5.0
"""Seconds that "now" is."""
_LATENCIES = 512
"""Batches that quantiles are of: the last ones."""


class Pace:
    """`scored` is called by the run, all else by one other thread at most; seconds of a monotonic clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._first = 0
        self._points: deque[tuple[float, int]] = deque()
        self._latencies: list[float] = []
        self._batches = 0

    def begin(self, read: int) -> None:
        """From here on, with so many records that an earlier run has read."""
        self._began, self._first = self._clock(), read
        self._points.clear()
        self._points.append((self._began, read))

    def scored(self, seconds: float) -> None:
        """A batch took so long."""
        if len(self._latencies) < _LATENCIES:
            self._latencies.append(seconds)
        else:
            self._latencies[self._batches % _LATENCIES] = seconds
        self._batches += 1

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return self._clock() - self._began

    def mean(self, read: int) -> float:
        """Records a second since the beginning, where `read` are read by now."""
        return max(0, read - self._first) / self.seconds if self.seconds > 0 else 0.0

    def now(self, read: int) -> float:
        """Records a second over the last `_WINDOW` seconds, or since the beginning where that is less."""
        moment = self._clock()
        self._points.append((moment, read))
        while len(self._points) > 2 and moment - self._points[1][0] >= _WINDOW:
            self._points.popleft()
        then, had = self._points[0]
        return max(0, read - had) / (moment - then) if moment > then else 0.0

    def quantile(self, share: float) -> float | None:
        """Seconds that this share of the last batches took at most, None before the first."""
        latencies = sorted(self._latencies.copy())
        return latencies[min(len(latencies) - 1, int(share * len(latencies)))] if latencies else None
