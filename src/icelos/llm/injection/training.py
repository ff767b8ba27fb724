"""Texts to weights: which sentence of an attack is the attack is learnt with them.

A text is a bag of sentences. An attack has at least one bad sentence and nobody says which; a benign text
has none. So, in rounds: fit, keep of each attack its worst sentence and those that are surely bad, add
the benign sentences that look worst, fit again (multiple-instance learning after Andrews et al., 2002,
with hard negatives). Made-up attacks that look like nothing in particular are left out after the first
round.

The fit is logistic with L2 weights; what the concepts and shapes say can only raise a score, but for a
few that speak of people and of attacks that are told of: no number of harmless words hides an order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from icelos.llm.injection import grammar
from icelos.llm.injection.features import FIRST_HASH, FIRST_SHAPE, SIZE, features
from icelos.llm.injection.lexicon import NAMES
from icelos.llm.injection.model import MANY
from icelos.llm.injection.segments import segments
from icelos.llm.injection.shapes import SHAPES

Bag = Sequence[Sequence[int]]
"""The sentences of a text, each as the places of its numbers."""
ROUNDS = 3
SURE = 1.5
"""Logit above which a sentence of an attack counts as bad besides the worst one."""
VAGUE = -1.5
"""Logit of a made-up attack's worst sentence below which it is left out."""
HARD, RANDOM = 15_000, 15_000
"""Benign sentences of each round: those that look worst, and others."""
L2, L2_HASHED = 1.0, 20.0
REAL, MADE = 4.0, 1.0
"""Weights of a real attack's sentence and of a made-up one's."""
MADE_ATTACKS, MADE_TWINS = 60_000, 45_000
_LOWERING = frozenset({"person", "story", "rank"})
_LOWERING_SHAPES = frozenset(
    {"incident response", "told of", "question", "address", "link", "code call", "quoted", "asks to"}
)


class Fitted(NamedTuple):
    """Weights of `SIZE` numbers and the bias."""

    weights: NDArray[np.float64]
    bias: float


class Benign(NamedTuple):
    """Benign texts of one source; each of its sentences counts `weight` times."""

    bags: Sequence[Bag]
    weight: float = 1.0


class Tuning(msgspec.Struct, frozen=True):
    """What of the training may be varied, for comparisons."""

    l2: float = L2
    l2_hashed: float = L2_HASHED
    concepts: bool = True
    hashed: bool = True
    only_raise: bool = True


DEFAULT = Tuning()


def bag(text: str) -> list[list[int]]:
    """A text's sentences as numbers; of a text without any, its beginning."""
    return [features(s.text, encoded=s.encoded) for s in segments(text)] or [features(text[:400])]


@cache
def made() -> tuple[list[list[list[int]]], list[list[list[int]]]]:
    """Made-up attacks and their twins, always the same."""
    attacks = dict.fromkeys(grammar.attacks(MADE_ATTACKS, seed=1))
    twins = dict.fromkeys(grammar.twins(MADE_TWINS, seed=2))
    return [bag(text) for text in attacks], [bag(text) for text in twins]


def fit(
    attacks: Sequence[Bag], benign: Sequence[Benign], *, tuning: Tuning = DEFAULT, seed: int = 0
) -> Fitted:
    """Weights from real attacks and benign texts, with the made-up ones. Deterministic for a seed."""
    made_attacks, twins = made()
    real, artificial = _Bags(attacks), _Bags(made_attacks)
    matrices = [_matrix(row for one in source.bags for row in one) for source in (*benign, Benign(twins))]
    from scipy.sparse import vstack

    negatives = vstack(matrices).tocsr()
    weights = np.concatenate(
        [np.full(m.shape[0], s.weight) for m, s in zip(matrices, (*benign, Benign(twins)), strict=True)]
    )
    source = np.random.default_rng(seed)
    always = np.flatnonzero(weights > 1)
    chosen = np.union1d(_drawn(source, negatives.shape[0], 2 * RANDOM), always)
    fitted: Fitted | None = None
    for _ in range(ROUNDS):
        positives = [(real, real.picked(fitted), REAL), (artificial, artificial.picked(fitted, VAGUE), MADE)]
        rows = vstack([*(b.rows[mask] for b, mask, _ in positives), negatives[chosen]]).tocsr()
        counts = [np.full(int(mask.sum()), weight) for _, mask, weight in positives]
        given = np.concatenate([*counts, weights[chosen]])
        labels = np.concatenate([np.ones(sum(map(len, counts))), np.zeros(len(chosen))])
        fitted = _logistic(rows, labels, given, tuning)
        worst = np.argsort(-(negatives @ fitted.weights), kind="stable")[:HARD]
        chosen = np.union1d(np.union1d(worst, _drawn(source, negatives.shape[0], RANDOM)), always)
    assert fitted is not None  # noqa: S101 - there is at least one round
    return fitted


def worst(bags: Sequence[Bag], fitted: Fitted) -> NDArray[np.float64]:
    """The logit of each text, as `Model.flag` makes it."""
    return _Bags(bags).worst(fitted)


