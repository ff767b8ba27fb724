from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from icelos.data.sources import MailSource
from icelos.errors import InputError
from icelos.findings import Failure
from icelos.jobs.mail.detector.train import Examples
from icelos.jobs.mail.improve.mailboxes import REPORTED, read_mailboxes, synthesiser
from icelos.jobs.mail.intents.taxonomy import ALL, BENIGN, MALICIOUS, is_malicious
from icelos.jobs.mail.signals.signals import Known
from icelos.jobs.mail.synthesis.near_copies import NearCopies, Refusals
from icelos.records import LogLine, Mail, Record, record_id

TEXT = "Please buy five gift cards for the team today and send me all of the codes by mail as soon as you can"
OTHER = "Shall we meet at noon on Friday to talk about the minutes and the plan for the next two weeks"


def _mail(text: str, *, number: int = 0, subject: str = "Hello", sender: str = "ann@corp.example") -> Mail:
    raw = f"From: {sender}\nMessage-ID: <{number}@x>\nSubject: {subject}\n\n{text}\n".encode()
    return Mail(id=record_id(raw), source=f"box:{number}", raw=raw)


def test_labels_languages_and_numbers() -> None:
    german = "Guten Tag, bitte prüfen Sie die Rechnung und überweisen Sie den Betrag bis zum Ende der Woche"
    boxes = read_mailboxes([_mail(german, number=1)], [_mail(OTHER, number=2), _mail(TEXT, number=3)])
    assert boxes.corpus.examples.labels.tolist() == [1, 0, 0]
    assert boxes.corpus.languages == ["de", "en", "en"]
    assert boxes.failures == 0
    assert not boxes.corpus.examples.simulated.any()
    assert boxes.corpus.examples.built.all()
    assert (boxes.corpus.examples.intents == 0).all()


def test_near_duplicates_are_one_case_and_others_are_not() -> None:
    copies = [_mail(f"{TEXT} {end}", number=n) for n, end in enumerate(("", "please", "thank you", "Ann"))]
    boxes = read_mailboxes(copies, [_mail(OTHER, number=9)])
    groups = boxes.corpus.examples.groups
    assert len(set(groups[:4])) == 1
    assert groups[4] not in groups[:4]


def test_a_near_copy_on_the_other_side_is_the_same_case() -> None:
    """Else one of two alike would be learnt from as malicious and the other measured as ham."""
    boxes = read_mailboxes([_mail(TEXT, number=1)], [_mail(TEXT + " thanks", number=2)])
    assert len(set(boxes.corpus.examples.groups)) == 1


def test_mails_without_words_are_cases_of_their_own() -> None:
    blank = [_mail("", number=n, subject="") for n in range(3)]
    boxes = read_mailboxes(blank, [_mail(OTHER, number=9)])
    assert len(set(boxes.corpus.examples.groups)) == 4


def test_what_cannot_be_read_is_counted_and_left_out() -> None:
    def bad() -> Iterator[Record | Failure]:
        yield _mail(TEXT)
        yield Mail(id="1", source="box:1", raw=b"\0no mail")
        yield LogLine(id="2", source="log:1", text="no mail either")
        yield Failure(record_id="3", job="mail", error="empty message", source="box:2")

    boxes = read_mailboxes(bad(), [_mail(OTHER)])
    assert boxes.failures == 3
    assert boxes.corpus.examples.size == 2


def test_empty_boxes_are_told() -> None:
    with pytest.raises(InputError, match="no mail to learn from"):
        read_mailboxes(iter([]), [_mail(OTHER)])
    with pytest.raises(InputError, match="no mail to learn from"):
        read_mailboxes([Mail(id="1", source="box:1", raw=b"no mail")], [_mail(OTHER)])
    with pytest.raises(InputError, match="no ham to learn from"):
        read_mailboxes([_mail(TEXT)], [])
    assert read_mailboxes((), [_mail(OTHER)]).corpus.examples.labels.tolist() == [0]


def test_ham_that_was_reported_as_wrongly_flagged_weighs_more() -> None:
    boxes = read_mailboxes(
        [_mail(TEXT, number=1)], [_mail(OTHER, number=2)], reported=[_mail("Hi", number=3)]
    )
    assert boxes.corpus.examples.labels.tolist() == [1, 0, 0]
    assert boxes.corpus.examples.weights.tolist() == [1.0, 1.0, REPORTED]


