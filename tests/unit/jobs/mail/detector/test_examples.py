from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from icelos.jobs.mail.detector.anatomy import NAMES, anatomy
from icelos.jobs.mail.detector.examples import Labelled, examples_of, intent_row, synthetic_examples
from icelos.jobs.mail.detector.train import Examples
from icelos.jobs.mail.detector.vectors import FEATURES, vectors
from icelos.jobs.mail.detector.view import view
from icelos.jobs.mail.intents.taxonomy import ALL
from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.synthesis.synthetic import SyntheticMail
from icelos.llm.encoder import DIMENSIONS, Encoder


class Counting(Encoder):
    """An encoder that keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def encode(self, texts: object) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        self.texts += list(texts)  # type: ignore[call-overload]
        return np.zeros((len(self.texts), DIMENSIONS), np.float32)


def test_real_mail_as_numbers(letter: Callable[..., Message]) -> None:
    lure, lunch = letter("Confirm your password", subject="Account"), letter("At noon?", subject="Lunch")
    examples = examples_of(
        [
            Labelled(lure, 1, "case 1", ("credential-theft", "personal-data")),
            Labelled(lunch, 0, "case 2", built=False),
        ],
        weight=2.0,
    )
    assert examples.size == 2
    assert examples.rows.shape == (2, FEATURES)
    assert (examples.rows[0] != vectors([view(lure)])).nnz == 0
    assert examples.anatomy.shape == (2, len(NAMES))
    assert (examples.anatomy[1] == anatomy(lunch)).all()
    assert examples.labels.tolist() == [1, 0]
    assert [ALL[place] for place in np.flatnonzero(examples.intents[0])] == [
        "credential-theft",
        "personal-data",
    ]
    assert examples.groups == ["case 1", "case 2"]
    assert examples.built.tolist() == [True, False]
    assert not examples.simulated.any()
    assert examples.weights.tolist() == [2.0, 2.0]
    assert examples.seen is None


def test_the_encoder_is_given_views(letter: Callable[..., Message]) -> None:
    mail, encoder = letter("At noon?", subject="Lunch"), Counting()
    examples = examples_of([Labelled(mail, 0, "1")], encoder)
    assert examples.seen is not None
    assert examples.seen.shape == (1, DIMENSIONS)
    assert encoder.texts == [view(mail)]


def test_synthetic_mail_comes_with_its_intents_and_a_scene_is_a_group(
    made_mails: tuple[SyntheticMail, ...], small_examples: Examples
) -> None:
    assert small_examples.size == len(made_mails)
    assert small_examples.simulated.all()
    assert small_examples.built.all()
    for place, mail in enumerate(made_mails):
        assert small_examples.labels[place] == mail.malicious
        assert (small_examples.intents[place] == intent_row(mail.intents)).all()
        assert small_examples.groups[place] == f"{mail.language}/{mail.scene}"


def test_the_mark_of_simulated_mail_is_not_seen(made_mails: tuple[SyntheticMail, ...]) -> None:
    """Nothing that tells simulated mail from real mail may reach a model: its header changes no number."""
    from icelos.jobs.mail.reading.message import read_message
    from icelos.jobs.mail.synthesis.envelope import MARK, to_message

    for mail in made_mails[:20]:
        raw = to_message(mail)
        bare = raw.replace(f"{MARK}: yes\n".encode(), b"")
        assert bare != raw
        with_mark, without = read_message(raw), read_message(bare)
        assert view(with_mark) == view(without)
        assert (anatomy(with_mark) == anatomy(without)).all()


def test_a_name_that_is_no_intent_is_no_column() -> None:
    assert intent_row(("receipt", "nonsense")).sum() == 1
    assert intent_row(()).shape == (len(ALL),)


def test_examples_need_a_mail() -> None:
    with pytest.raises(ValueError, match="at least one"):
        synthetic_examples([])
