"""Offline replay: would what was learned up to a time have served the questions that came after it?

The judgements are those that the log holds: what somebody marked as good, or named in a correction, after the
votes that were learned from. They favour the ranking that people saw: what stands first is marked first, and
what nobody was shown nobody judged. So a judgement weighs as much as its rank (inverse propensity, Joachims
et al., WSDM 2017; clipped), times the trust in who made it; and only the order of what was shown is judged
(condensed lists, Sakai, SIGIR 2007). What remains of the bias is against a change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec
import numpy as np

from icelos.contracts import Principal
from icelos.evaluate.metrics import ndcg_at
from icelos.jobs.copilot.learning.votes import Vote
from icelos.knowledge.lifts import Lifts
from icelos.knowledge.store import KnowledgeStore

K = 10
SEARCHED = 40
"""Documents of a ranking among which those are looked for that had been shown."""
CUTS = (0.6, 0.8, 1.0)
"""Shares of the votes in order of time: what comes before a cut is learned from, what comes from there to the
next one is judged by."""
GOOD = 0.5
"""Value from which a vote is a judgement that a document is relevant."""
MOST_CASES = 300
"""Of each cut, the latest."""
MOST_WEIGHT = 10.0
"""Of a rank: rarer looks would make wild weights."""
GUARD_CASES = 150
ROUNDS = 2000
CONFIDENCE = 0.95

LiftsOf = Callable[[str], Lifts | None]
"""A question to its lifts."""


class Judged(msgspec.Struct, frozen=True):
    """A question and a document that somebody calls good for it, of those `shown`; none: of all.

    `rank` is where they saw it, or 0.
    """

    query: str
    document_id: str
    person: str = ""
    rank: int = 0
    shown: tuple[str, ...] = ()

    def weight(self, trust: Mapping[str, float]) -> float:
        """What the judgement counts, by how far each person is trusted: who is new, wholly."""
        return min(max(self.rank, 1), MOST_WEIGHT) * trust.get(self.person, 1.0)


class Scored(msgspec.Struct, frozen=True):
    """One case: nDCG@10 before and after, and what it counts."""

    before: float
    after: float
    weight: float


class Compared(msgspec.Struct, frozen=True):
    """Mean nDCG@10 before and after; `low` is the lower end of the one-sided interval of the difference."""

    cases: int
    before: float
    after: float
    low: float


def folds(votes: Sequence[Vote]) -> list[tuple[list[Vote], list[Judged]]]:
    """For each cut the earlier votes, and the judgements that came after them."""
    ordered = sorted(votes, key=lambda vote: vote.number)
    places = [int(len(ordered) * cut) for cut in CUTS]
    return [(ordered[:start], _judged(ordered[start:end])) for start, end in pairwise(places)]


def _judged(votes: Sequence[Vote]) -> list[Judged]:
    good = [vote for vote in votes if vote.explicit and vote.value >= GOOD]
    return [Judged(v.query, v.document_id, v.person, v.rank, v.shown) for v in good][-MOST_CASES:]


def guard(store: KnowledgeStore, principal: Principal) -> list[Judged]:
    """Known items: titles and identifiers of documents that are chosen by hash, so always the same ones."""
    found = []
    for hit in store.sample(GUARD_CASES, principal=principal):
        name = hit.identifiers[0] if hit.identifiers else ""
        words = hit.title.removeprefix(name).strip() or name
        found += [Judged(text, hit.document_id) for text in (words, name) if text]
    return found


def scored(
    store: KnowledgeStore, principal: Principal, cases: Iterable[Judged], before: LiftsOf, after: LiftsOf, *,
    trust: Mapping[str, float] = {},
) -> list[Scored]:  # fmt: skip
    """Both rankings of each question, judged alike."""
    found = []
    for case in cases:
        old, new = (_score(store, principal, case, lifts(case.query)) for lifts in (before, after))
        found.append(Scored(old, new, case.weight(trust)))
    return found


def _score(store: KnowledgeStore, principal: Principal, case: Judged, lifts: Lifts | None) -> float:
    hits = store.search(case.query, k=SEARCHED if case.shown else K, principal=principal, lifts=lifts)
    ranked = [hit.document_id for hit in hits]
    if case.shown:
        ranked = [one for one in ranked if one in case.shown or one == case.document_id]
    return ndcg_at(ranked, {case.document_id}, K)


def compared(cases: Sequence[Scored]) -> Compared:
    """Weighted means, and a paired bootstrap of their difference (Efron, 1979)."""
    weights = np.array([case.weight for case in cases])
    if not weights.sum() > 0:
        return Compared(len(cases), 0.0, 0.0, 0.0)
    before, after = (np.array([getattr(case, name) for case in cases]) for name in ("before", "after"))
    picks = np.random.default_rng(0).integers(0, len(cases), (ROUNDS, len(cases)))
    drawn = weights[picks]
    means = (drawn * (after - before)[picks]).sum(1) / np.maximum(drawn.sum(1), 1e-12)
    return Compared(
        len(cases), float(np.average(before, weights=weights)), float(np.average(after, weights=weights)),
        float(np.quantile(means, 1 - CONFIDENCE)),
    )  # fmt: skip
