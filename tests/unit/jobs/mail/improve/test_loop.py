"""The loop on simulated mail: a detector that never met an intent, and a mailbox in which it comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
import numpy as np
import pytest

from icelos.errors import InputError
from icelos.jobs.mail.detector.examples import synthetic_examples
from icelos.jobs.mail.detector.model import PARTS, MailModel, Mixture
from icelos.jobs.mail.detector.train import Examples, Parts, joined
from icelos.jobs.mail.improve.loop import (
    Corpus,
    Improved,
    Measured,
    Split,
    combined,
    flagged,
    improve,
    kind_of,
    log_odds,
    measure,
    missed_intents,
    split,
)
from icelos.jobs.mail.improve.mailboxes import synthesiser
from icelos.jobs.mail.intents.taxonomy import ALL, BENIGN, MALICIOUS
from icelos.jobs.mail.synthesis.corpus import synthesise

GAP = "extortion"
MADE = "2026-01-02T03:04:05+00:00"
BAD = {GAP: 3.0, "gift-cards": 1.0}


def _corpus(number: int, intents: Mapping[str, float], seed: int) -> Corpus:
    """Simulated mail in place of the user's own, each a case of its own."""
    mails = list(synthesise(number, intents=intents, languages={"en": 1.0}, seed=seed))
    examples = synthetic_examples(mails)
    own = examples._replace(
        simulated=np.zeros(examples.size, np.bool_), groups=[f"{seed}/{mail.id}" for mail in mails]
    )
    return Corpus(own, np.zeros(examples.size, np.float32), [mail.language for mail in mails])


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """120 malicious mails, of which three of four are of the gap, and 420 others."""
    bad, good = _corpus(120, BAD, 101), _corpus(420, dict.fromkeys(BENIGN, 1.0), 102)
    return Corpus(
        joined([bad.examples, good.examples]), np.concatenate([bad.signals, good.signals]),
        [*bad.languages, *good.languages],
    )  # fmt: skip


@pytest.fixture(scope="module")
def parts(corpus: Corpus) -> Split:
    return split(corpus, seed=1)


@pytest.fixture(scope="module")
def base(small_examples: Examples, learn: Callable[[Examples, str], MailModel]) -> MailModel:
    """A detector that has never seen the gap."""
    return learn(small_examples.take(small_examples.intents[:, ALL.index(GAP)] == 0), "base")


class Asked:
    """Keeps what the loop asks synthetic mail of."""

    def __init__(self, number: int = 400) -> None:
        self.intents: Mapping[str, float] = {}
        self.languages: Mapping[str, float] = {}
        self._make = synthesiser(number, None, seed=7)

    def __call__(self, intents: Mapping[str, float], languages: Mapping[str, float]) -> Examples:
        self.intents, self.languages = intents, languages
        return self._make(intents, languages)


@pytest.fixture(scope="module")
def done(base: MailModel, parts: Split) -> tuple[MailModel, Improved, Asked]:
    asked = Asked()
    model, improved = improve(base, parts, asked, version="new", created=MADE, wanted_fpr=0.02)
    return model, improved, asked


# ---- the split


def test_no_case_is_in_two_parts(corpus: Corpus) -> None:
    groups = [f"case {number // 3}" for number in range(corpus.examples.size)]
    grouped = corpus._replace(examples=corpus.examples._replace(groups=groups))
    found = split(grouped, seed=5)
    sets = [set(part.examples.groups) for part in found]
    assert not sets[0] & sets[1]
    assert not sets[2] & (sets[0] | sets[1])
    assert sum(part.examples.size for part in found) == corpus.examples.size
    assert {len(part.languages) == part.examples.size == len(part.signals) for part in found} == {True}


def test_each_part_has_a_third_of_either_kind(corpus: Corpus) -> None:
    for part in split(corpus, seed=3):
        assert (part.examples.labels == 1).sum() == 40
        assert (part.examples.labels == 0).sum() == 140


def test_three_malicious_mails_are_one_for_each_part(corpus: Corpus) -> None:
    few = corpus.take(np.arange(corpus.examples.size) >= 117)
    for seed in range(5):
        assert [int(part.examples.labels.sum()) for part in split(few, seed=seed)] == [1, 1, 1]


