"""Brakes on guessing: after a few wrong tries one must wait, twice as long each time, up to a bound.

Addresses wait, and accounts do, so that neither one machine nor many can guess at speed. The wait of an
account is short, and does not count where its user has signed in from that address before: whoever guesses
cannot keep somebody out of their own account.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE_TRIES = 5
FIRST_WAIT = 30.0
LONGEST_WAIT = 15 * 60.0
ADDRESSES = 1024
ACCOUNT_TRIES, ACCOUNT_FIRST_WAIT, ACCOUNT_LONGEST_WAIT = 10, 5.0, 5 * 60.0
TOKEN_TRIES, TOKEN_FIRST_WAIT, TOKEN_LONGEST_WAIT = 20, 1.0, 60.0
FORGOTTEN_AFTER = 24 * 3600.0
"""Seconds after the last wrong try from which it counts no more."""


@dataclass
class _Tries:
    wrong: int = 0
    until: float = 0.0
    last: float = 0.0


class Lockout:
    """Wrong tries per key, for the newest `keys` of them; seconds of a monotonic clock."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, free: int = FREE_TRIES,
        first: float = FIRST_WAIT, longest: float = LONGEST_WAIT, keys: int = ADDRESSES,
    ) -> None:  # fmt: skip
        self._clock = clock
        self._free, self._first, self._longest, self._keys = free, first, longest, keys
        self._lock = threading.Lock()
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def wait(self, key: str) -> float:
        """Seconds until `key` may try again; 0 where it may now."""
        with self._lock:
            tries = self._tries.get(key)
            return max(0.0, tries.until - self._clock()) if tries else 0.0

    def wrong(self, key: str) -> None:
        """Count a wrong try."""
        with self._lock:
            now = self._clock()
            tries = self._tries.get(key)
            if tries is None or now - tries.last > FORGOTTEN_AFTER:
                tries = self._tries[key] = _Tries()
            self._tries.move_to_end(key)
            tries.wrong += 1
            tries.last = now
            if tries.wrong >= self._free:
                doublings = min(tries.wrong - self._free, 16)
                tries.until = now + min(self._longest, self._first * 2**doublings)
            while len(self._tries) > self._keys:
                self._tries.popitem(last=False)

    def right(self, key: str) -> None:
        """Forget the wrong tries of who signed in."""
        with self._lock:
            self._tries.pop(key, None)


class Lockouts:
    """The brakes of one console: on addresses that sign in, on accounts, on addresses with wrong tokens."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.addresses = Lockout(clock)
        self.accounts = Lockout(
            clock, free=ACCOUNT_TRIES, first=ACCOUNT_FIRST_WAIT, longest=ACCOUNT_LONGEST_WAIT, keys=4096
        )
        self.tokens = Lockout(clock, free=TOKEN_TRIES, first=TOKEN_FIRST_WAIT, longest=TOKEN_LONGEST_WAIT)


def network(address: str) -> str:
    """What counts as one address: an IPv4 address, the /64 of an IPv6 address, anything else as it is."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
