"""Query-document priors of one group: what its votes add to a document's score for a question.

    kernel  = ((similarity of the asked question to an earlier one - near) / (1 - near)) ^ power
    weight  = kernel * 2 ^ (-age / half-life) * stale ^ (versions since) * trust of the person      of a vote
    share   = a person's sum of weight * value for a document / max(1, the same over all documents, unsigned)
    support = the sum of the shares of all people
    lift    = strength * (|support| / (even + sum of |support| over the documents)) ^ shape, at most the cap,
              with the sign of the support

The questions that are near to the asked one are its cluster. In it everyone has one vote, shared between the
documents that they spoke of, however often they did; and a document counts only where enough different people
agree on it. So paraphrases profit, and zeal does not. Votes of one group are another prior than those of
another; this module sees one at a time.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from icelos.jobs.copilot.learning.likeness import Likeness
from icelos.jobs.copilot.learning.trust import trust
from icelos.jobs.copilot.learning.votes import Vote
from icelos.knowledge.lifts import Versions
from icelos.knowledge.vectors import Floats

MOST_QUERIES = 4_000
"""Questions of one group that are learned from, the latest: comparing all of them takes 64 MB."""
NEIGHBOURS = 200
"""Earlier questions, the nearest, that one is compared with."""
Reals = TypeVar("Reals", NDArray[np.float32], NDArray[np.float64])
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of the formula, as docs/learning.md measures them.

    `least` people must have voted on a document in a cluster, and so large a `share` of the group.
    """

    cap: float = 0.4
    strength: float = 1.0
    half_life_days: float = 180.0
    least: int = 2
    share: float = 0.1
    near: float = 0.15
    power: float = 3.0
    even: float = 4.0
    shape: float = 0.7
    stale: float = 0.5

    def voters(self, size: int) -> int:
        """How many people must have voted in a group of this size; one who is alone teaches themselves."""
        return max(min(self.least, size), math.ceil(self.share * size))


class Taught(msgspec.Struct, frozen=True, kw_only=True):
    """What one scope has learned, as it is kept: votes refer to questions, documents and voters by number.

    `votes` are (question, document, voter, version, value, day since 1970). `vectors` are float16 rows of the
    questions under `encoder`, both empty where there was none. `size` is the number of people in the group,
    `trust` one number a voter.
    """

    scope: str
    size: int
    queries: tuple[str, ...]
    documents: tuple[str, ...]
    voters: tuple[str, ...]
    votes: tuple[tuple[int, int, int, int, float, float], ...]
    encoder: str = ""
    vectors: bytes = b""
    trust: tuple[float, ...] = ()


def compiled(
    scope: str, votes: Sequence[Vote], *, size: int, flagged: Collection[str] = frozenset()
) -> Taught:
    """The votes of one scope. A document that is `flagged` as hostile keeps none in its favour."""
    latest = sorted(votes, key=lambda vote: vote.number)
    queries = list(dict.fromkeys(vote.query for vote in reversed(latest)))[:MOST_QUERIES]
    numbers = {query: number for number, query in enumerate(sorted(queries))}
    kept = [v for v in latest if v.query in numbers and (v.value < 0 or v.document_id not in flagged)]
    documents = {name: number for number, name in enumerate(sorted({v.document_id for v in kept}))}
    voters = {name: number for number, name in enumerate(sorted({v.person for v in kept}))}
    rows = [
        (numbers[v.query], documents[v.document_id], voters[v.person], v.version, v.value, _day(v.given))
        for v in kept
    ]
    return Taught(
        scope=scope, size=max(size, len(voters)), queries=tuple(numbers), documents=tuple(documents),
        voters=tuple(voters), votes=tuple(sorted(rows)),
    )  # fmt: skip


def without(taught: Taught, person: str) -> Taught:
    """The same without one person's votes, and without the questions that only they have voted on."""
    if person not in taught.voters:
        return taught
    gone = taught.voters.index(person)
    rows = [row for row in taught.votes if row[2] != gone]
    asked = sorted({row[0] for row in rows})
    numbers = {old: new for new, old in enumerate(asked)}
    width = len(taught.vectors) // len(taught.queries) if taught.queries else 0
    voters = tuple(name for name in taught.voters if name != person)
    return msgspec.structs.replace(
        taught, queries=tuple(taught.queries[old] for old in asked), voters=voters,
        votes=tuple((numbers[q], d, v - (v > gone), *rest) for q, d, v, *rest in rows),
        vectors=b"".join(taught.vectors[width * old : width * (old + 1)] for old in asked),
        trust=tuple(one for place, one in enumerate(taught.trust) if place != gone),
    )  # fmt: skip


