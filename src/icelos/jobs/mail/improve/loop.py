"""The loop: misses -> their intents -> synthetic mail -> an intent model -> the detector -> a new threshold.

What is learnt of malice is learnt from synthetic mail, and from real mail only where that is asked for. Real
ham is learnt from in either case. Labelled mail is split by near-duplicates: one part to learn and to fit
from, one that only measures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from icelos.errors import InputError
from icelos.evaluate.metrics import wilson
from icelos.jobs.mail.detector.model import PARTS, Card, Floats, Linear, MailModel, Mixture
from icelos.jobs.mail.detector.thresholds import WANTED_FPR, thresholds_for
from icelos.jobs.mail.detector.train import (
    Examples,
    Parts,
    fit_mixture,
    fit_parts,
    folds_of,
    joined,
)
from icelos.jobs.mail.intents.taxonomy import MALICIOUS
from icelos.jobs.mail.synthesis.usual import USUAL

Synthesise = Callable[[Mapping[str, float], Mapping[str, float]], Examples]
"""From weights of intents and of languages to synthetic examples."""


class Share(msgspec.Struct, frozen=True):
    """`hits` of `n`, with the 95 % interval (Wilson)."""

    hits: int
    n: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.hits / self.n if self.n else 0.0


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Recall and false positives of one model on mail that it has not seen."""

    recall: Share
    false_positives: Share
    by_intent: Mapping[str, Share]
    by_language: Mapping[str, Share]


class Improved(msgspec.Struct, frozen=True, kw_only=True):
    """What the loop did. `missed` counts the misses by intent; `same_threshold` is the old model with a new
    threshold."""

    missed: Mapping[str, int]
    synthetic: int
    refused: int
    before: Measured
    rethresholded: Measured
    after: Measured


class Corpus(NamedTuple):
    """Labelled mail as numbers, with what is added to the model's log-odds by signals, and each mail's
    language."""

    examples: Examples
    signals: Floats
    languages: Sequence[str]

    def take(self, which: NDArray[np.bool_]) -> Corpus:
        """The mails at which `which` is true."""
        return Corpus(
            self.examples.take(which), self.signals[which],
            [one for one, wanted in zip(self.languages, which, strict=True) if wanted],
        )  # fmt: skip


class Split(NamedTuple):
    """Labelled mail in three: to learn ham from, to fit mixture and threshold, and to measure."""

    learn: Corpus
    fit: Corpus
    measure: Corpus


def split(corpus: Corpus, *, seed: int = 0) -> Split:
    """By groups: a third each, of those with malicious mail and of the others.

    Raises InputError where there are too few malicious mails, near copies counted once, to have some in each.
    """
    examples = corpus.examples
    bad = {group for group, label in zip(examples.groups, examples.labels, strict=True) if label}
    if 0 < len(bad) < 3:
        raise InputError(
            f"only {len(bad)} malicious mails that are no near copies of each other",
            hint="one is to learn from, one to fit by, one to measure: give 3, better hundreds",
        )
    fold = np.zeros(examples.size, np.int64)
    for kind in (True, False):
        places = [place for place, group in enumerate(examples.groups) if (group in bad) == kind]
        fold[places] = folds_of([examples.groups[place] for place in places], 3, seed)
    return Split(*(corpus.take(fold == number) for number in range(3)))


def log_odds(model: MailModel, corpus: Corpus) -> Floats:
    """What a model and the signals come to, shape (n,)."""
    reading = model.read_vectors(corpus.examples.rows, corpus.examples.anatomy, corpus.examples.seen)
    return np.asarray(model.log_odds(reading, kind_of(corpus.examples, model)) + corpus.signals, np.float32)


def kind_of(examples: Examples, model: MailModel | None = None) -> str:
    """The key of mixtures and thresholds that examples are judged under. Raises InputError like `checked`."""
    meant = examples.seen is not None and (model is None or model.meaning is not None)
    kind = "encoder" if meant else "words"
    return kind if model is None else model.checked(kind)


def missed_intents(model: MailModel, corpus: Corpus) -> tuple[Counter[str], Counter[str]]:
    """Intents and languages of the malicious mails that a model does not flag."""
    missed = corpus.take((corpus.examples.labels == 1) & ~flagged(model, corpus))
    return intents_of(model, missed), Counter(missed.languages)


def intents_of(model: MailModel, corpus: Corpus) -> Counter[str]:
    """The harmful intents of mails: those of their labels, else the one that a model takes for the
    likeliest."""
    harmful = [place for place, name in enumerate(model.card.intents) if name in MALICIOUS]
    examples, found = corpus.examples, Counter[str]()
    if not examples.size:
        return found
    guessed = model.read_vectors(examples.rows, examples.anatomy, examples.seen).intents
    for place in range(examples.size):
        given = [model.card.intents[at] for at in harmful if examples.intents[place, at]]
        found.update(given or [model.card.intents[harmful[int(np.argmax(guessed[place, harmful]))]]])
    return found


def flagged(model: MailModel, corpus: Corpus) -> NDArray[np.bool_]:
    """Which mails are at or above the model's threshold for a review."""
    return np.asarray(
        log_odds(model, corpus) >= model.card.thresholds[kind_of(corpus.examples, model)].review
    )


