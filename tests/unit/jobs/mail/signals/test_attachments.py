"""What opening an attachment would do."""

from __future__ import annotations

import pytest

from icelos.jobs.mail.reading.archives import Member
from icelos.jobs.mail.reading.attachments import Attachment
from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.signals.signals import signals


def found(attachment: Attachment, text: str = "see attachment") -> set[str]:
    message = Message([("from", "a@some-shop.net")], text=text, attachments=[attachment])
    return {signal.name for signal in signals(message)}


def attached(name: str, kind: str = "", head: bytes = b"x") -> Attachment:
    return Attachment(name, "application/octet-stream", head, kind)


@pytest.mark.parametrize(
    ("attachment", "name"),
    [
        (attached("a.exe"), "attachment-runs"),
        (attached("a.pdf", "exe"), "attachment-runs"),
        (attached("a.docm"), "attachment-macros"),
        (attached("a.doc", "docm"), "attachment-macros"),
        (attached("a.html"), "attachment-html"),
        (attached("a.html", "html", b"<html><script>x"), "attachment-html-active"),
        (attached("a.pdf", "html", b"<html><form action=x>"), "attachment-html-active"),
        (attached("a.pdf.exe"), "attachment-disguised"),
        (attached("a\u202efdp.exe"), "attachment-reversed"),
        (attached("invoice.pdf                  .exe"), "attachment-spaced"),
        (
            Attachment("a.zip", "application/zip", b"PK", "zip", members=(Member("x/run.js", 3),)),
            "archive-runs",
        ),
        (Attachment("a.zip", "application/zip", b"PK", "zip", encrypted=True), "archive-locked"),
    ],
)
def test_tricks(attachment: Attachment, name: str) -> None:
    assert name in found(attachment)


@pytest.mark.parametrize(
    "text", ["The password is 4711x", "Passwort: geheim", "A senha é 1234", "password = abc"]
)
def test_a_locked_archive_whose_key_is_told(text: str) -> None:
    locked = Attachment("a.zip", "application/zip", b"PK", "zip", encrypted=True)
    assert found(locked, text) == {"archive-password-told"}


def test_ordinary_attachments() -> None:
    for name in ("report.pdf", "photo.jpg", "notes.final.txt", "data.zip", ""):
        assert found(attached(name)) == set()
    members = (Member("report.pdf", 3), Member("photo.jpg", 5))
    assert found(Attachment("a.zip", "application/zip", b"PK", "zip", members=members)) == set()
