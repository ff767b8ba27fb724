"""Reading mail within bounds: broken MIME, character sets, depth, size, time."""

from __future__ import annotations

import base64
import quopri
import time
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.mime import decode_text
from icelos.errors import InputError
from icelos.jobs.mail.reading import message as reading
from icelos.jobs.mail.reading.message import read_message


def _mail(body: bytes, *headers: str) -> bytes:
    return "\n".join(["From: a@b.example", *headers, "", ""]).encode() + body


def test_a_message_as_mail_programs_write_it() -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = (
        "Zoë <zoe@b.example>",
        "Grüße aus Köln, eine recht lange Zeile, die gefaltet wird",
    )
    mail.set_content("plain text: ünï\n")
    mail.add_alternative("<p>markup <a href='https://b.example/x'>here</a></p>", subtype="html")
    mail.add_attachment(b"%PDF-1.4 content", maintype="application", subtype="pdf", filename="Übersicht.pdf")
    found = read_message(mail.as_bytes())
    assert found.subject == "Grüße aus Köln, eine recht lange Zeile, die gefaltet wird"
    assert found.first("from") == "Zoë <zoe@b.example>"
    assert "plain text: ünï" in found.text
    assert "markup here" in found.html_text
    assert [link.target for link in found.links] == ["https://b.example/x"]
    assert [(a.name, a.content_type) for a in found.attachments] == [("Übersicht.pdf", "application/pdf")]
    assert found.attachments[0].head == b"%PDF-1.4 content"
    assert found.defects == []


@pytest.mark.parametrize(
    "raw", [b"", b"\n\n", b"no header\nat all\n", b"\xff\xd8\xff\xe0 a picture", b"\0" * 100]
)
def test_what_is_no_mail(raw: bytes) -> None:
    with pytest.raises(InputError, match="no mail header"):
        read_message(raw)


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match=r"Outlook \.msg"):
        read_message(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    with pytest.raises(InputError, match="larger than 48 MiB"):
        read_message(b"From: a\n\n" + b"x" * reading.MAX_RAW)


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbfFrom: a@b.example\nSubject: it\n\nhi",
        b"\r\n\r\nFrom: a@b.example\r\nSubject: it\r\n\r\nhi",
        b"From a Mon Jan 1\nFrom: a@b.example\nSubject: it\n\nhi",
        b"Mail content:\nFrom: a@b.example\nSubject: it\n\nhi",
        b"From : a@b.example\nSUBJECT:it\n\nhi",
        b"Subject:\n it\nFrom: a@b.example\nhi without an empty line",
        b"Subject: it\nFrom: a@b.example",
    ],
)
def test_odd_beginnings(raw: bytes) -> None:
    found = read_message(raw)
    assert (found.subject, found.first("from")) == ("it", "a@b.example")


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("=?utf-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?utf-8?Q?Gr=C3=BC=C3=9Fe_aus?= =?utf-8?Q?_K=C3=B6ln?=", "Grüße aus Köln"),
        ("=?iso-8859-1?q?caf=E9?= plain", "café plain"),
        ("=?utf-8?B?R3LDvMOfZQ?=", "Grüße"),
        ("=?utf-8?B?A?= good", " good"),
        ("=?no-such-charset?Q?text?=", "text"),
        ("=?punycode?Q?abc-de?=", "abc-de"),
        ("=?utf-8*en?Q?text?=", "text"),
        ("=?utf-8?X?text?=", "=?utf-8?X?text?="),
    ],
)
def test_encoded_words(header: str, text: str) -> None:
    assert read_message(_mail(b"", f"Subject: {header}")).subject == text


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("base64", base64.b64encode("grün".encode())),
        ("base64", b"Z3L\n*DvG4"),
        ("BASE64 ", base64.b64encode("grün".encode()).rstrip(b"=")),
        ("quoted-printable", quopri.encodestring("grün".encode())),
        ("8bit", "grün".encode()),
        ("no-such", "grün".encode()),
        ("quoted-printable", "grün".encode()),
    ],
)
def test_transfer_encodings(encoding: str, body: bytes) -> None:
    found = read_message(
        _mail(body, "Content-Type: text/plain; charset=utf-8", f"Content-Transfer-Encoding: {encoding}")
    )
    assert found.text.strip() == "grün"


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        (b"caf\xe9", "iso-8859-1", "café"),
        (b"caf\xe9", "utf-8", "café"),
        (b"\x82\xa0", "shift_jis", "あ"),
        (b"+AGE-", "utf-7", "a"),
        (b"x", "unicode_escape", "x"),
        (b"\\x41", "unicode_escape", "\\x41"),
        (b"x", "rot13", "x"),
        (b"x", "\0", "x"),
        (b"x", "", "x"),
    ],
)
def test_character_sets(data: bytes, charset: str, text: str) -> None:
    assert decode_text(data, charset) == text


