"""How many different values there are: exact for few, HyperLogLog for many.

HyperLogLog: Flajolet, Fusy, Gandouet, Meunier (2007); for the small range, linear counting. With 2**12
registers the standard error is 1.04 / 64 = 1.6 %.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from hashlib import blake2b
from typing import cast

import numpy as np
from numpy.typing import NDArray

from icelos.data.parse.flat import Value, text_of

EXACT = 1000
_BITS = 12
_REGISTERS = 1 << _BITS
_DIGEST = 8
_WAITING = 2 * EXACT * _DIGEST
"""Bytes of digests that wait to be counted together: for few at a time, numpy is slow."""


class Cardinality:
    """Counts different values in at most 20 kB: digests, and from the `EXACT` first ones on, registers."""

    def __init__(self) -> None:
        self._digests = bytearray()
        self._registers: NDArray[np.uint8] | None = None

    @property
    def is_exact(self) -> bool:
        """Whether `count` is not an estimate."""
        self._settle()
        return self._registers is None

    def add(self, values: Collection[Value]) -> None:
        """Values that may have come before; 1 and 1.0 and "1" are one."""
        texts = [text.encode("utf-8", "replace") for text in _texts(values)]
        self._take(b"".join([blake2b(text, digest_size=_DIGEST).digest() for text in texts]))

    def merge(self, other: Cardinality) -> None:
        """Values that were counted elsewhere."""
        if other._registers is not None:
            if self._registers is None:
                self._registers = np.zeros(_REGISTERS, np.uint8)
            np.maximum(self._registers, other._registers, out=self._registers)
        self._take(other._digests)

    def _take(self, digests: bytes | bytearray) -> None:
        self._digests += digests
        if len(self._digests) > _WAITING:
            self._settle()

    def _settle(self) -> None:
        """Each digest once, or all of them into the registers."""
        hashes = np.frombuffer(bytes(self._digests), np.uint64)
        if self._registers is None:
            hashes = np.unique(hashes)
            if len(hashes) <= EXACT:
                self._digests = bytearray(hashes.tobytes())
                return
            self._registers = np.zeros(_REGISTERS, np.uint8)
        self._digests = bytearray()
        rest = hashes >> np.uint64(_BITS)
        # The position of the lowest one of the 52 bits that are left; float64 holds a power of two exactly.
        lowest = rest & (~rest + np.uint64(1))
        ranks = np.where(rest == 0, 64 - _BITS + 1, np.log2(np.maximum(lowest, 1).astype(np.float64)) + 1)
        np.maximum.at(
            self._registers, (hashes & np.uint64(_REGISTERS - 1)).astype(np.int64), ranks.astype(np.uint8)
        )

    def count(self) -> int:
        """How many different values came."""
        self._settle()
        if self._registers is None:
            return len(self._digests) // _DIGEST
        alpha = 0.7213 / (1 + 1.079 / _REGISTERS)
        raw = alpha * _REGISTERS**2 / float(np.sum(2.0 ** -self._registers.astype(np.float64)))
        empty = int(np.count_nonzero(self._registers == 0))
        if raw <= 2.5 * _REGISTERS and empty:
            return round(_REGISTERS * math.log(_REGISTERS / empty))
        return round(raw)


def _texts(values: Collection[Value]) -> Iterable[str]:
    """As `text_of` has them, faster where all are of one type."""
    types = set(map(type, values))
    if types == {str}:
        return cast("Collection[str]", values)
    return map(str if types == {int} else text_of, values)
