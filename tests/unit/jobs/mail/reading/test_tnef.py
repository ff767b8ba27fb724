"""Files in winmail.dat."""

from __future__ import annotations

import base64
import struct

from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.mail.reading.message import read_message
from icelos.jobs.mail.reading.tnef import read_tnef


def attribute(identifier: int, value: bytes) -> bytes:
    return b"\x02" + struct.pack("<II", identifier, len(value)) + value + b"\0\0"


WINMAIL = (
    b"\x78\x9f\x3e\x22\x01\x00"
    + attribute(0x0002800C, b"the plain text\0")
    + attribute(0x00069002, b"")
    + attribute(0x00018010, b"rechnung.exe\0")
    + attribute(0x0006800F, b"MZ\x90\x00\x03\x00\x00")
    + attribute(0x00069002, b"")
    + attribute(0x00018010, b"page.html\0")
    + attribute(0x0006800F, b"<form><input type=password></form>")
)


def test_text_and_files() -> None:
    text, files = read_tnef(WINMAIL)
    assert text == "the plain text"
    assert files == [
        ("rechnung.exe", b"MZ\x90\x00\x03\x00\x00"),
        ("page.html", b"<form><input type=password></form>"),
    ]
    assert read_tnef(b"no tnef") == ("", [])


def test_files_in_it_are_attachments_of_the_mail() -> None:
    head = "From: a@b.example\nContent-Type: application/ms-tnef; name=winmail.dat\n"
    raw = head.encode() + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(WINMAIL)
    found = read_message(raw)
    assert [(a.name, a.kind) for a in found.attachments] == [
        ("winmail.dat", "tnef"), ("rechnung.exe", "exe"), ("page.html", "html"),
    ]  # fmt: skip
    assert found.attached_password
    assert "the plain text" in found.seen


@given(st.binary(max_size=60))
def test_broken_ones_are_read_as_far_as_they_go(tail: bytes) -> None:
    read_tnef(WINMAIL[:40] + tail)
    read_tnef(WINMAIL[:6] + tail)
