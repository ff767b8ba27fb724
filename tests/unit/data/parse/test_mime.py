"""MIME by hand: headers, parts, encodings, character sets, and mails within mails."""

from __future__ import annotations

import base64
import quopri
import time
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.mime import (
    MAX_MAILS,
    attached_mails,
    content_fields,
    declared_within,
    decode_text,
    decoded_words,
    file_name,
    parameter,
    pieces,
    split,
    unbase64,
    undone,
    uuencoded,
)


def test_headers_are_unfolded_and_end_where_they_end() -> None:
    raw = b"A: one\r\n two\r\n\tthree\r\nB : 2\r\n\r\nbody: no header\n"
    assert split(raw) == ([("a", b"one two three"), ("b", b"2")], raw.find(b"body"))
    assert split(b"A: 1\nno header here\nB: 2\n")[1] == len(b"A: 1\n")
    assert split(b"--B\nA: 1\n\nB: 2", 4, 9) == ([("a", b"1")], 9)
    assert split(b"") == ([], 0)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"--B\none\n--B\ntwo\n--B--\nafter", [b"one\n", b"two\n"]),
        (b"before\n--B\none", [b"one"]),
        (b"--B \t\r\none\r\n--B--\r\n", [b"one\r\n"]),
        (b"x--B\none", []),
        (b"--Bx\none", []),
        (b"--B\n--B\none", [b"", b"one"]),
        (b"", []),
    ],
)
def test_pieces(body: bytes, found: list[bytes]) -> None:
    assert [body[start:end] for start, end in pieces(body, b"B")] == found
    inside = b"--B\n" + body + b"\n--B--"
    spans = pieces(inside, b"B", 4, 4 + len(body))
    assert [inside[start:end] for start, end in spans] == found


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"=?utf-8?B?w7w=?= =?utf-8?B?w7w=?=", "üü"),
        (b"=?utf-8?B?ww==?= =?utf-8?B?vA==?=", "ü"),
        (b"=?utf-8?Q?=C3?=\n =?utf-8?Q?=BC?=", "ü"),
        (b"=?iso-8859-1?Q?=FC?= =?koi8-r?Q?=D0=D2=C9?=", "üпри"),
        (b"a =?utf-8?Q?b?= c =?utf-8?Q?d?=", "a b c d"),
        (b"=?utf-8?Q?a?=b", "ab"),
        (b"plain", "plain"),
        (b"\xfc", "ü"),
    ],
)
def test_encoded_words_of_several_sets_and_letters_parted_between_them(value: bytes, text: str) -> None:
    assert decoded_words(value) == text


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("attachment; filename=a.pdf", "a.pdf"),
        ('attachment; filename="a b.pdf"', "a b.pdf"),
        ("attachment; filename*=utf-8''%C3%BC.pdf", "ü.pdf"),
        ("attachment; filename*=iso-8859-1'de'%FC.pdf", "ü.pdf"),
        ("attachment; filename*0=one; filename*1=two.pdf", "onetwo.pdf"),
        ("attachment; filename*0*=utf-8''%C3%BC; filename*1=b.pdf", "üb.pdf"),
        ('attachment; filename="=?utf-8?B?w7w=?=.pdf"', "ü.pdf"),
        ("attachment; filename*=unicode_escape''a", "a"),
        ("attachment; filename*=''", ""),
        ("attachment", ""),
    ],
)
def test_file_names_in_every_writing(header: str, name: str) -> None:
    assert file_name(content_fields([("content-disposition", header.encode())])) == name