def test_signals_are_those_of_the_judge() -> None:
    lure = "<p>Hello</p><a href='http://8.8.8.8/'>https://www.bank.com/login</a>"
    raw = f"From: x@evil.example\nContent-Type: text/html\n\n{lure}".encode()
    boxes = read_mailboxes([Mail(id="1", source="a:1", raw=raw)], [_mail(OTHER)])
    assert boxes.corpus.signals[0] >= 4
    assert boxes.corpus.signals[1] == 0


def test_what_the_organisation_says_of_itself_reaches_the_signals() -> None:
    spoof = _mail(OTHER, sender="'Ada Lovelace' <ada.lovelace@gmail.com>")
    known = Known(people=("Ada Lovelace <ada@corp.example>",))
    alone, told = (read_mailboxes([spoof], [_mail(OTHER)], known=one).corpus.signals for one in (None, known))
    assert told[0] > alone[0]


def test_progress_is_told_mail_by_mail() -> None:
    told: list[int] = []
    read_mailboxes([_mail(TEXT)], [_mail(OTHER), _mail(OTHER + " again")], progress=told.append)
    assert told == [1, 2, 3]


def test_every_mail_of_a_folder_is_read_and_its_hashes_are_kept(boxes: Path) -> None:
    found = read_mailboxes(MailSource(boxes / "bad"), [_mail(OTHER)])
    assert len(found.copies) == found.corpus.examples.size == 61
    assert 10 < len(set(found.corpus.examples.groups)) <= 61
    assert set(found.corpus.languages) >= {"en", "de"}


# ---- synthetic mail


def _made(**more: object) -> Examples:
    make = synthesiser(200, None, seed=3, **more)  # type: ignore[arg-type]
    return make({"gift-cards": 8.0, "extortion": 2.0}, {"en": 1.0})


def test_half_of_it_is_harmless_and_intents_come_as_they_are_weighed() -> None:
    made = _made()
    assert made.size == 200
    assert made.simulated.all()
    counts = dict(zip(ALL, made.intents.sum(0).tolist(), strict=True))
    assert 0.4 < (made.labels == 0).mean() < 0.75, "twins of harmful mail are harmless too"
    assert counts["gift-cards"] > 2 * counts["extortion"] > 0
    assert sum(counts[name] > 0 for name in BENIGN) > 8


def test_the_same_seed_writes_the_same(boxes: Path) -> None:
    assert (_made().rows != _made().rows).nnz == 0
    assert list(_made().groups) == list(_made().groups)


def test_near_copies_of_own_mail_are_refused_and_counted() -> None:
    from icelos.jobs.mail.synthesis.corpus import synthesise
    from icelos.jobs.mail.synthesis.near_copies import comparable

    copies, refusals = NearCopies(), Refusals()
    for mail in synthesise(300, intents={"gift-cards": 1.0}, languages={"en": 1.0}, seed=4):
        copies.add(comparable(mail), mail.id, real=True)
    told: list[int] = []
    make = synthesiser(100, copies, seed=4, refusals=refusals, progress=told.append)
    made = make({"gift-cards": 1.0}, {"en": 1.0})
    assert made.size == 100 == told[-1]
    assert refusals.refused.total() > 0
    assert refusals.passed == 100


@pytest.mark.parametrize("languages", [{}, {"xx": 1.0}, {"de": 3.0}])
def test_any_languages_work_and_none_is_left_out(languages: dict[str, float]) -> None:
    made = synthesiser(200, None, seed=5)(dict.fromkeys(MALICIOUS, 1.0), languages)
    spoken = [group.partition("/")[0] for group in made.groups]
    assert made.size == 200
    assert len(set(spoken)) > 5
    if "de" in languages:
        assert max(set(spoken), key=spoken.count) == "de"


def test_labels_follow_from_intents() -> None:
    made = _made()
    harmful = np.array([is_malicious(name) for name in ALL])
    assert ((made.intents[:, harmful].sum(1) > 0) == (made.labels == 1)).all()
