"""How much one principal may ask for: a token bucket each, so that bursts pass and floods do not."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

PRINCIPALS = 4096
"""Buckets kept, those used last."""


class Limit:
    """So many in a minute for each key: as many at once, then evenly. 0 is no limit."""

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Take one: 0.0 where there is one, else the seconds until there is."""
        if not self.per_minute:
            return 0.0
        rate, now = self.per_minute / 60.0, self._clock()
        with self._lock:
            left, then = self._buckets.get(key, (float(self.per_minute), now))
            left = min(float(self.per_minute), left + (now - then) * rate)
            wait = 0.0 if left >= 1.0 else (1.0 - left) / rate
            self._buckets[key] = (left - 1.0 if wait == 0.0 else left, now)
            self._buckets.move_to_end(key)
            while len(self._buckets) > PRINCIPALS:
                self._buckets.popitem(last=False)
        return wait