def test_the_name_may_stand_with_the_type() -> None:
    fields = content_fields([("content-type", b'application/pdf; name="a.pdf"; boundary=x')])
    assert file_name(fields) == "a.pdf"
    assert parameter(fields, "boundary") == "x"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("base64", base64.b64encode(b"data")),
        ('"base64"', b"ZG F0\nYQ"),
        ("quoted-printable", quopri.encodestring(b"data")),
        ("x-uuencode", b"begin 644 a\n$9&%T80``\n`\nend\n"),
        ("x-uuencode", b"data"),
        ("7bit", b"data"),
    ],
)
def test_transfer_encodings(encoding: str, body: bytes) -> None:
    assert undone(body, content_fields([("content-transfer-encoding", encoding.encode())])) == b"data"


def test_files_written_out_in_text_are_taken_out() -> None:
    text = b"see:\nbegin 644 a.exe\n$9&%T80``\n`\nend\nbye\nbegin 7 the day\nbegin 644 b\n"
    rest, files = uuencoded(text)
    assert files == [("a.exe", b"data")]
    assert rest.split() == b"see: bye begin 7 the day begin 644 b".split()


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        (b"\x93caf\xe9\x94", "iso-8859-1", "“café”"),
        ("café".encode(), "iso-8859-1", "café"),
        ("café".encode(), "us-ascii", "café"),
        ("привет".encode("koi8-r"), "koi8-r", "привет"),
        ("中文".encode("gb18030"), "gb2312", "中文"),
        (b'\x1b$B$"\x1b(B', "iso-2022-jp", "あ"),
        ("a".encode("utf-16"), "utf-16", "a"),
        ("שלום".encode("iso8859-8"), "iso-8859-8-i", "שלום"),
        (b"\xff\xfe\xfd", "utf-8", "ÿþý"),
        (b"x", "idna", "x"),
        (b"caf\xe9", "no-such", "café"),
    ],
)
def test_character_sets(data: bytes, charset: str, text: str) -> None:
    assert decode_text(data, charset) == text


def test_a_document_may_say_its_set() -> None:
    assert declared_within(b"<html><meta charset=koi8-r>") == "koi8-r"
    assert declared_within(b"<meta http-equiv=x content='text/html; charset=utf-8'>") == "utf-8"
    assert declared_within(b"<p>charset=utf-8") == ""


def test_attached_mails_are_found_whole() -> None:
    original = b"From: c@d.example\nSubject: original\n\nbody\n"
    report = EmailMessage()
    report["Subject"] = "report"
    report.set_content("see attached")
    report.add_attachment(original, maintype="application", subtype="octet-stream", filename="mail.EML")
    inner = EmailMessage()
    inner["Subject"] = "second"
    inner.set_content("x")
    report.add_attachment(inner)
    first, second = attached_mails(report.as_bytes())
    assert first == original
    assert b"Subject: second" in second
    assert attached_mails(original) == []


def test_attached_mails_are_bounded() -> None:
    part = b"--B\nContent-Type: message/rfc822\n\nSubject: x\n\n"
    raw = b"Content-Type: multipart/mixed; boundary=B\n\n" + part * 1000
    assert len(attached_mails(raw)) == MAX_MAILS
    deep = b"Content-Type: multipart/mixed; boundary=B\n\n--B\n" * 1000
    assert attached_mails(deep) == []


@given(st.binary(max_size=200))
def test_anything_is_split_and_decoded(data: bytes) -> None:
    headers, _ = split(data)
    fields = content_fields(headers)
    assert isinstance(file_name(fields), str)
    assert isinstance(decoded_words(data), str)
    assert isinstance(unbase64(data), bytes)
    assert isinstance(uuencoded(data)[0], bytes)
    assert attached_mails(data) is not None


@pytest.mark.parametrize(
    "piece", [b"--B\n", b"\n--Bx", b"\n--B", b"begin 644 a\n", b"\n", b"a:b\n", b"a:b\n c\n"]
)
def test_many_lines_take_time_in_proportion(piece: bytes) -> None:
    data = piece * ((8 << 20) // len(piece))
    began = time.process_time()
    assert len(list(pieces(data, b"B"))) <= 1001
    split(data)
    uuencoded(data)
    assert time.process_time() - began < 5
