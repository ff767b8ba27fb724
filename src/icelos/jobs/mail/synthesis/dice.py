"""Chance that can be repeated: every draw follows from a seed and the name of what is drawn.

Draws by name do not depend on their order, so that a twin shares what its original drew.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

Kind = TypeVar("Kind")


def number(seed: int, name: str) -> int:
    """A number of 63 bits for a seed and a name."""
    digest = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def pick(pool: Sequence[Kind], seed: int, name: str) -> Kind:
    """One of a pool."""
    return pool[number(seed, name) % len(pool)]


def stream(seed: int, name: str) -> random.Random:
    """A stream of draws of its own."""
    return random.Random(number(seed, name))  # noqa: S311 - repeatable by design, no secret


def weighted(rng: random.Random, weights: Mapping[Kind, float]) -> Kind:
    """One of the keys, by weight."""
    return rng.choices(list(weights), list(weights.values()))[0]