def improve(
    base: MailModel,
    parts: Split,
    synthesise: Synthesise,
    *,
    version: str,
    created: str,
    wanted_fpr: float = WANTED_FPR,
    real: bool = False,
    seed: int = 0,
) -> tuple[MailModel, Improved]:
    """A new model, and what it is worth on the part that only measures.

    `real` learns from the labelled malicious mail as well. Raises InputError where there is too little ham.
    """
    intents, languages = missed_intents(base, parts.learn)
    made = synthesise(weights_of(intents), languages)
    ham = parts.learn.examples.take(parts.learn.examples.labels == 0)
    learnt = [made, parts.learn.examples if real else ham]
    own = fit_parts(joined(learnt), seed=seed)
    model = combined(base, own, parts.fit, wanted_fpr=wanted_fpr, version=version, created=created, seed=seed)
    kind = kind_of(parts.fit.examples, base)
    clean = parts.fit.take(parts.fit.examples.labels == 0)
    moved = thresholds_for(log_odds(base, clean), wanted_fpr)
    rethresholded = base._replace(card=msgspec.structs.replace(base.card, thresholds={kind: moved}))
    return model, Improved(
        missed=dict(intents), synthetic=made.size, refused=0,
        before=measure(base, parts.measure), rethresholded=measure(rethresholded, parts.measure),
        after=measure(model, parts.measure),
    )  # fmt: skip


def weights_of(intents: Counter[str]) -> dict[str, float]:
    """Weights of the malicious intents: half as they were missed, half as usual.

    What is written only of what was missed forgets the rest, and is misled where misses were named wrongly.
    """
    total = sum(intents.values()) or 1
    usual = sum(USUAL[name] for name in MALICIOUS)
    return {name: (intents[name] / total + USUAL[name] / usual) / 2 for name in MALICIOUS}


def combined(
    base: MailModel, own: Parts, fit: Corpus, *, wanted_fpr: float, version: str, created: str, seed: int = 0
) -> MailModel:
    """The base model's parts and new ones, weighed on labelled mail that the new ones have not seen.

    Parts of one kind are linear in the same numbers, so that their weighted sum is one part again.
    """
    kind = kind_of(fit.examples)
    old = base.read_vectors(fit.examples.rows, fit.examples.anatomy, fit.examples.seen).parts
    new = own.read(fit.examples).parts
    names, columns = [], []
    for place, name in enumerate(PARTS):
        if name == "meaning" and kind == "words":
            continue
        names.append(f"{name} own")
        columns.append(new[:, place])
        # the new intents are learnt from all phrases: they take the old ones' place
        if not name.startswith("harm") and (name != "meaning" or base.meaning is not None):
            names.append(f"{name} base")
            columns.append(old[:, place])
    mixture = fit_mixture(np.stack(columns, 1), fit.examples.labels, fit.examples.weights, names)
    weight = mixture.weights.get
    text = _sum(base.text, weight("text base", 0.0), own.text, weight("text own", 0.0))
    anatomy = _sum(base.anatomy, weight("anatomy base", 0.0), own.anatomy, weight("anatomy own", 0.0))
    weights = {"text": 1.0, "anatomy": 1.0}
    weights |= {name: weight(f"{name} own", 0.0) for name in ("harm", "harmless")}
    meaning = own.meaning
    if kind == "encoder" and meaning is not None:
        verdict = _sum(
            base.meaning or meaning, weight("meaning base", 0.0), meaning, weight("meaning own", 0.0)
        )
        meaning = Linear(  # only the verdict is summed; the intents are the new ones
            np.concatenate([verdict.weights[:1], meaning.weights[1:]]),
            np.concatenate([verdict.offsets[:1], meaning.offsets[1:]]),
        )
        weights["meaning"] = 1.0
    card = Card(
        version=version, created=created, seed=seed,
        trained_on=[*base.card.trained_on, f"{version}: {fit.examples.size} own mails to fit by"],
        mixtures={kind: Mixture(weights, mixture.offset)}, thresholds={},
    )  # fmt: skip
    model = MailModel(card, text, own.intents, meaning, anatomy)
    clean = fit.take(fit.examples.labels == 0)
    thresholds = thresholds_for(log_odds(model, clean), wanted_fpr)
    return model._replace(card=msgspec.structs.replace(card, thresholds={kind: thresholds}))


def _sum(one: Linear, first: float, other: Linear, second: float) -> Linear:
    return Linear(first * one.weights + second * other.weights, first * one.offsets + second * other.offsets)


def measure(model: MailModel, corpus: Corpus) -> Measured:
    """Recall and false positives, by intent and language where mails have them."""
    hit, labels = flagged(model, corpus), corpus.examples.labels
    malicious = labels == 1
    languages = np.array(corpus.languages)
    return Measured(
        recall=_share(hit[malicious]), false_positives=_share(hit[~malicious]),
        by_intent={
            name: _share(hit[malicious & (corpus.examples.intents[:, place] == 1)])
            for place, name in enumerate(model.card.intents)
            if name in MALICIOUS and corpus.examples.intents[malicious, place].any()
        },
        by_language={
            language: _share(hit[malicious & (languages == language)])
            for language in sorted(set(languages[malicious].tolist()))
        },
    )  # fmt: skip


def _share(hits: NDArray[np.bool_]) -> Share:
    low, high = wilson(int(hits.sum()), len(hits))
    return Share(int(hits.sum()), len(hits), round(low, 4), round(high, 4))
