"""Learning the parts and their mixture from examples; nothing here reads mail.

Intents are learnt from synthetic mail alone. The mixture is fitted on what the parts say of examples that
they have not seen, by groups: near-duplicates, and scenes of the synthetic mail, are never on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from icelos.errors import InputError
from icelos.jobs.mail.detector.model import CLIP, EMPTY, PARTS, Floats, Linear, MailModel, Mixture, Reading
from icelos.jobs.mail.detector.vectors import FOLDED, folded
from icelos.jobs.mail.intents.taxonomy import ALL
from icelos.llm.encoder import DIMENSIONS

FOLDS = 3
TOLERANCE = 0.01
"""Of liblinear: ten times its default, for a fifth of the time and the same order of mails."""
PASSES = 10
"""Of stochastic descent over the synthetic mail: 28 intents take seconds where liblinear takes minutes."""
LEAST = 20
"""Examples of each kind without which nothing is learnt."""
SMOOTHING = 0.3
"""Added to the sums of a column before its ratio is taken: columns seen once tell little."""
TEXT_STRENGTH = 2.5
"""Inverse strength of regularisation of the text, for columns of the usual ratio."""


class Examples(NamedTuple):
    """Mails as numbers, a row each.

    `rows` (n, FEATURES) sparse; `anatomy` (n, questions); `seen` (n, 384) or None where there is no encoder;
    `labels` (n,) of 0 and 1; `intents` (n, len(ALL)) of 0 and 1, all 0 where unknown; `groups` n names;
    `simulated` (n,) and `built` (n,), whether a row has an anatomy (texts alone have none); `weights` (n,).
    """

    rows: Any
    anatomy: Floats
    seen: Floats | None
    labels: NDArray[np.int8]
    intents: NDArray[np.int8]
    groups: Sequence[str]
    simulated: NDArray[np.bool_]
    built: NDArray[np.bool_]
    weights: Floats

    @property
    def size(self) -> int:
        """The number of mails."""
        return len(self.labels)

    def take(self, which: NDArray[Any]) -> Examples:
        """The rows at `which`, positions or truth values."""
        places = (np.flatnonzero(which) if which.dtype == np.bool_ else which).tolist()
        return Examples(
            self.rows[places], self.anatomy[places], None if self.seen is None else self.seen[places],
            self.labels[places], self.intents[places], [self.groups[place] for place in places],
            self.simulated[places], self.built[places], self.weights[places],
        )  # fmt: skip


def joined(parts: Sequence[Examples]) -> Examples:
    """Several sets as one; the encoder's vectors are kept where all have them."""
    from scipy import sparse

    seen = None
    if all(part.seen is not None for part in parts):
        seen = np.concatenate([part.seen for part in parts if part.seen is not None])
    return Examples(
        sparse.vstack([part.rows for part in parts], format="csr"),
        np.concatenate([part.anatomy for part in parts]), seen,
        np.concatenate([part.labels for part in parts]), np.concatenate([part.intents for part in parts]),
        [group for part in parts for group in part.groups],
        np.concatenate([part.simulated for part in parts]), np.concatenate([part.built for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )  # fmt: skip


class Parts(NamedTuple):
    """What was learnt, without mixture and card."""

    text: Linear
    intents: Linear
    meaning: Linear | None
    anatomy: Linear

    def read(self, examples: Examples) -> Reading:
        """What each part says of each example."""
        bare = MailModel(EMPTY, self.text, self.intents, self.meaning, self.anatomy)
        return bare.read_vectors(examples.rows, examples.anatomy, examples.seen)


def fit_parts(examples: Examples, *, seed: int = 0) -> Parts:
    """Learn each part. Raises InputError where there is too little of either kind."""
    for label, name in ((1, "malicious"), (0, "benign")):
        if (count := int((examples.labels == label).sum())) < LEAST:
            raise InputError(f"only {count} {name} mails to learn from", hint=f"at least {LEAST} are needed")
    balance = balanced(examples.labels) * examples.weights
    text = _by_ratio(examples.rows, examples.labels, balance, strength=TEXT_STRENGTH, seed=seed)
    built = examples.built
    anatomy = _one(
        examples.anatomy[built], examples.labels[built], balance[built], strength=0.3, seed=seed,
        inputs=examples.anatomy.shape[1],
    )  # fmt: skip
    intents = _several(folded(examples.rows), examples, FOLDED, strength=1e-5, seed=seed)
    meaning = None
    if examples.seen is not None:
        verdict = _one(examples.seen, examples.labels, balance, strength=10.0, seed=seed, inputs=DIMENSIONS)
        meant = _several(examples.seen, examples, DIMENSIONS, strength=1e-5, seed=seed)
        meaning = Linear(
            np.concatenate([verdict.weights, meant.weights]), np.concatenate([verdict.offsets, meant.offsets])
        )
    return Parts(text, intents, meaning, anatomy)


def balanced(labels: NDArray[np.int8]) -> Floats:
    """Weights by which both kinds count the same in all."""
    share = labels.mean()
    return np.asarray(np.where(labels == 1, 0.5 / share, 0.5 / (1 - share)), np.float32)


def _by_ratio(rows: Any, labels: Any, weights: Floats, *, strength: float, seed: int) -> Linear:
    """A linear map that is free where a column is much more frequent in one kind than in the other.

    Columns are multiplied by the log ratio of their frequencies (Wang and Manning 2012, NBSVM), scaled to a
    mean square of one over all that is seen, and the weights by the same, so that rows are read as they are.
    """
    from scipy import sparse

    ratio = log_ratio(rows, labels)
    fitted = _one(
        rows @ sparse.diags(ratio), labels, weights, strength=strength, seed=seed, inputs=rows.shape[1]
    )
    return Linear((fitted.weights * ratio).astype(np.float32), fitted.offsets)


def log_ratio(rows: Any, labels: Any) -> Floats:
    """How much more frequent each column is in one kind than in the other, from 0; shape (columns,)."""
    of = [np.asarray(rows[labels == label].sum(0)).ravel() + SMOOTHING for label in (1, 0)]
    ratio = np.abs(np.log(of[0] / of[0].sum()) - np.log(of[1] / of[1].sum()))
    seen = np.bincount(rows.indices, minlength=rows.shape[1])
    mean_square = np.average(ratio**2, weights=seen) if seen.any() else 0.0
    return np.asarray(ratio / np.sqrt(mean_square) if mean_square else np.ones_like(ratio), np.float32)


def _one(rows: Any, labels: Any, weights: Floats, *, strength: float, seed: int, inputs: int) -> Linear:
    if len(set(labels.tolist())) < 2:
        return Linear(np.zeros((1, inputs), np.float32), np.zeros(1, np.float32))
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(
        C=strength, solver="liblinear", random_state=seed, max_iter=200, tol=TOLERANCE
    )
    fitted.fit(rows, labels, sample_weight=weights)
    return Linear(fitted.coef_.astype(np.float32), fitted.intercept_.astype(np.float32))


def _several(rows: Any, examples: Examples, inputs: int, *, strength: float, seed: int) -> Linear:
    """One map for each intent, from synthetic mail alone; an intent that it lacks is never found.

    Words are multiplied by the root of their log ratio: few mails of each intent need what a text with
    thousands has enough of.
    """
    from scipy import sparse
    from sklearn.linear_model import SGDClassifier

    made = np.flatnonzero(examples.simulated & (examples.intents.sum(1) > 0))
    found = rows[made]
    weights = np.zeros((len(ALL), inputs), np.float32)
    offsets = np.full(len(ALL), -CLIP, np.float32)
    for place in range(len(ALL)):
        labels = examples.intents[made, place]
        if 0 < labels.sum() < len(labels):
            ratio = (
                np.sqrt(log_ratio(found, labels)) if sparse.issparse(found) else np.ones(inputs, np.float32)
            )
            fitted = SGDClassifier(
                loss="log_loss", alpha=strength, max_iter=PASSES, tol=None, average=True, random_state=seed
            ).fit(found @ sparse.diags(ratio), labels)
            weights[place], offsets[place] = fitted.coef_[0] * ratio, fitted.intercept_[0]
    return Linear(weights, offsets)


# ---- the mixture


def unseen_reading(
    examples: Examples, *, seed: int = 0, folds: int = FOLDS, fold: NDArray[np.int64] | None = None
) -> Reading:
    """What parts say of examples whose groups they were not fitted on.

    `fold` (n,) numbers from 0 to `folds` - 1, names the fold of each example instead: where whole sources are
    left out together, a part that tells sources apart rather than intents gets no weight for it.
    """
    fold = folds_of(examples.groups, folds, seed) if fold is None else fold
    parts = np.zeros((examples.size, len(PARTS)), np.float32)
    intents = np.zeros((examples.size, len(ALL)), np.float32)
    for number in range(folds):
        apart = fold == number
        fitted = fit_parts(examples.take(~apart), seed=seed)
        reading = fitted.read(examples.take(apart))
        parts[apart], intents[apart] = reading.parts, reading.intents
    return Reading(parts, intents)


def folds_of(groups: Sequence[str], folds: int, seed: int) -> NDArray[np.int64]:
    names = sorted(set(groups))
    order = np.random.default_rng(seed).permutation(len(names))
    of = {name: int(order[place]) % folds for place, name in enumerate(names)}
    return np.array([of[group] for group in groups])


def fit_mixture(parts: Floats, labels: NDArray[np.int8], weights: Floats, names: Sequence[str]) -> Mixture:
    """Weights for the parts of `names`, whose log-odds are the columns of `parts`, shape (n, len(names)).

    Calibrated for as many malicious as benign mails. A part never counts against what it says: a weight of
    the wrong sign is a part that tells nothing new, and it is left out. Raises InputError where nothing is
    left.
    """
    from sklearn.linear_model import LogisticRegression

    left = list(range(len(names)))
    balance = balanced(labels) * weights
    while left:
        fitted = LogisticRegression(C=1.0, max_iter=1000).fit(parts[:, left], labels, sample_weight=balance)
        found = dict(zip(left, fitted.coef_[0].tolist(), strict=True))
        wrong = [place for place in left if (found[place] > 0) == names[place].startswith("harmless")]
        if not wrong:
            weighed = {names[place]: round(weight, 4) for place, weight in found.items()}
            return Mixture(weighed, round(float(fitted.intercept_[0]), 4))
        left = [place for place in left if place not in wrong]
    raise InputError("the examples contradict each other: nothing can be learnt from them")
