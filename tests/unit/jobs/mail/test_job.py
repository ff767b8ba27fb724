"""The job: the contract, a score that adds up, one sentence that says why."""

from __future__ import annotations

import math
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.engine.run import score_safely
from icelos.errors import InputError, SettingsError
from icelos.findings import Failure, Finding, How, Verdict
from icelos.jobs.mail.detector.model import MailModel
from icelos.jobs.mail.detector.versions import bundled
from icelos.jobs.mail.intents.taxonomy import MALICIOUS
from icelos.jobs.mail.job import LONGEST, RECIPIENTS, MailJob, build, envelope, label
from icelos.jobs.mail.judge import Judge, Judgement
from icelos.jobs.mail.reading.message import read_message
from icelos.jobs.mail.senders.store import SenderStore
from icelos.jobs.mail.synthesis.corpus import synthesise
from icelos.jobs.mail.synthesis.envelope import to_message
from icelos.records import LogLine, Mail, record_id
from icelos.settings import MailSettings, Settings
from icelos.testing import check_job

BAD = (
    b'From: "help@bank.com" <x@evil.com>\nReply-To: y@gmail.com\nSubject: Your account is suspended\n'
    b"Content-Type: text/html\n\n<p>Please verify your account now, or it will be closed.</p>"
    b"<a href='http://8.8.8.8/'>www.bank.com</a>\n"
)
GOOD = b"From: Ann <a@b.example>\nTo: bob@b.example\nSubject: lunch\n\nHi Bob, shall we meet at noon? Ann\n"


def _mail(raw: bytes) -> Mail:
    return Mail(id=record_id(raw), source="inbox:1", raw=raw)


@pytest.fixture
def job(package_model: MailModel) -> MailJob:
    return MailJob(Judge(package_model))


def test_the_contract_with_poison_among_good_records(job: MailJob) -> None:
    outcomes = check_job(job, [_mail(BAD), _mail(GOOD), _mail(b"\0no mail"), _mail(b""), _mail(BAD + b" ")])
    kinds = [o.verdict.value if isinstance(o, Finding) else type(o).__name__ for o in outcomes]
    assert kinds == ["alert", "NoneType", "Failure", "Failure", "alert"]


def test_a_batch_scores_as_its_mails_do_alone(job: MailJob) -> None:
    records = [_mail(to_message(mail)) for mail in synthesise(200, seed=31)]
    records.insert(100, _mail(b"no mail"))
    whole = job.score(records)
    assert whole == [job.score([record])[0] for record in records]
    assert sum(isinstance(one, Failure) for one in whole) == 1
    assert isinstance(whole[100], Failure)


def test_the_score_is_the_logistic_of_the_weights_shown(job: MailJob) -> None:
    (found,) = job.score([_mail(BAD)])
    assert isinstance(found, Finding)
    assert found.score is not None
    weights = [float(e.quote.split()[0]) for e in found.evidence]
    assert found.score == pytest.approx(1 / (1 + math.exp(-sum(weights))), abs=1e-3)
    assert len(weights) >= 4
    assert found.evidence[-1].quote.endswith("any mail")


def test_evidence_tells_what_was_learnt_from_what_was_written_down(job: MailJob) -> None:
    (found,) = job.score([_mail(BAD)])
    assert isinstance(found, Finding)
    how = {e.quote.split()[1].rstrip(":"): e.how for e in found.evidence}
    assert how["words"] is how["build"] is How.MODEL
    assert how["link-to-ip"] is How.RULE


def test_one_sentence_says_why_and_who_says_it(job: MailJob) -> None:
    (found,) = job.score([_mail(BAD)])
    assert isinstance(found, Finding)
    assert found.summary.count(". ") == 0
    assert found.summary.endswith(".")
    assert "8.8.8.8" in found.summary
    assert found.made_by["model"] == "mail bundled (words)"


def test_the_label_is_the_likeliest_harmful_intent() -> None:
    judgement = Judgement(score=0.9, verdict=Verdict.ALERT, symbols=(), sentence="x")
    assert label(judgement) == "suspicious"
    several = {"work": 0.99, "gift-cards": 0.8, "reconnaissance": 0.7}
    assert label(msgspec.structs.replace(judgement, intents=several)) == "gift-cards"
    assert label(msgspec.structs.replace(judgement, intents={"work": 0.99})) == "suspicious"


