from __future__ import annotations

import asyncio
import zlib

import pytest

from icelos.jobs.mail.delivery import protocol
from icelos.jobs.mail.delivery.protocol import Refused, Request


def read(data: bytes, most: int = 1000) -> tuple[Request, bytes]:
    async def both() -> tuple[Request, bytes]:
        reader = asyncio.StreamReader(limit=protocol.MAX_LINE)
        reader.feed_data(data)
        reader.feed_eof()
        request = await protocol.read_request(reader)
        return request, await protocol.read_message(reader, request, most=most)

    return asyncio.run(both())


def refused(data: bytes, most: int = 1000) -> bytes:
    with pytest.raises(Refused) as caught:
        read(data, most)
    return caught.value.line


def test_a_request_of_spamc() -> None:
    request, raw = read(b"PROCESS SPAMC/1.5\r\nContent-length: 5\r\nUser: ann\r\n\r\nhello more")
    assert (request.method, request.version, request.user, raw) == ("PROCESS", 1.5, "ann", b"hello")


def test_names_of_headers_in_any_case_and_unknown_ones() -> None:
    request, raw = read(b"CHECK SPAMC/1.2\nCONTENT-LENGTH: 2\nX-New: 1\n\nhi")
    assert (request.length, raw) == (2, b"hi")


def test_without_a_length_all_is_read() -> None:
    assert read(b"CHECK SPAMC/1.0\r\n\r\nhello")[1] == b"hello"


def test_compressed() -> None:
    data = zlib.compress(b"hello" * 50)
    head = b"CHECK SPAMC/1.5\r\nCompress: zlib\r\nContent-length: %d\r\n\r\n" % len(data)
    assert read(head + data)[1] == b"hello" * 50


def test_a_bomb_is_not_inflated() -> None:
    data = zlib.compress(b"\0" * 100_000_000, 9)
    head = b"CHECK SPAMC/1.5\r\nCompress: zlib\r\nContent-length: %d\r\n\r\n" % len(data)
    assert b"larger than 1000000 bytes" in refused(head + data, 1_000_000)


def test_old_ping_has_no_headers() -> None:
    async def one() -> Request:
        reader = asyncio.StreamReader()
        reader.feed_data(b"PING SPAMC/1.2\r\n")
        return await protocol.read_request(reader)

    assert asyncio.run(one()).method == "PING"


def test_tell() -> None:
    request, _ = read(b"TELL SPAMC/1.5\r\nMessage-class: ham\r\nSet: local, Remote\r\nRemove: else\r\n\r\n")
    assert (request.spam, sorted(request.set), request.remove) == (False, ["local", "remote"], frozenset())
    assert protocol.told(request) == b"SPAMD/1.1 0 EX_OK\r\nDidSet: local\r\n\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", b"SPAMD/1.0 76 Bad header line: (closed before headers)\r\n"),
        (b"GET / HTTP/1.1\r\n\r\n", b"SPAMD/1.0 76 Bad header line: GET / HTTP/1.1\r\n"),
        (b"CHECK SPAMC/1.5\r\nUser: x\r\n", b"SPAMD/1.0 76 Bad header line: (EOF during headers)\r\n"),
        (b"CHECK SPAMC/1.5\r\nnonsense\r\n\r\n", b"76 Bad header line: (header not in 'Name: value' format)"),
        (b"CHECK SPAMC/1.5\r\nUser: a\x01b\r\n\r\n", b"(User header contains control chars)"),
        (b"CHECK SPAMC/1.5\r\nContent-length: -1\r\n\r\n", b"(Content-Length contains non-numeric bytes)"),
        (b"CHECK SPAMC/1.5\r\nContent-length: " + b"9" * 50 + b"\r\n\r\n", b"non-numeric"),
        (b"CHECK SPAMC/1.5\r\nCompress: lzma\r\n\r\n", b"(compression type not supported: lzma)"),
        (b"TELL SPAMC/1.5\r\nMessage-class: maybe\r\n\r\n", b"invalid class"),
        (b"CHECK SPAMC/1.5\r\n" + b"A: b\r\n" * 300 + b"\r\n", b"(too many headers)"),
        (b"CHECK SPAMC/1.5\r\nUser: " + b"x" * 200_000 + b"\r\n\r\n", b"(header line too long)"),
        (
            b"CHECK SPAMC/1.5\r\nContent-length: 9\r\n\r\nabc",
            b"SPAMD/1.0 76 Bad header line: (Content-Length mismatch: Expected 9 bytes, got 3 bytes)\r\n",
        ),
        (b"CHECK SPAMC/1.5\r\nContent-length: 1001\r\n\r\n", b"69 Service Unavailable: message is larger"),
        (b"CHECK SPAMC/1.5\r\n\r\n" + b"x" * 1001, b"69 Service Unavailable: message is larger"),
        (b"CHECK SPAMC/1.5\r\nCompress: zlib\r\n\r\n", b"69 Service Unavailable: Compress requires"),
        (
            b"CHECK SPAMC/1.5\r\nCompress: zlib\r\nContent-length: 3\r\n\r\nabc",
            b"69 Service Unavailable: zlib",
        ),
        (
            b"CHECK SPAMC/1.5\r\nCompress: zlib\r\nContent-length: 5\r\n\r\n" + zlib.compress(b"abc")[:5],
            b"69 Service Unavailable: zlib: failed to find end of zlib stream",
        ),
    ],
)
def test_broken_requests_are_answered_as_spamd_does(data: bytes, line: bytes) -> None:
    assert line in refused(data)
    assert refused(data).count(b"\n") == 1


@pytest.mark.parametrize(
    ("method", "version", "head"),
    [
        ("CHECK", 1.5, b"SPAMD/1.1 0 EX_OK\r\nSpam: True ; 7.25 / 5.0\r\n\r\n"),
        ("SYMBOLS", 1.5, b"SPAMD/1.1 0 EX_OK\r\nContent-length: 1\r\nSpam: True ; 7.25 / 5.0\r\n\r\nx"),
        ("REPORT", 1.2, b"SPAMD/1.1 0 EX_OK\r\nSpam: True ; 7.25 / 5.0\r\n\r\nx"),
        ("REPORT_IFSPAM", 1.5, b"SPAMD/1.1 0 EX_OK\r\nContent-length: 1\r\nSpam: Yes ; 7.25 / 5.0\r\n\r\nx"),
        ("PROCESS", 1.3, b"SPAMD/1.1 0 EX_OK\r\nContent-length: 1\r\nSpam: True ; 7.25 / 5.0\r\n\r\nx"),
        ("PROCESS", 1.2, b"SPAMD/1.1 0 EX_OK\r\nContent-length: 1\r\n\r\nx"),
        ("PROCESS", 1.0, b"SPAMD/1.0 0 EX_OK\r\nx"),
    ],
)
def test_answers_by_version(method: str, version: float, head: bytes) -> None:
    request = Request(method, version)
    assert protocol.answer(request, spam=True, score=7.25, required=5.0, body=b"x") == head
