from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import pytest

from icelos.errors import InputError
from icelos.jobs.mail.delivery.report import report_of
from icelos.jobs.mail.detector.model import MailModel
from icelos.jobs.mail.judge import Judge, Judgement
from icelos.jobs.mail.reading.message import read_message
from icelos.jobs.mail.signals.signals import Signal
from icelos.settings import MailSettings

LURE = (
    b"From: Bank <office@evil.example>\nSubject: =?utf-8?q?Kont=C3=B6?=\n"
    b"Message-ID: <1@evil.example>\n"
    b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n"
    b"<a href='http://8.8.8.8/login'>https://www.bank.com</a>\n"
    b"<a href='https://www.genuine.example/'>home</a>\n"
    b"--b\nContent-Type: application/octet-stream\n"
    b"Content-Disposition: attachment; filename=x.bin\n\nabc\n--b--\n"
)


class Fixed(Judge):
    """A judge whose judgement is given."""

    def __init__(self, judgement: Judgement) -> None:
        self.settings = MailSettings()
        self._judgement = judgement

    def judge(self, raw: bytes) -> Judgement:
        read_message(raw)
        return self._judgement


def test_json_says_what_was_found(made: Callable[..., Judgement]) -> None:
    signal = Signal("link-to-ip", 8.0, "a link leads to 8.8.8.8", "body", "http://8.8.8.8/login")
    found = json.loads(report_of(LURE, Fixed(made(8.0, symbols=(signal,))), "json"))
    assert found["sha256"] == hashlib.sha256(LURE).hexdigest()
    assert found["verdict"] == "alert"
    assert (found["author_address"], found["subject"]) == ("office@evil.example", "Kontö")
    assert found["urls"] == ["http://8.8.8.8/login", "https://www.genuine.example/"]
    assert found["accused"] == ["http://8.8.8.8/login"]
    assert found["files"][0]["name"] == "x.bin"
    assert found["points"] == 10.0


def test_other_forms_are_refused(made: Callable[..., Judgement]) -> None:
    with pytest.raises(InputError, match="no report format"):
        report_of(LURE, Fixed(made(8.0)), "xml")
    with pytest.raises(InputError):
        report_of(b"no mail", Fixed(made(8.0)), "json")


@pytest.mark.parametrize("form", ["json", "stix", "arf"])
def test_the_packages_judge_can_be_reported_in_every_form(package_model: MailModel, form: str) -> None:
    written = report_of(LURE, Judge(package_model), form)
    assert b"8.8.8.8" in written