def _multipart(*parts: bytes, boundary: str = "B", closed: bool = True) -> bytes:
    body = b"".join(f"--{boundary}\n".encode() + part + b"\n" for part in parts)
    return _mail(
        body + (f"--{boundary}--\n".encode() if closed else b""),
        f'Content-Type: multipart/mixed; boundary="{boundary}"',
    )


@pytest.mark.parametrize("closed", [True, False])
def test_parts(closed: bool) -> None:
    raw = _multipart(
        b"\nfirst", b"Content-Type: text/html\n\n<b>second</b>", b"plain without header\n", closed=closed
    )
    found = read_message(raw)
    assert "first" in found.text
    assert "second" in found.html_text


def test_a_mail_in_a_mail_is_read() -> None:
    inner = b"From: c@d.example\nContent-Type: text/html\n\n<a href='http://e.example/'>x</a>"
    found = read_message(_multipart(b"Content-Type: message/rfc822\n\n" + inner))
    assert [link.target for link in found.links] == ["http://e.example/"]
    assert found.first("from") == "a@b.example"


def test_depth_and_number_of_parts_are_bounded() -> None:
    deep = b"Content-Type: text/plain\n\nbottom"
    for level in range(200):
        deep = (
            f"Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n".encode()
            + deep
            + f"\n--b{level}--".encode()
        )
    found = read_message(b"From: a@b.example\n" + deep)
    assert "bounds" in found.defects[0]
    many = read_message(_multipart(*[b"\nx"] * 1000))
    assert "bounds" in many.defects[0]
    assert many.text.count("x") == reading.MAX_PARTS - 1


def test_a_boundary_of_its_own_parts_ends() -> None:
    part = b"Content-Type: multipart/mixed; boundary=B\n\n--B\n"
    assert read_message(b"From: a@b.example\n" + part + part + b"\nx").headers


SLOW = {
    "headers": b"X: y\n" * 200_000,
    "one header": b"X: " + b"y" * 2_000_000,
    "folded": b"X: y\n" + b" z\n" * 400_000,
    "parameters": b"Content-Type: text/plain" + b";" * 200_000 + b"\n\nx",
    "quotes": b'Content-Type: text/plain; a="' + b'\\"' * 100_000 + b"\n\nx",
    "words": b"Subject: " + b"=?a?q?" * 100_000,
    "boundaries": b"Content-Type: multipart/mixed; boundary=B\n\n" + b"--B\n" * 300_000,
    "tags": b"Content-Type: text/html\n\n" + b"<div>" * 200_000,
    "links": b"Content-Type: text/html\n\n" + b"<a href='x'>" * 80_000,
    "open tags": b"Content-Type: text/html\n\n" + b"<a " * 300_000,
    "quoted tags": b"Content-Type: text/html\n\n" + b'<a "' * 250_000,
    "one quote": b"Content-Type: text/html\n\n<a " + b'"' * 1_000_000,
    "comments": b"Content-Type: text/html\n\n" + b"<!--" * 250_000,
    "scripts": b"Content-Type: text/html\n\n" + b"<script>" * 120_000,
    "entities": b"Content-Type: text/html\n\n" + b"&" * 1_000_000,
    "base64": b"Content-Transfer-Encoding: base64\n\n" + b"*" * 4_000_000,
}


@pytest.mark.parametrize("kind", SLOW)
def test_no_mail_takes_long(kind: str) -> None:
    began = time.process_time()
    read_message(b"From: a@b.example\n" + SLOW[kind])
    assert time.process_time() - began < 5