class Prior:
    """One scope's votes, ready to be asked. Immutable; safe to share between threads."""

    def __init__(self, taught: Taught, rules: Rules) -> None:
        self.taught, self.rules = taught, rules
        self._needed = rules.voters(taught.size)
        self._likeness = Likeness(taught.queries, taught.vectors)
        columns = np.array(taught.votes, np.float64).reshape(-1, 6)
        self._query, self._document, self._voter, self._version = columns[:, :4].astype(np.int64).T
        self._value, self._days = columns[:, 4:].T
        self._trust = np.array(taught.trust or (1.0,) * len(taught.voters))
        self._starts = np.searchsorted(self._query, np.arange(len(taught.queries) + 1))

    def lifts(
        self, query: str, vector: Floats | None, encoder: str, versions: Versions, *, now: datetime
    ) -> dict[str, float]:
        """What is added to which document; at most the cap, up or down."""
        by_meaning = vector is not None and bool(self.taught.vectors) and encoder == self.taught.encoder
        near = self.rules.near
        alike = self._likeness.to(query, vector if by_meaning else None)
        places = np.flatnonzero(alike > near)
        if len(places) > NEIGHBOURS:
            places = np.sort(places[np.argsort(-alike[places], kind="stable")[:NEIGHBOURS]])
        rows = self._rows(places)
        if not len(rows):
            return {}
        kernel = kernels(alike[self._query[rows]], near, self.rules.power)
        weights = kernel * self._fresh(rows, versions, now) * self._trust[self._voter[rows]]
        support = self._support(rows, weights)
        total = self.rules.even + sum(abs(one) for one in support.values())
        return {self.taught.documents[document]: self._lift(one, total) for document, one in support.items()}

    def _lift(self, support: float, total: float) -> float:
        lift = self.rules.strength * math.pow(abs(support) / total, self.rules.shape)
        return math.copysign(min(lift, self.rules.cap), support)

    def _rows(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The votes on some questions."""
        spans = [np.arange(self._starts[place], self._starts[place + 1]) for place in places]
        return np.concatenate(spans) if spans else np.empty(0, np.int64)

    def _fresh(self, rows: NDArray[np.int64], versions: Versions, now: datetime) -> NDArray[np.float64]:
        """How much of each vote is left: old ones and those on an earlier content count less.

        Votes on documents that are gone or may not be read count nothing.
        """
        ids = [self.taught.documents[number] for number in np.unique(self._document[rows])]
        known = versions(ids)
        current = np.array([known.get(self.taught.documents[number], -1) for number in self._document[rows]])
        seen = self._version[rows]
        changed = np.where(seen > 0, np.abs(current - seen), 0)
        age = np.maximum(_day(now) - self._days[rows], 0.0)
        left = 0.5 ** (age / self.rules.half_life_days) * self.rules.stale**changed
        return np.where(current > 0, left, 0.0)

    def _support(self, rows: NDArray[np.int64], weights: NDArray[np.float64]) -> dict[int, float]:
        """By document: what all people's votes amount to, where enough of them agree."""
        documents, places = np.unique(self._document[rows], return_inverse=True)
        spoken = np.zeros((len(self.taught.voters), len(documents)))
        np.add.at(spoken, (self._voter[rows], places), weights * self._value[rows])
        whole = np.zeros(len(self.taught.voters))
        np.add.at(whole, self._voter[rows], weights * np.abs(self._value[rows]))
        support = (spoken / np.maximum(whole, 1.0)[:, None]).sum(0)
        agreeing = ((spoken * support) > 0).sum(0)
        counted = np.flatnonzero(agreeing >= self._needed)
        return {int(documents[place]): float(support[place]) for place in counted}


def kernels(alike: Reals, near: float, power: float) -> Reals:
    """What likenesses count: nothing up to `near`, 1 for the same question."""
    return ((np.clip(alike, near, 1.0) - near) / (1 - near)) ** power


def trusting(taught: Taught, rules: Rules) -> Taught:
    """The same with the trust of its voters."""
    columns = np.array(taught.votes, np.float64).reshape(-1, 6)
    query, document, voter = columns[:, :3].astype(np.int64).T
    alike = Likeness(taught.queries, taught.vectors).all(bool(taught.vectors))
    found = trust(kernels(alike, rules.near, rules.power), query, document, voter, columns[:, 4])
    return msgspec.structs.replace(taught, trust=tuple(round(float(one), 6) for one in found))


def _day(moment: datetime) -> float:
    return (moment - EPOCH) / timedelta(days=1)