def threshold(
    attacks: Sequence[Bag], held: Mapping[str, Sequence[Bag]], benign: Sequence[Benign], *, pooled: float,
    each: Mapping[str, float], weights: Mapping[str, float], folds: int = 3, tuning: Tuning = DEFAULT,
    progress: Callable[[str], None] = lambda _: None,
) -> float:  # fmt: skip
    """A logit at which at most these shares of benign texts are flagged that were not trained on.

    `held` are benign texts by source: each fold of them is scored by a fit on the others. `pooled` is the
    share of all of them together, `each` that of each source.
    """
    scores: dict[str, list[NDArray[np.float64]]] = {name: [] for name in held}
    for fold in range(folds):
        progress(f"fold {fold + 1} of {folds}")
        rest = [
            Benign([b for j, b in enumerate(bags) if j % folds != fold], weights.get(name, 1.0))
            for name, bags in held.items()
        ]
        fitted = fit(attacks, [*rest, *benign], tuning=tuning)
        for name, bags in held.items():
            scores[name].append(worst([b for j, b in enumerate(bags) if j % folds == fold], fitted))
    whole = {name: np.concatenate(parts) for name, parts in scores.items()}
    limits = [np.quantile(np.concatenate(list(whole.values())), 1 - pooled)]
    limits += [np.quantile(found, 1 - each[name]) for name, found in whole.items()]
    return float(max(limits))


class _Bags:
    """Texts as one matrix of sentences, with the place where each text begins."""

    def __init__(self, bags: Sequence[Bag]) -> None:
        self.rows = _matrix(row for one in bags for row in one)
        self.starts = np.cumsum([0, *map(len, bags)])[:-1]

    def worst(self, fitted: Fitted) -> NDArray[np.float64]:
        if not len(self.starts):
            return np.zeros(0)
        worst = np.maximum.reduceat(self.rows @ fitted.weights + fitted.bias, self.starts)
        return worst - MANY * np.log(np.diff([*self.starts, self.rows.shape[0]]))

    def picked(self, fitted: Fitted | None, least: float = -np.inf) -> NDArray[np.bool_]:
        """Which sentences stand for their texts: all before the first fit."""
        if fitted is None:
            return np.ones(self.rows.shape[0], bool)
        scores = self.rows @ fitted.weights + fitted.bias
        mask: NDArray[np.bool_] = scores > SURE
        for start, end in zip(self.starts, [*self.starts[1:], len(scores)], strict=True):
            best = start + int(np.argmax(scores[start:end]))
            if scores[best] > least:
                mask[best] = True
        return mask


def _matrix(rows: Iterator[Sequence[int]]) -> Any:
    from scipy.sparse import csr_matrix

    places: list[int] = []
    ends = [0]
    for row in rows:
        places += row
        ends.append(len(places))
    data = np.ones(len(places), np.float32)
    return csr_matrix((data, np.asarray(places, np.int32), np.asarray(ends)), shape=(len(ends) - 1, SIZE))


def _drawn(source: np.random.Generator, size: int, most: int) -> NDArray[np.int64]:
    return source.choice(size, min(most, size), replace=False)


def _logistic(
    rows: Any, labels: NDArray[np.float64], given: NDArray[np.float64], tuning: Tuning
) -> Fitted:  # fmt: skip
    """Weighted logistic regression by L-BFGS-B (Byrd et al., 1995), most weights bounded at nought."""
    from scipy.optimize import minimize

    penalty = np.full(SIZE, tuning.l2)
    penalty[FIRST_HASH:] = tuning.l2_hashed if tuning.hashed else 1e9
    if not tuning.concepts:
        penalty[:FIRST_HASH] = 1e9
    signs, turned = 2 * labels - 1, rows.T.tocsr()

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, margins = point[:-1], signs * (rows @ point[:-1] + point[-1])
        slope = -signs * given / (1 + np.exp(np.clip(margins, -50, 50)))
        value = (given * np.logaddexp(0, -margins)).sum() + 0.5 * (penalty * weights * weights).sum()
        return float(value), np.append(turned @ slope + penalty * weights, slope.sum())

    low = _lowest() if tuning.only_raise else [None] * SIZE
    bounds = [(one, None) for one in low] + [(None, None)]
    found = minimize(
        loss, np.zeros(SIZE + 1), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 120}
    )
    return Fitted(found.x[:-1], float(found.x[-1]))


@cache
def _lowest() -> list[float | None]:
    """The least that each weight may be; None for any."""
    count = len(NAMES)
    lowering = np.array([name in _LOWERING for name in NAMES])
    pairs = (lowering[:, None] | lowering[None, :]).ravel()
    shapes = [name in _LOWERING_SHAPES for name, _ in SHAPES]
    free = np.zeros(SIZE, bool)
    free[:count] = lowering
    free[count:FIRST_SHAPE] = np.tile(pairs, 2)
    free[FIRST_SHAPE : FIRST_SHAPE + len(shapes)] = shapes
    free[FIRST_HASH:] = True
    return [None if one else 0.0 for one in free]
