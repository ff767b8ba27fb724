from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import pytest

from icelos.errors import InputError
from icelos.jobs.mail.delivery.report import report_of
from icelos.jobs.mail.judge import Judgement
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


class Fixed:
    """In place of the judge, whose weights get better meanwhile."""

    def __init__(self, judgement: Judgement) -> None:
        self._judgement = judgement

    def judge(self, raw: bytes) -> Judgement:
        return self._judgement


def test_json_says_what_was_found(made: Callable[..., Judgement], monkeypatch: pytest.MonkeyPatch) -> None:
    signal = Signal("link-to-ip", 8.0, "a link leads to 8.8.8.8", "body", "http://8.8.8.8/login")
    judgement = made(8.0, symbols=(signal,))
    monkeypatch.setattr("icelos.jobs.mail.delivery.report.Judge", lambda _: Fixed(judgement))
    found = json.loads(report_of(LURE, MailSettings(), "json"))
    assert found["sha256"] == hashlib.sha256(LURE).hexdigest()
    assert found["verdict"] == "alert"
    assert (found["author_address"], found["subject"]) == ("office@evil.example", "Kontö")
    assert found["urls"] == ["http://8.8.8.8/login", "https://www.genuine.example/"]
    assert found["accused"] == ["http://8.8.8.8/login"]
    assert found["files"][0]["name"] == "x.bin"
    assert found["points"] == 10.0


def test_other_forms_are_refused() -> None:
    with pytest.raises(InputError, match="no report format"):
        report_of(LURE, MailSettings(), "xml")
    with pytest.raises(InputError):
        report_of(b"no mail", MailSettings(), "json")
