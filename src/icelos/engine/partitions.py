"""Which records belong together: those of one entity, on whatever machine they are scored.

A job with state has one state for each partition, and its findings depend on how many there are, never on
how many workers, shards or machines share them.
"""

from __future__ import annotations

import hashlib


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key, from 0. The same everywhere: BLAKE2b of its UTF-8, 64 bits."""
    if partitions == 1:
        return 0
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % partitions
