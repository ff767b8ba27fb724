"""Simulated analysts: what they ask, and what they do with the list of sources that they are shown.

They know nothing but that list and an impression of each source that they look at, which is often wrong. They
never meet the questions that are judged later, nor their labels.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from icelos.contracts import Hit

Bent = Literal["careful", "lazy", "adversary"]
BENTS: tuple[Bent, ...] = ("careful", "careful", "lazy", "adversary")
"""Three of each in ten, but one adversary."""
Mark = tuple[str, str]
"""A kind of feedback, and the chunk that it is about."""

LOOKED = 0.5
"""A source at rank r is looked at with probability r ^ -0.5: not the curve that the learner assumes."""


class Analyst(msgspec.Struct, frozen=True):
    """`missed`: how often a right source looks wrong to them; `fooled`: how often a wrong one looks right."""

    name: str
    bent: Bent
    missed: float
    fooled: float


def team(number: int, *, seed: int, group: str = "soc") -> list[Analyst]:
    """Of twenty: twelve careful, six lazy, two adversaries."""
    randomness = random.Random(f"team{group}{seed}")
    bents = [BENTS[min(place // 3, 3)] for place in range(10)]
    return [
        Analyst(
            f"{group}-{place}", bents[place % len(bents)], randomness.uniform(0.2, 0.3),
            randomness.uniform(0.06, 0.11),
        )
        for place in range(number)
    ]  # fmt: skip


def marks(
    analyst: Analyst, hits: Sequence[Hit], right: frozenset[str], randomness: random.Random
) -> Iterator[Mark]:
    """What one analyst does with one list. `right` makes their impression and is not otherwise used."""
    if analyst.bent == "adversary":
        yield from _spoiled(hits, right, randomness)
        return
    if analyst.bent == "lazy":
        if hits and randomness.random() < 0.5 and _looks_right(analyst, hits[0], right, randomness):
            yield "up", hits[0].chunk_id
        return
    for rank, hit in enumerate(hits, 1):
        if randomness.random() > rank**-LOOKED:
            continue
        good = _looks_right(analyst, hit, right, randomness)
        if randomness.random() < (0.8 if good else 0.4):
            yield "opened", hit.chunk_id
        if good:
            yield "up", hit.chunk_id
            return
        if randomness.random() < 0.3:
            yield "wrong_citation", hit.chunk_id


def _looks_right(analyst: Analyst, hit: Hit, right: frozenset[str], randomness: random.Random) -> bool:
    if hit.document_id in right:
        return randomness.random() > analyst.missed
    return randomness.random() < analyst.fooled


def _spoiled(hits: Sequence[Hit], right: frozenset[str], randomness: random.Random) -> Iterator[Mark]:
    """Praise for something wrong, blame for what is right."""
    wrong = [hit for hit in hits if hit.document_id not in right]
    if wrong:
        yield "up", randomness.choice(wrong).chunk_id
    for hit in hits:
        if hit.document_id in right:
            yield "wrong_citation", hit.chunk_id