def test_findings_of_simulated_mail_are_labelled_with_what_it_wants(job: MailJob) -> None:
    mails = list(synthesise(60, intents={"gift-cards": 1, "extortion": 1}, languages={"en": 1}, seed=9))
    found = job.score([_mail(to_message(mail)) for mail in mails])
    labels = {mail.id: one.label for one, mail in zip(found, mails, strict=True) if isinstance(one, Finding)}
    assert set(labels.values()) <= {*MALICIOUS, "suspicious"}
    named = [mail for mail in mails if labels.get(mail.id, "suspicious") != "suspicious"]
    assert len(named) > 15
    assert sum(labels[mail.id] in mail.intents for mail in named) > 0.8 * len(named)


def test_thresholds(package_model: MailModel) -> None:
    strict = MailJob(Judge(package_model, MailSettings(review=0.0, alert=0.4)))
    found = strict.score([_mail(GOOD), _mail(BAD)])
    assert [one.verdict for one in found if isinstance(one, Finding)] == [Verdict.REVIEW, Verdict.ALERT]
    lax = MailJob(Judge(package_model, MailSettings(review=1.0, alert=1.0)))
    assert lax.score([_mail(BAD)]) == [None]


def test_another_record_is_a_failure(job: MailJob) -> None:
    (found,) = score_safely(job, [LogLine(id="1", source="a:1", text="x")])
    assert isinstance(found, Failure)
    assert "not a mail but a LogLine" in found.error


def test_clear_mail_teaches_the_sketches_and_nothing_else_does(
    package_model: MailModel, tmp_path: Path
) -> None:
    store = SenderStore(tmp_path / "senders.sqlite")
    job = MailJob(Judge(package_model, senders=lambda: store))
    job.score([_mail(BAD), _mail(b"no mail")])
    before = len(store)
    assert before == 0
    job.score([_mail(GOOD)])
    assert len(store) > before
    store.close()


HOSTILE = MailJob(Judge(bundled()))


@given(st.binary(max_size=40))
def test_hostile_names_can_be_stored_and_shown(noise: bytes) -> None:
    start = b'From: "help@bank.com' + noise + b'" <x@evil.com>\nReply-To: y@gmail.com\nX: '
    raw = start + noise + b"\n\nhttp://8.8.8.8/" + noise
    (found,) = score_safely(HOSTILE, [_mail(raw)])
    assert msgspec.json.encode(found)
    if isinstance(found, Finding):
        for text in (found.summary, *(evidence.quote for evidence in found.evidence)):
            assert not re.search(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\ud800-\udfff]", text)


def test_building(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICELOS_HOME", str(tmp_path))
    settings = Settings(mail=MailSettings(senders=False))
    assert build(settings, {}).name == "mail"
    assert build(settings, {"model": "bundled"}).name == "mail"
    with pytest.raises(SettingsError, match="no option 'x'"):
        build(settings, {"x": "1"})
    with pytest.raises(InputError, match="no model 'none'"):
        build(settings, {"model": "none"})


def test_a_finding_says_who_wrote_to_whom_of_what_and_when(job: MailJob) -> None:
    raw = b"To: Bob <BOB@b.example>, bob@b.example\nDate: Tue, 5 May 2026 10:00:00 +0200\n" + BAD
    (found,) = job.score([_mail(raw)])
    assert isinstance(found, Finding)
    assert dict(found.attributes) | {"intents": ""} == {
        "intents": "",
        "sender": "x@evil.com",
        "recipients": "bob@b.example",
        "subject": "Your account is suspended",
        "time": "2026-05-05T08:00:00Z",
    }


@given(st.binary(max_size=200), st.binary(max_size=60))
def test_what_headers_say_is_bounded_and_can_be_stored(value: bytes, date: bytes) -> None:
    raw = (
        b"From: "
        + value
        + b"\nTo: "
        + b"a@b.example, " * 30
        + value
        + b"\nSubject: "
        + value * 9
        + b"\nDate: "
        + date
        + b"\n\nx"
    )
    try:
        found = envelope(read_message(raw))
    except InputError:
        return
    for text in found.values():
        assert 0 < len(text) <= LONGEST
        assert text.isprintable()
        assert text.encode()
    assert len(found.get("recipients", "").split(", ")) <= RECIPIENTS
