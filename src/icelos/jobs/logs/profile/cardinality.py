"""How many different values there are: exact for few, HyperLogLog for many.

HyperLogLog: Flajolet, Fusy, Gandouet, Meunier (2007); for the small range, linear counting. With 2**12
registers the standard error is 1.04 / 64 = 1.6 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from hashlib import blake2b

import numpy as np

from icelos.data.parse.flat import Value, text_of

EXACT = 1000
_BITS = 12
_REGISTERS = 1 << _BITS


class Cardinality:
    """Counts different values in at most `EXACT` kept values and 4 kB."""

    def __init__(self) -> None:
        self._exact: set[bytes] | None = set()
        self._registers: np.ndarray | None = None

    @property
    def is_exact(self) -> bool:
        """Whether `count` is not an estimate."""
        return self._exact is not None

    def add(self, values: Iterable[Value]) -> None:
        """Values that may have come before; 1 and 1.0 and "1" are one."""
        digests = {blake2b(text_of(v).encode("utf-8", "replace"), digest_size=8).digest() for v in values}
        if self._exact is not None:
            self._exact |= digests
            if len(self._exact) <= EXACT:
                return
            digests, self._exact = self._exact, None
        self._sketch(digests)

    def _sketch(self, digests: set[bytes]) -> None:
        if self._registers is None:
            self._registers = np.zeros(_REGISTERS, np.uint8)
        hashes = np.frombuffer(b"".join(digests), np.uint64)
        rest = hashes >> np.uint64(_BITS)
        # The position of the lowest one of the 52 bits that are left; float64 holds a power of two exactly.
        lowest = rest & (~rest + np.uint64(1))
        ranks = np.where(rest == 0, 64 - _BITS + 1, np.log2(np.maximum(lowest, 1).astype(np.float64)) + 1)
        np.maximum.at(
            self._registers, (hashes & np.uint64(_REGISTERS - 1)).astype(np.int64), ranks.astype(np.uint8)
        )

    def count(self) -> int:
        """How many different values came."""
        if self._exact is not None:
            return len(self._exact)
        assert self._registers is not None  # noqa: S101 - the one or the other
        alpha = 0.7213 / (1 + 1.079 / _REGISTERS)
        raw = alpha * _REGISTERS**2 / float(np.sum(2.0 ** -self._registers.astype(np.float64)))
        empty = int(np.count_nonzero(self._registers == 0))
        if raw <= 2.5 * _REGISTERS and empty:
            return round(_REGISTERS * math.log(_REGISTERS / empty))
        return round(raw)