def test_near_copies_count_once_when_there_are_too_few(corpus: Corpus) -> None:
    few = corpus.take(np.arange(corpus.examples.size) >= 100)
    alike = [f"case {min(number, 20) // 10}" for number in range(few.examples.size)]
    with pytest.raises(InputError, match="only 2 malicious mails"):
        split(few._replace(examples=few.examples._replace(groups=alike)))


def test_the_same_seed_splits_alike(corpus: Corpus) -> None:
    first, same, other = (split(corpus, seed=seed).measure.examples.groups for seed in (1, 1, 2))
    assert first == same
    assert first != other


# ---- the misses


def test_misses_are_counted_by_labelled_intent_and_language(base: MailModel, parts: Split) -> None:
    intents, languages = missed_intents(base, parts.learn)
    missed = (parts.learn.examples.labels == 1) & ~flagged(base, parts.learn)
    assert languages == {"en": int(missed.sum())}
    assert intents[GAP] == int(parts.learn.examples.intents[missed, ALL.index(GAP)].sum())
    assert intents.most_common(1)[0][0] == GAP
    assert set(intents) <= set(MALICIOUS)


def test_a_miss_without_a_label_is_what_the_model_takes_it_for(base: MailModel, parts: Split) -> None:
    learn = parts.learn
    bare = learn._replace(examples=learn.examples._replace(intents=np.zeros_like(learn.examples.intents)))
    intents, languages = missed_intents(base, bare)
    assert sum(intents.values()) == sum(languages.values())
    assert set(intents) <= set(MALICIOUS)


def test_where_nothing_is_missed_there_is_nothing_to_count(base: MailModel, parts: Split) -> None:
    card = base.card
    low = msgspec.structs.replace(card.thresholds["words"], review=-99.0)
    all_flagged = base._replace(card=msgspec.structs.replace(card, thresholds={"words": low}))
    assert missed_intents(all_flagged, parts.learn) == ({}, {})


def test_signals_count(base: MailModel, parts: Split) -> None:
    sure = parts.learn._replace(signals=parts.learn.signals + 50)
    assert flagged(base, sure).all()
    assert log_odds(base, sure) == pytest.approx(log_odds(base, parts.learn) + 50, abs=1e-3)


# ---- the loop


def test_a_gap_in_one_intent_closes(done: tuple[MailModel, Improved, Asked]) -> None:
    _, improved, _ = done
    before, after = improved.before, improved.after
    assert before.by_intent[GAP].value < 0.6
    assert after.by_intent[GAP].value > before.by_intent[GAP].value + 0.2
    assert after.recall.value > before.recall.value
    assert after.by_intent["gift-cards"].value >= before.by_intent["gift-cards"].value - 0.2
    assert after.false_positives.low <= 0.02


def test_the_report_has_counts_and_intervals(done: tuple[MailModel, Improved, Asked], parts: Split) -> None:
    _, improved, _ = done
    bad = int((parts.measure.examples.labels == 1).sum())
    for one in (improved.before, improved.rethresholded, improved.after):
        assert one.recall.n == bad
        assert one.false_positives.n == parts.measure.examples.size - bad
        assert one.by_language.keys() == {"en"}
        for share in (one.recall, one.false_positives, *one.by_intent.values()):
            assert 0 <= share.low <= share.value + 1e-4
            assert share.value <= share.high + 1e-4 <= 1 + 1e-3
            assert share.hits <= share.n
    assert improved.missed[GAP] > 0
    assert improved.synthetic == 400


def test_synthetic_mail_is_of_what_was_missed_and_forgets_nothing(
    done: tuple[MailModel, Improved, Asked],
) -> None:
    _, improved, asked = done
    assert max(asked.intents, key=lambda name: asked.intents[name]) == GAP
    assert set(asked.intents) == set(MALICIOUS)
    assert min(asked.intents.values()) > 0.01
    assert asked.languages == {"en": sum(improved.missed.values())} or len(improved.missed) > 1


def test_the_new_models_card_says_where_it_comes_from(done: tuple[MailModel, Improved, Asked]) -> None:
    card = done[0].card
    assert (card.version, card.created) == ("new", MADE)
    assert card.trained_on[0] == "simulated mail"
    assert "own mails to fit by" in card.trained_on[-1]
    assert card.thresholds.keys() == card.mixtures.keys() == {"words"}
    assert card.thresholds["words"].wanted_fpr == 0.02


