"""Chance that can be repeated: every draw follows from a seed and the name of what is drawn.

Draws by name do not depend on their order, so that a twin shares what its original drew.
"""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

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


class Odds(Generic[Kind]):
    """Outcomes with weights, prepared for many draws."""

    def __init__(self, weights: Mapping[Kind, float]) -> None:
        self._outcomes = list(weights)
        self._sums = list(itertools.accumulate(weights.values()))

    def draw(self, rng: random.Random) -> Kind:
        """One of the outcomes."""
        return rng.choices(self._outcomes, cum_weights=self._sums)[0]