LINES = st.lists(
    st.sampled_from(
        [
            b"From: a@b.example",
            b"Content-Type: multipart/mixed; boundary=B",
            b"Content-Type: text/html",
            b'Content-Type: multipart/alternative; boundary="C',
            b"Content-Type: message/rfc822",
            b"--B",
            b"--B--",
            b"--C",
            b"",
            b" folded",
            b"Content-Transfer-Encoding: base64",
            b"Content-Transfer-Encoding: quoted-printable",
            b"Content-Disposition: attachment; filename*=utf-8''%e2%82",
            b"=?utf-8?B?x?=",
            b"Subject: =?utf-8?Q?=ZZ?=",
            b'<a href="http://x">',
            b"\xff\xfe",
            b"=",
            b"Zm9v",
            b"Content-Type: text/plain; charset=utf-16",
        ]
    ),
    max_size=30,
)


@given(LINES, st.binary(max_size=20))
def test_any_bytes_are_a_message_or_an_input_error(lines: list[bytes], noise: bytes) -> None:
    try:
        found = read_message(b"\n".join(lines) + noise)
    except InputError:
        return
    assert found.headers


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("Content-Type: multipart/mixed", b"words"),
        ("Content-Type: multipart/mixed; boundary=never", b"words"),
        ("Content-Type: multipart/mixed; boundary=B", b"--B\r\n\r\nwords\r\n--B--\r\n"),
        ("Content-Type: ;;;", b"words"),
    ],
)
def test_text_is_not_lost_where_its_parts_cannot_be_told_apart(header: str, body: bytes) -> None:
    assert read_message(_mail(body, header)).text.strip() == "words"


def test_nested_copies_of_a_large_mail_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_COPIED", 1 << 20)
    inner = b"Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\n"
    found = read_message(b"From: a@b.example\n" + inner * 10 + b"Subject: deep\n\n" + b"x" * (1 << 18))
    assert found.defects == [reading.PARTS_LEFT_OUT]
    plain = b"Content-Type: message/rfc822\n\n"
    found = read_message(b"From: a@b.example\n" + plain * 10 + b"Subject: deep\n\n" + b"x" * (1 << 18))
    assert found.defects == []
    assert len(found.text.strip()) == 1 << 18


def test_text_beyond_its_bound_is_left_out_and_named() -> None:
    found = read_message(_mail(b"x" * (reading.MAX_TEXT + 1)))
    assert len(found.text.strip()) == reading.MAX_TEXT
    assert found.defects == [reading.TEXT_LEFT_OUT]


@given(st.data())
def test_no_mutation_of_a_whole_mail_breaks_it(data: st.DataObject) -> None:
    raw = bytearray(
        _multipart(b"Content-Type: text/html; charset=utf-8\n\n<a href='http://a'>b</a>", b"\nplain")
    )
    pieces = st.sampled_from([b"", b"\n", b"--", b'"', b"=?", b";", b"\0", b"\xff", b"=", b":"])
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(raw)))
        raw[place : place + data.draw(st.integers(0, 40))] = data.draw(pieces)
    try:
        assert read_message(bytes(raw)).headers
    except InputError:
        assert not raw.startswith(b"From: a@b.example")


FILES = (
    b"PK\x03\x04\x14\0\0\0\x08\0",
    b"\x1f\x8b\x08\x08",
    b"\x78\x9f\x3e\x22\1\0",
    b"a" * 257 + b"ustar",
    b"<html><style>.x{display:none}</style><p class=x>",
    b"BEGIN:VCALENDAR\nSUMMARY:",
    b"From: c@d.example\nContent-Type: text/html\n\n<a href=x>",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    b"\xff\xd8\xff\xe0\0\4",
    b"%PDF-1.4\n/URI (http://a.example/)",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"begin 644 a.exe\nM",
)
NAMES = ("a.html", "a.zip", "a.ics", "a.eml", "a.msg", "winmail.dat", "a.pdf", "a.docx", "")


@given(st.sampled_from(FILES), st.sampled_from(NAMES), st.binary(max_size=120), st.booleans())
def test_any_attachment_is_read(magic: bytes, name: str, noise: bytes, packed: bool) -> None:
    data = base64.encodebytes(magic + noise) if packed else magic + noise
    named = f"; name={name}" if name else ""
    head = f"Content-Type: application/octet-stream{named}\n".encode()
    head += b"Content-Transfer-Encoding: base64\n" if packed else b""
    found = read_message(b"From: a@b.example\nSubject: s\n" + head + b"\n" + data, aside=False)
    assert found.seen.startswith("s")
    assert found.shape.attachments >= 1
    assert len(found.attachments[0].sha256) == 64