def test_the_part_that_measures_teaches_nothing(base: MailModel, parts: Split) -> None:
    """Other mail to measure by, and the same model comes out."""
    first, _ = improve(base, parts, Asked(150), version="a", created=MADE, wanted_fpr=0.02)
    other = parts._replace(measure=parts.learn)
    second, _ = improve(base, other, Asked(150), version="a", created=MADE, wanted_fpr=0.02)
    assert first.card == second.card
    assert (first.text.weights == second.text.weights).all()


def test_real_malicious_mail_is_learnt_from_only_where_that_is_asked_for(
    base: MailModel, parts: Split, done: tuple[MailModel, Improved, Asked]
) -> None:
    examples = parts.learn.examples
    kept = examples.rows.multiply(examples.labels[:, None] == 0).tocsr().astype(np.float32)
    blank = parts._replace(learn=parts.learn._replace(examples=examples._replace(rows=kept)))

    made = Asked(150)(done[2].intents, done[2].languages)
    models = {
        (real, name): improve(
            base, one, lambda *_: made, version="new", created=MADE, wanted_fpr=0.02, real=real
        )
        for real in (False, True)
        for name, one in (("as it is", parts), ("blank", blank))
    }
    weights = {key: model.text.weights for key, (model, _) in models.items()}
    assert (weights[False, "as it is"] == weights[False, "blank"]).all()
    assert (weights[True, "as it is"] != weights[True, "blank"]).any()


def test_too_little_ham_to_fit_by_is_told(base: MailModel, parts: Split) -> None:
    few = parts.fit.take((parts.fit.examples.labels == 1) | (np.arange(parts.fit.examples.size) % 4 == 0))
    with pytest.raises(InputError, match="mails of ham"):
        improve(base, parts._replace(fit=few), Asked(150), version="new", created=MADE)


# ---- the sum of two models


def test_two_models_are_one_again(base: MailModel, small_model: MailModel, parts: Split) -> None:
    """What is summed says what its parts say, weighed: for text and anatomy alike."""
    own = Parts(small_model.text, small_model.intents, None, small_model.anatomy)
    model = combined(base, own, parts.fit, wanted_fpr=0.02, version="sum", created=MADE)
    reading = model.read_vectors(parts.fit.examples.rows, parts.fit.examples.anatomy)
    weighed = model.weigh(reading.parts, "words")
    assert weighed.sum(1) + model.card.mixtures["words"].offset == pytest.approx(
        log_odds(model, parts.fit), abs=1e-3
    )
    assert model.meaning is None
    assert (model.intents.weights == small_model.intents.weights).all()
    assert model.card.mixtures["words"].weights.keys() <= set(PARTS)


def test_a_model_made_for_the_encoder_is_not_measured_without(base: MailModel, parts: Split) -> None:
    card = msgspec.structs.replace(base.card, mixtures={"encoder": Mixture({}, 0.0)})
    with pytest.raises(InputError, match="judges only with the sentence encoder"):
        kind_of(parts.fit.examples, base._replace(card=card))
    assert kind_of(parts.fit.examples) == "words"


def test_what_is_measured(base: MailModel, parts: Split) -> None:
    found: Measured = measure(base, parts.measure)
    hit = flagged(base, parts.measure)
    bad = parts.measure.examples.labels == 1
    assert found.recall.hits == int(hit[bad].sum())
    assert found.false_positives.hits == int(hit[~bad].sum())
    assert set(found.by_intent) <= set(MALICIOUS)
    gap = bad & (parts.measure.examples.intents[:, ALL.index(GAP)] == 1)
    assert found.by_intent[GAP].n == int(gap.sum())


def test_nothing_to_measure_is_no_share(base: MailModel, parts: Split) -> None:
    nothing = parts.measure.take(np.zeros(parts.measure.examples.size, np.bool_))
    found = measure(base, nothing)
    assert (found.recall.value, found.recall.low, found.recall.high) == (0.0, 0.0, 1.0)
    assert found.by_intent == found.by_language == {}
