"""Brakes on guessing: after a few wrong tokens an address must wait, twice as long each time."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE_TRIES = 5
FIRST_WAIT = 30.0
LONGEST_WAIT = 15 * 60.0
ADDRESSES = 1024


@dataclass
class _Tries:
    wrong: int = 0
    until: float = 0.0


class Lockout:
    """Wrong tries per client address, for the newest `ADDRESSES` of them; seconds of a monotonic clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds until `address` may try again; 0 where it may now."""
        with self._lock:
            tries = self._tries.get(address)
            return max(0.0, tries.until - self._clock()) if tries else 0.0

    def wrong(self, address: str) -> None:
        """Count a wrong try."""
        with self._lock:
            tries = self._tries.setdefault(address, _Tries())
            self._tries.move_to_end(address)
            tries.wrong += 1
            if tries.wrong >= FREE_TRIES:
                doublings = min(tries.wrong - FREE_TRIES, 16)
                tries.until = self._clock() + min(LONGEST_WAIT, FIRST_WAIT * 2**doublings)
            while len(self._tries) > ADDRESSES:
                self._tries.popitem(last=False)

    def right(self, address: str) -> None:
        """Forget the wrong tries of an address that signed in."""
        with self._lock:
            self._tries.pop(address, None)
