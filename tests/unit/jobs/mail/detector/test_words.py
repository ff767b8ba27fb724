from __future__ import annotations

import numpy as np

from icelos.jobs.mail.detector.model import Linear, MailModel
from icelos.jobs.mail.detector.vectors import FEATURES, columns
from icelos.jobs.mail.detector.words import LOOKED_AT, telling_words


def _model(small: MailModel, **weights: float) -> MailModel:
    row = np.zeros((1, FEATURES), np.float32)
    for words, weight in weights.items():
        row[0, columns([words.replace("_", " ")])[0]] = weight
    return small._replace(text=Linear(row, np.zeros(1, np.float32)))


def test_the_heaviest_come_first_and_what_speaks_for_ham_does_not(small_model: MailModel) -> None:
    model = _model(small_model, password=3.0, confirm=2.0, meeting=-4.0, lunch=0.0)
    assert telling_words(model, "confirm the password after the meeting at lunch") == ["password", "confirm"]


def test_a_word_within_a_chosen_pair_is_not_named_again(small_model: MailModel) -> None:
    model = _model(small_model, gift_cards=3.0, cards=2.0, urgent=1.0)
    assert telling_words(model, "urgent gift cards") == ["gift cards", "urgent"]


def test_no_more_than_asked_for_and_no_scraps_or_masks(small_model: MailModel) -> None:
    model = _model(small_model, wallets=1.0, invest=2.0, bitcoin=3.0, double=4.0, now=9.0)
    assert telling_words(model, "now double bitcoin invest wallets") == ["double", "bitcoin", "invest"]
    assert telling_words(model, "now double bitcoin", most=1) == ["double"]
    assert telling_words(model, "¤url ¤number") == []
    assert telling_words(model, "") == []


def test_only_the_beginning_is_looked_at(small_model: MailModel) -> None:
    model = _model(small_model, password=3.0)
    assert telling_words(model, "a" * 4 + " b" * LOOKED_AT + " password") == []


def test_a_learnt_model_names_words_of_the_mail(package_model: MailModel) -> None:
    view = "your account was suspended, please verify your password immediately ¤url"
    found = telling_words(package_model, view)
    assert found
    assert all(word in view for word in found)
