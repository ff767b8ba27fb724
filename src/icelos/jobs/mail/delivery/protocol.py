"""Requests and answers of the spamd protocol, SPAMC 1.0 to 1.5, as SpamAssassin's spamd has them.

Its own description is spamd/PROTOCOL in SpamAssassin's source. What the answers to broken requests look like
was taken from spamd 4.0.1 itself.
"""

from __future__ import annotations

import asyncio
import re
import zlib

import msgspec

MAX_LINE = 1 << 16
MAX_HEADERS = 255
METHODS = frozenset(
    {"CHECK", "SYMBOLS", "REPORT", "REPORT_IFSPAM", "PROCESS", "HEADERS", "PING", "TELL", "SKIP"}
)
CODES = {"EX_OK": 0, "EX_UNAVAILABLE": 69, "EX_TEMPFAIL": 75, "EX_PROTOCOL": 76, "EX_TIMEOUT": 79}
_COMMAND = re.compile(r"([A-Z_]{1,20}) SPAMC/(\d{1,2}(?:\.\d{1,3})?)?")


class Refused(Exception):
    """A request that is answered by one line, which this is."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.line = f"SPAMD/1.0 {CODES[code]} {text}\r\n".encode("ascii", "replace")


def broken(text: str) -> Refused:
    """What spamd says of a request that does not follow the protocol."""
    return Refused("EX_PROTOCOL", f"Bad header line: {text}")


def unavailable(text: str) -> Refused:
    """What spamd says of a request that it will not or cannot do."""
    return Refused("EX_UNAVAILABLE", f"Service Unavailable: {text}")


class Request(msgspec.Struct):
    """One request but for its message. `length` is that of what is sent, None = up to the end."""

    method: str
    version: float
    length: int | None = None
    user: str = ""
    compressed: bool = False
    spam: bool = True
    set: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()


async def read_request(reader: asyncio.StreamReader) -> Request:
    """Command and headers. Raises Refused."""
    line = await _line(reader, "(closed before headers)")
    found = _COMMAND.search(line)
    if found is None or found[1] not in METHODS:
        raise broken(line[:100])
    request = Request(found[1], float(found[2] or 0))
    if request.method in {"PING", "SKIP"} and request.version < 1.5:
        return request
    for _ in range(MAX_HEADERS + 1):
        line = await _line(reader, "(EOF during headers)")
        if not line:
            return request
        name, separator, value = line.partition(":")
        if not separator:
            raise broken("(header not in 'Name: value' format)")
        _take(request, name.strip().lower(), value.strip())
    raise broken("(too many headers)")


def _take(request: Request, name: str, value: str) -> None:
    if name == "content-length":
        request.length = _length(value)
    elif name == "user":
        if not value.isprintable():
            raise broken("(User header contains control chars)")
        request.user = value[:200]
    elif name == "compress":
        if "zlib" not in value.lower():
            raise broken(f"(compression type not supported: {value[:40]})")
        request.compressed = True
    elif name == "message-class":
        request.spam = _is_spam(value)
    elif name in {"set", "remove"}:
        places = frozenset(one.strip().lower() for one in value.split(","))
        setattr(request, name, places & {"local", "remote"})


def _length(value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 12:
        raise broken("(Content-Length contains non-numeric bytes)")
    return int(value)


def _is_spam(value: str) -> bool:
    if value.lower() not in {"spam", "ham"}:
        raise broken("(Message-class header contains invalid class)")
    return value.lower() == "spam"


async def _line(reader: asyncio.StreamReader, at_end: str) -> str:
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            raise broken(at_end) from None
        line = error.partial
    except asyncio.LimitOverrunError:
        raise broken("(header line too long)") from None
    return line.decode("latin-1").rstrip("\r\n")


async def read_message(reader: asyncio.StreamReader, request: Request, *, most: int) -> bytes:
    """The message, inflated. Raises Refused: it is shorter than said, larger than `most`, or broken."""
    if request.length is None:
        if request.compressed:
            raise unavailable("Compress requires Content-length header")
        return await _up_to_the_end(reader, most)
    if request.length > most:
        raise too_large(most)
    try:
        data = await reader.readexactly(request.length)
    except asyncio.IncompleteReadError as error:
        got = len(error.partial)
        raise broken(f"(Content-Length mismatch: Expected {request.length} bytes, got {got} bytes)") from None
    return inflated(data, most=most) if request.compressed else data


async def _up_to_the_end(reader: asyncio.StreamReader, most: int) -> bytes:
    data = bytearray()
    while piece := await reader.read(1 << 16):
        data += piece
        if len(data) > most:
            raise too_large(most)
    return bytes(data)


def too_large(most: int) -> Refused:
    """The answer to a message over the bound."""
    return unavailable(f"message is larger than {most} bytes")


def inflated(data: bytes, *, most: int) -> bytes:
    """At most `most` bytes, however many there would be. Raises Refused."""
    stream = zlib.decompressobj()
    try:
        out = stream.decompress(data, most)
    except zlib.error:
        raise unavailable("zlib: broken data") from None
    if stream.unconsumed_tail:
        raise too_large(most)
    if not stream.eof:
        raise unavailable("zlib: failed to find end of zlib stream")
    return out


def answer(request: Request, *, spam: bool, score: float, required: float, body: bytes) -> bytes:
    """The answer to a request about a message, in the form of the client's version."""
    words = ("Yes", "No") if request.method == "REPORT_IFSPAM" else ("True", "False")
    told = f"Spam: {words[0] if spam else words[1]} ; {score:.2f} / {required:.1f}\r\n"
    if request.method == "CHECK":
        return f"SPAMD/1.1 0 EX_OK\r\n{told}\r\n".encode("ascii")
    length = f"Content-length: {len(body)}\r\n"
    whole = request.method in {"PROCESS", "HEADERS"}
    if request.version >= 1.3:
        head = f"SPAMD/1.1 0 EX_OK\r\n{length}{told}\r\n"
    elif not whole:
        head = f"SPAMD/1.1 0 EX_OK\r\n{told}\r\n"
    elif request.version >= 1.2:
        head = f"SPAMD/1.1 0 EX_OK\r\n{length}\r\n"
    else:
        head = "SPAMD/1.0 0 EX_OK\r\n"
    return head.encode("ascii") + body


def told(request: Request) -> bytes:
    """The answer to TELL: what was set and removed. Nothing is ever told to a remote service."""
    lines = "DidSet: local\r\n" if "local" in request.set else ""
    lines += "DidRemove: local\r\n" if "local" in request.remove else ""
    return f"SPAMD/1.1 0 EX_OK\r\n{lines}\r\n\r\n".encode("ascii")


PONG = b"SPAMD/1.5 0 PONG\r\n"
