"""Keyed hashes: what a store keeps cannot be looked up without its own random salt."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

MOST_CACHED = 50_000
_UINT = np.uint64


class Hasher:
    """Hashes of words and names under one salt of at least 16 bytes. Its cache is bounded."""

    def __init__(self, salt: bytes) -> None:
        self.salt = salt[:64]
        self._cache: dict[str, int] = {}
        seeds = blake2b(b"rolling", key=self.salt, digest_size=64).digest()
        self._factors = np.frombuffer(seeds, dtype="<u8").astype(_UINT) | _UINT(1)

    def key(self, text: str) -> bytes:
        """16 bytes that stand for an address or a domain."""
        return blake2b(text.encode("utf-8", "replace"), key=self.salt, digest_size=16).digest()

    def value(self, text: str) -> int:
        """A number below 2**32 that stands for a word or a name."""
        found = self._cache.get(text)
        if found is None:
            if len(self._cache) >= MOST_CACHED:
                self._cache.clear()
            digest = blake2b(text[:512].encode("utf-8", "replace"), key=self.salt, digest_size=4).digest()
            found = self._cache[text] = int.from_bytes(digest, "little")
        return found

    def grams(self, text: str, width: int, buckets: int) -> NDArray[np.float32]:
        """How often the character sequences of a width fall into each of 2**n buckets: shape (buckets,)."""
        codes = np.frombuffer(text.encode("utf-32-le", "replace"), dtype="<u4").astype(_UINT)
        if len(codes) < width:
            return np.zeros(buckets, dtype=np.float32)
        total = np.zeros(len(codes) - width + 1, dtype=_UINT)
        for place in range(width):
            total = total * self._factors[0] + codes[place : len(codes) - width + 1 + place]
        total *= self._factors[1]
        total ^= total >> _UINT(29)
        total *= self._factors[2]
        shift = _UINT(64 - (buckets - 1).bit_length())
        return np.bincount((total >> shift).astype(np.int64), minlength=buckets).astype(np.float32)
