"""The job: the contract, a score that adds up, one sentence that says why."""

from __future__ import annotations

import math
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.engine.run import score_safely
from icelos.errors import SettingsError
from icelos.findings import Failure, Finding, Verdict
from icelos.jobs.mail.job import MODEL, MailJob, build
from icelos.records import LogLine, Mail, record_id
from icelos.settings import MailSettings, Settings
from icelos.testing import check_job

BAD = (
    b'From: "help@bank.com" <x@evil.com>\nReply-To: y@gmail.com\nContent-Type: text/html\n\n'
    b"<a href='http://8.8.8.8/'>www.bank.com</a> verify your account\n"
)
DOUBTFUL = (
    b"From: x@evil.com\nReply-To: y@gmail.com\nContent-Type: text/html\n\n<a href='http://a.com'>bank.com</a>"
)
GOOD = b"From: a@b.example\nSubject: lunch\n\nAt noon?\n"


def _mail(raw: bytes) -> Mail:
    return Mail(id=record_id(raw), source="inbox:1", raw=raw)


def test_the_contract_with_poison_among_good_records() -> None:
    outcomes = check_job(MailJob(), [_mail(BAD), _mail(GOOD), _mail(DOUBTFUL), _mail(b"\0no mail")])
    kinds = [o.verdict.value if isinstance(o, Finding) else type(o).__name__ for o in outcomes]
    assert kinds == ["alert", "NoneType", "review", "Failure"]


def test_the_score_is_the_logistic_of_the_weights_shown() -> None:
    (found,) = MailJob().score([_mail(BAD)])
    assert isinstance(found, Finding)
    assert found.score is not None
    weights = [float(e.quote.split()[0]) for e in found.evidence]
    assert found.score == pytest.approx(1 / (1 + math.exp(-sum(weights))), abs=1e-5)
    assert len(weights) >= 4


def test_one_sentence_says_why_and_who_says_it() -> None:
    (found,) = MailJob().score([_mail(BAD)])
    assert isinstance(found, Finding)
    assert found.summary.count(". ") == 0
    assert found.summary.endswith(".")
    assert "8.8.8.8" in found.summary
    assert "rule baseline" in found.label
    assert found.made_by["model"] == MODEL == "rule baseline 1"


def test_thresholds() -> None:
    strict = MailJob(MailSettings(review=0.01, alert=0.4))
    assert [o and getattr(o, "verdict", None) for o in strict.score([_mail(GOOD), _mail(DOUBTFUL)])] == [
        Verdict.REVIEW, Verdict.ALERT,
    ]  # fmt: skip
    lax = MailJob(MailSettings(review=1.0, alert=1.0))
    assert lax.score([_mail(BAD)]) == [None]


def test_another_record_is_a_failure() -> None:
    (found,) = score_safely(MailJob(), [LogLine(id="1", source="a:1", text="x")])
    assert isinstance(found, Failure)
    assert "not a mail but a LogLine" in found.error


@given(st.binary(max_size=40))
def test_hostile_names_can_be_stored_and_shown(noise: bytes) -> None:
    start = b'From: "help@bank.com' + noise + b'" <x@evil.com>\nReply-To: y@gmail.com\nX: '
    raw = start + noise + b"\n\nhttp://8.8.8.8/" + noise
    (found,) = score_safely(MailJob(), [_mail(raw)])
    assert msgspec.json.encode(found)
    if isinstance(found, Finding):
        for text in (found.summary, *(evidence.quote for evidence in found.evidence)):
            assert not re.search(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\ud800-\udfff]", text)


def test_building() -> None:
    assert build(Settings(), {}).name == "mail"
    with pytest.raises(SettingsError, match="no option 'x'"):
        build(Settings(), {"x": "1"})
