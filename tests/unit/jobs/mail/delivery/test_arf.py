from __future__ import annotations

import datetime
from email import message_from_bytes
from email.message import Message
from email.policy import default

import pytest

from icelos.findings import Verdict
from icelos.jobs.mail.delivery.arf import as_arf
from icelos.jobs.mail.delivery.report import Reported

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
RAW = b"From: a@b.c\nAuthentication-Results: mx; dmarc=fail\nSubject: x\n\nbody\n.\nend\n"


def reported(subject: str = "x", verdict: Verdict = Verdict.ALERT) -> Reported:
    return Reported(
        sha256="ab", message_id="", author="", author_address="", subject=subject, verdict=verdict, score=0.9,
        points=5.0, sentence="It lürs.", symbols=(), intents={}, urls=("http://w.example/a",), accused=(),
        files=(), made_by={},
    )  # fmt: skip


def test_three_parts_as_rfc_5965_has_them() -> None:
    report = message_from_bytes(as_arf(reported(), RAW, now=NOW), policy=default)
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "feedback-report"
    people, machines, original = list(report.iter_parts())
    assert "judged: alert" in people.get_content()
    assert machines.get_content_type() == "message/feedback-report"
    fields = within(machines)
    assert (fields["Feedback-Type"], fields["Version"]) == ("fraud", "1")
    assert fields["User-Agent"].startswith("Icelos/")
    assert fields["Reported-URI"] == "http://w.example/a"
    assert fields["Reported-Domain"] == "w.example"
    assert fields["Authentication-Results"] == "mx; dmarc=fail"
    mail = within(original)
    assert mail["Subject"] == "x"
    assert str(mail.get_payload()).splitlines() == ["body", ".", "end"]


def within(part: Message) -> Message:
    """The one message that a part of type message/... holds."""
    (found,) = part.walk() if not part.is_multipart() else list(part.walk())[1:]
    assert isinstance(found, Message)
    return found


def test_clear_mail_is_no_fraud() -> None:
    assert b"Feedback-Type: other" in as_arf(reported(verdict=Verdict.CLEAR), RAW, now=NOW)


@pytest.mark.parametrize("subject", ["a\r\nBcc: evil@evil.example", "ü" * 500, "=?utf-8?q?x?="])
def test_hostile_subjects_stay_in_their_field(subject: str) -> None:
    report = message_from_bytes(as_arf(reported(subject), RAW, now=NOW))
    assert report["Bcc"] is None
    assert report.get_content_type() == "multipart/report"


def test_a_mail_with_a_boundary_of_ours_is_one_part() -> None:
    once = as_arf(reported(), RAW, now=NOW)
    report = message_from_bytes(as_arf(reported(), once, now=NOW), policy=default)
    assert len(list(report.iter_parts())) == 3


def test_eight_bits_are_told() -> None:
    report = message_from_bytes(as_arf(reported(), RAW + b"\xff\n", now=NOW))
    assert report["Content-Transfer-Encoding"] == "8bit"
