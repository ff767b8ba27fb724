from __future__ import annotations

import time

import pytest

from icelos.jobs.mail.detector.model import MailModel
from icelos.jobs.mail.intents.spans import MAX_SENTENCES, carrying_sentence, sentences
from icelos.jobs.mail.intents.taxonomy import ALL
from icelos.jobs.mail.synthesis.corpus import synthesise
from icelos.jobs.mail.synthesis.synthetic import SyntheticMail


def test_sentences_and_lines() -> None:
    unspaced = "今天下午请尽快完成付款并把收据发给我好吗谢谢。好的"
    text = f"Hello Bob,\n\nthe report is here. Please read it!  OK?\nAnn\n{unspaced}"
    assert sentences(text) == ["Hello Bob,", "the report is here.", "Please read it!", unspaced]


def test_numbers_and_dots_within_words_end_nothing() -> None:
    assert sentences("Pay 1.200,50 to corp.example now.") == ["Pay 1.200,50 to corp.example now."]


def test_there_are_so_many_and_no_more() -> None:
    assert len(sentences("One sentence here.\n" * 500)) == MAX_SENTENCES
    assert sentences("") == sentences("word") == []


@pytest.mark.parametrize("piece", [". ", "\n", "a ", "!", "?\n"])
def test_hostile_text_takes_linear_time(small_model: MailModel, piece: str) -> None:
    start = time.process_time()
    found = carrying_sentence(small_model, piece * 500_000, "extortion")
    assert time.process_time() - start < 2
    assert len(found) <= 500


def test_a_text_without_sentences_carries_nothing(small_model: MailModel) -> None:
    assert carrying_sentence(small_model, "", "extortion") == ""


@pytest.mark.parametrize("intent", ["gift-cards", "credential-theft", "extortion"])
def test_the_sentence_that_carries_an_intent(package_model: MailModel, intent: str) -> None:
    asked = {
        "gift-cards": "Buy five gift cards and send me the codes.",
        "credential-theft": "Confirm your password on this page now.",
        "extortion": "Send the bitcoin or I will publish the video to all your contacts.",
    }
    text = (
        "Hello Bob, how are you today?\nIt is sunny here in the city.\n"
        + asked[intent]
        + "\nKind regards, Ann."
    )
    assert carrying_sentence(package_model, text, intent) == asked[intent]


def test_every_intent_of_a_model_can_be_asked_for(package_model: MailModel) -> None:
    for intent in ALL:
        assert carrying_sentence(package_model, "Please pay the invoice today.", intent)


def test_labelled_spans_are_found_in_most_simulated_mail(package_model: MailModel) -> None:
    mails = [
        mail for mail in synthesise(120, languages={"en": 1.0}, seed=77) if mail.malicious and mail.spans
    ]
    right = sum(
        _shares_words(carrying_sentence(package_model, mail.text, mail.spans[0].intent), _asked(mail))
        for mail in mails
    )
    assert right / len(mails) > 0.5, f"{right} of {len(mails)}"


def _asked(mail: SyntheticMail) -> str:
    return mail.text[mail.spans[0].start : mail.spans[0].end]


def _shares_words(found: str, asked: str) -> bool:
    return len(set(found.split()) & set(asked.split())) >= min(3, len(asked.split()))
