from __future__ import annotations

import numpy as np
import pytest

from icelos.errors import InputError
from icelos.jobs.mail.detector.model import CLIP, PARTS
from icelos.jobs.mail.detector.train import (
    LEAST,
    Examples,
    balanced,
    fit_mixture,
    fit_parts,
    folds_of,
    joined,
    unseen_reading,
)
from icelos.jobs.mail.intents.taxonomy import ALL
from icelos.llm.encoder import DIMENSIONS


def test_too_little_of_a_kind_is_refused(small_examples: Examples) -> None:
    bad = np.flatnonzero(small_examples.labels == 1)
    good = np.flatnonzero(small_examples.labels == 0)
    with pytest.raises(InputError, match=f"only {LEAST - 1} malicious mails"):
        fit_parts(small_examples.take(np.concatenate([bad[: LEAST - 1], good])))
    with pytest.raises(InputError, match="only 0 benign mails"):
        fit_parts(small_examples.take(bad))


def test_the_same_seed_gives_the_same_parts(small_examples: Examples) -> None:
    few = small_examples.take(np.arange(160))
    first, second = fit_parts(few, seed=3), fit_parts(few, seed=3)
    assert (first.text.weights == second.text.weights).all()
    assert (first.intents.weights == second.intents.weights).all()
    assert first.meaning is None


def test_intents_are_learnt_from_simulated_mail_alone(small_examples: Examples) -> None:
    """Real mail that calls everything extortion moves no intent, whatever it does to the verdict."""
    place = ALL.index("extortion")
    wrong = small_examples.intents.copy()
    wrong[:, place] = 1
    real = small_examples._replace(
        intents=wrong, simulated=np.zeros(small_examples.size, np.bool_), labels=1 - small_examples.labels
    )
    alone, both = fit_parts(small_examples), fit_parts(joined([small_examples, real]))
    assert np.allclose(alone.intents.weights, both.intents.weights)
    assert not np.allclose(alone.text.weights, both.text.weights)


def test_an_intent_without_examples_is_never_found(small_examples: Examples) -> None:
    place = ALL.index("gift-cards")
    without = small_examples.take(small_examples.intents[:, place] == 0)
    reading = fit_parts(without).read(small_examples)
    assert reading.intents[:, place].max() < 1e-4
    nothing = fit_parts(small_examples._replace(simulated=np.zeros(small_examples.size, np.bool_)))
    assert (nothing.intents.offsets == -CLIP).all()


def test_texts_in_made_up_envelopes_teach_no_anatomy(small_examples: Examples) -> None:
    few = small_examples.take(np.arange(160))
    flat = few._replace(built=np.zeros(few.size, np.bool_))
    both = joined([few, flat._replace(anatomy=1 - flat.anatomy, weights=0 * flat.weights + 1)])
    assert np.allclose(fit_parts(few).anatomy.weights, fit_parts(both).anatomy.weights, atol=1e-3)
    assert (fit_parts(flat).anatomy.weights == 0).all()


def test_meaning_is_learnt_where_all_have_it(small_examples: Examples, noise: np.random.Generator) -> None:
    seen = noise.normal(0, 0.05, (small_examples.size, DIMENSIONS)).astype(np.float32)
    seen[:, 0] = np.where(small_examples.labels == 1, 1.0, -1.0)
    with_meaning = small_examples._replace(seen=seen)
    parts = fit_parts(with_meaning)
    assert parts.meaning is not None
    assert parts.meaning.weights.shape == (1 + len(ALL), DIMENSIONS)
    said = parts.read(with_meaning).parts[:, PARTS.index("meaning")]
    assert ((said > 0) == (small_examples.labels == 1)).all()
    assert joined([with_meaning, small_examples]).seen is None
    assert joined([with_meaning, with_meaning]).seen is not None


def test_taking_and_joining_keep_rows_together(small_examples: Examples) -> None:
    first, rest = (
        small_examples.take(np.arange(10)),
        small_examples.take(np.arange(small_examples.size) >= 10),
    )
    whole = joined([first, rest])
    assert whole.size == small_examples.size == first.size + rest.size
    assert list(whole.groups) == list(small_examples.groups)
    assert (whole.labels == small_examples.labels).all()
    assert (whole.rows != small_examples.rows).nnz == 0


def test_both_kinds_count_the_same_in_all() -> None:
    labels = np.array([1, 0, 0, 0], np.int8)
    weights = balanced(labels)
    assert weights[labels == 1].sum() == pytest.approx(weights[labels == 0].sum())


def test_folds_keep_groups_together_and_are_of_a_size() -> None:
    groups = [f"case {number % 40}" for number in range(400)]
    fold = folds_of(groups, 3, seed=1)
    assert all(len({int(fold[n]) for n in range(400) if groups[n] == name}) == 1 for name in set(groups))
    assert sorted(np.bincount(fold).tolist()) == [130, 130, 140]
    assert (fold == folds_of(groups, 3, seed=1)).all()
    assert (fold != folds_of(groups, 3, seed=2)).any()
    assert folds_of([], 3, 0).size == 0


def test_unseen_reading_knows_nothing_of_what_it_reads(
    small_examples: Examples, noise: np.random.Generator
) -> None:
    """Labels drawn at random, a group each: the parts know what they were fitted on, and nothing else."""
    few = small_examples.take(np.arange(200))
    dice = noise.permutation(few.labels).astype(np.int8)
    random = few._replace(labels=dice, groups=[str(n) for n in range(few.size)])
    text = PARTS.index("text")
    seen, unseen = fit_parts(random).read(random).parts[:, text], unseen_reading(random).parts[:, text]
    assert ((seen > 0) == (dice == 1)).mean() > 0.95
    assert ((unseen > 0) == (dice == 1)).mean() < 0.65


# ---- the mixture


def _parts(noise: np.random.Generator, labels: np.ndarray, *signs: float) -> np.ndarray:
    side = np.where(labels == 1, 1.0, -1.0)
    return np.stack([sign * side + noise.normal(0, 1, len(labels)) for sign in signs], 1).astype(np.float32)


def test_a_mixture_has_the_signs_that_its_parts_mean(noise: np.random.Generator) -> None:
    labels = (np.arange(2000) % 4 == 0).astype(np.int8)
    parts = _parts(noise, labels, 1.0, -1.0, -0.5)
    mixture = fit_mixture(parts, labels, np.ones(2000, np.float32), ["text", "harmless", "anatomy"])
    assert mixture.weights["text"] > 0 > mixture.weights["harmless"]
    assert "anatomy" not in mixture.weights, "it speaks against what it says, and is left out"


def test_a_mixture_is_calibrated_for_as_many_of_each_kind(noise: np.random.Generator) -> None:
    labels = (np.arange(4000) % 10 == 0).astype(np.int8)
    parts = _parts(noise, labels, 1.0)
    mixture = fit_mixture(parts, labels, np.ones(4000, np.float32), ["text"])
    assert mixture.weights["text"] == pytest.approx(2.0, abs=0.25), "two normals, two apart, of width one"
    assert mixture.offset == pytest.approx(0.0, abs=0.15)


def test_parts_that_all_contradict_the_labels_are_refused(noise: np.random.Generator) -> None:
    labels = (np.arange(500) % 2).astype(np.int8)
    with pytest.raises(InputError, match="contradict each other"):
        fit_mixture(_parts(noise, labels, -1.0, 1.0), labels, np.ones(500, np.float32), ["text", "harmless"])
