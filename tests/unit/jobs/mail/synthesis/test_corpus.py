from collections import Counter

import pytest

from icelos.errors import InputError
from icelos.jobs.mail.intents.taxonomy import is_malicious
from icelos.jobs.mail.synthesis.bank import Bank, load_bank
from icelos.jobs.mail.synthesis.corpus import balanced, synthesise, without_intent
from icelos.jobs.mail.synthesis.near_copies import NearCopies, Refusals, comparable, near_share
from icelos.jobs.mail.synthesis.writer import Writer
from icelos.testing import ScriptedLLM


def test_weights_are_kept() -> None:
    mails = list(synthesise(600, intents={"invoice": 3, "receipt": 1}, languages={"en": 2, "de": 1}, seed=4))
    intents = Counter(mail.intents[0] for mail in mails)
    assert len(mails) == 600
    assert 0.68 < intents["invoice"] / 600 < 0.82
    assert 0.6 < sum(mail.language == "en" for mail in mails) / 600 < 0.73


def test_the_default_is_balanced() -> None:
    assert sum(weight for intent, weight in balanced().items() if is_malicious(intent)) == pytest.approx(1.0)
    mails = list(synthesise(800, seed=2))
    assert 0.44 < sum(mail.malicious for mail in mails) / 800 < 0.56
    assert len({mail.language for mail in mails}) >= 6


def test_the_same_seed_gives_the_same_corpus() -> None:
    assert list(synthesise(30, seed=3)) == list(synthesise(30, seed=3))
    assert list(synthesise(30, seed=3)) != list(synthesise(30, seed=4))


def test_mails_differ() -> None:
    assert near_share(comparable(mail) for mail in synthesise(1500, seed=8)) < 0.001


def test_near_copies_are_refused_and_counted() -> None:
    refusals, kept = Refusals(), NearCopies()
    mails = list(synthesise(80, intents={"prize": 1}, languages={"en": 1}, refuse=kept, refusals=refusals))
    assert len(mails) == 80 == refusals.passed == len(kept)
    assert near_share(comparable(mail) for mail in mails) < 0.002


def test_twins_follow_their_originals() -> None:
    mails = list(synthesise(100, intents={"credential-theft": 1}, twins=1.0, seed=1))
    assert all(twin.twin_of == mail.id for mail, twin in zip(mails[::2], mails[1::2], strict=True))


def test_organisations_are_used() -> None:
    mails = list(synthesise(200, organisations=["Quill & Daughters"], languages={"en": 1}, seed=1))
    assert any("Quill & Daughters" in mail.text + mail.subject + mail.sender_name for mail in mails)


def test_the_control_has_topics_and_looks_but_no_malicious_wish() -> None:
    mails = list(synthesise(150, intents={"credential-theft": 1, "work": 1}, seed=5, intent_free=True))
    control = [mail for mail in mails if mail.labelled_malicious]
    assert 40 < len(control) < 110
    for mail in control:
        assert mail.malicious
        assert not any(is_malicious(intent) for intent in mail.intents)
        assert not any(is_malicious(span.intent) for span in mail.spans)


def test_a_writer_writes() -> None:
    reply = '{"subject": "Rent", "opening": "Dear all,", "request": "Please pay the rent.", "closing": "Bye"}'
    mails = list(synthesise(5, languages={"en": 1}, seed=5, writer=Writer(ScriptedLLM(reply))))
    assert {mail.made_by for mail in mails} == {"llm:scripted"}


def test_what_cannot_be_made_is_an_error() -> None:
    with pytest.raises(InputError, match="no phrases for any of invoice in xx"):
        list(synthesise(1, intents={"invoice": 1}, languages={"xx": 1}))
    scene = load_bank().of("en", "invoice")[0]
    with pytest.raises(InputError, match="no harmless phrases"):
        without_intent(Bank([scene]), scene, 1)
