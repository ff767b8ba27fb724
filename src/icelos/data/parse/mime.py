"""MIME (RFC 2045-2047, 2231) by hand: headers, parts, encodings and character sets, all in linear time.

`email.parser` costs depth times lines (17 s for 1 MB at depth 200), and a mail has 5 s. The standard library
reads parameters, of short fields only. Nothing here raises for what it meets.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import quopri
import re
from collections.abc import Iterator
from email.message import Message as Headers
from itertools import islice

MAX_HEADER_BYTES = 256 * 1024
MAX_HEADERS = 2000
MAX_VALUE = 8192
MAX_BOUNDARIES = 1000
MAX_FIELD = 4096
"""Bytes of a content header of which parameters are read."""
RawHeaders = list[tuple[str, bytes]]

_FIELD = re.compile(rb"([!-9;-~]{1,120})[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)(?:\n|\Z)")


def split(raw: bytes, start: int = 0, end: int | None = None) -> tuple[RawHeaders, int]:
    """Headers, unfolded, and where the body begins; nothing is copied, as parts lie within parts.

    A line that is no header ends them, as mail servers have it.
    """
    found: RawHeaders = []
    end = len(raw) if end is None else end
    position = start
    while position < end and position < start + MAX_HEADER_BYTES and len(found) < MAX_HEADERS:
        if match := _FIELD.match(raw, position, end):
            value = raw[match.start(2) : min(match.end(2), match.start(2) + 4 * MAX_VALUE)]
            found.append((match[1].decode("ascii").lower(), _unfolded(value)))
            position = match.end()
            continue
        stop = raw.find(b"\n", position, end)
        stop = end if stop < 0 else stop
        if raw[position : min(stop, position + 2)] in (b"", b"\r"):
            return found, min(stop + 1, end)
        if position > start:  # one odd first line is forgiven: an envelope's "From ", a word of some tool
            return found, position
        position = stop + 1
    return found, min(position, end)


def _unfolded(value: bytes) -> bytes:
    if b"\n" not in value:
        return value[:MAX_VALUE].strip()
    return b" ".join([line.strip() for line in value.split(b"\n")])[:MAX_VALUE].strip()


def split_part(raw: bytes, start: int, end: int) -> tuple[RawHeaders, int]:
    """A part may have no header at all: it begins with an empty line then, or at once with text."""
    first = start
    while first < end and raw[first] in b"\r\n":
        first += 1
    return split(raw, start, end) if first == start else ([], first)


def pieces(raw: bytes, boundary: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Where what stands between boundary lines begins and ends (RFC 2046, 5.1.1), an unclosed one too."""
    end = len(raw) if end is None else end
    begins = -1
    for place, after, closes in islice(_boundary_lines(raw, b"--" + boundary, start, end), MAX_BOUNDARIES):
        if begins >= 0:
            yield begins, place
        begins = min(after, end)
        if closes:
            return
    if 0 <= begins < end:
        yield begins, end


def _boundary_lines(raw: bytes, line: bytes, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Where each boundary line begins and ends, and whether it is the last one."""
    place = start if raw.startswith(line, start, end) else _next_line(raw, line, start, end)
    for _ in range(10 * MAX_BOUNDARIES):
        if place < 0:
            return
        position = place + len(line)
        stop = min(end, position + MAX_VALUE)
        after = raw.find(b"\n", position, stop)
        after = stop if after < 0 else after
        rest = raw[position:after].rstrip(b" \t\r")
        if rest in (b"", b"--"):
            yield place, after + 1, bool(rest)
        place = _next_line(raw, line, position, end)


def _next_line(raw: bytes, line: bytes, position: int, end: int) -> int:
    place = raw.find(b"\n" + line, position, end)
    return place + 1 if place >= 0 else -1


# ---- header values


def plain(value: bytes) -> str:
    """Bytes of a header as text: UTF-8, else Latin-1."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]{0,2000})\?=")


def decoded_words(value: bytes) -> str:
    """A header's text with its encoded words (RFC 2047) decoded, each as far as it can be.

    Space between two encoded words is no part of the text, and a letter may be parted between them.
    """
    text = plain(value)
    if "=?" not in text:
        return text
    told: list[str] = []
    data, charset, position = b"", "", 0
    for found in _WORD.finditer(text):
        between = text[position : found.start()]
        name = found[1].partition("*")[0].lower()
        if (between and not (between.isspace() and data)) or name != charset:
            told.append(decode_text(data, charset))
            told.append("" if between.isspace() and position else between)
            data, charset = b"", name
        data += _word_bytes(found[2], found[3])
        position = found.end()
    return "".join([*told, decode_text(data, charset), text[position:]])


def _word_bytes(encoding: str, content: str) -> bytes:
    data = content.encode("utf-8", "replace")
    return unbase64(data) if encoding in "bB" else quopri.decodestring(data.replace(b"_", b" "))


def content_fields(headers: RawHeaders) -> Headers:
    """Only the content headers, in the standard library's class, which reads their parameters."""
    fields = Headers()
    for name, value in headers:
        if name.startswith("content-") and name not in fields:
            fields[name] = re.sub(r"[\r\n\0]", " ", plain(value[:MAX_FIELD]))
    return fields


def parameter(fields: Headers, name: str) -> str:
    """A parameter of Content-Type, or nothing."""
    try:
        value = fields.get_param(name)
    except (ValueError, TypeError, IndexError, LookupError, AttributeError):
        return ""
    return _parameter_text(value).strip()


def file_name(fields: Headers) -> str:
    """The name of an attachment, in whichever way it is written."""
    for header, name in (("content-disposition", "filename"), ("content-type", "name")):
        try:
            value = fields.get_param(name, header=header)
        except (ValueError, TypeError, IndexError, LookupError, AttributeError):
            continue
        if text := _parameter_text(value):
            return decoded_words(text.encode("utf-8", "replace"))[:300]
    return ""


def _parameter_text(value: object) -> str:
    if isinstance(value, tuple):  # RFC 2231: (charset, language, text), its bytes as Latin-1
        data = str(value[2]).encode("latin-1", "replace")
        return decode_text(data, str(value[0] or "utf-8"))
    return str(value or "")


# ---- transfer encodings


def undone(body: bytes, fields: Headers) -> bytes:
    """The body with its transfer encoding undone, as far as it goes."""
    encoding = transfer_encoding(fields)
    if encoding == "base64":
        return unbase64(body)
    if encoding == "quoted-printable":
        return quopri.decodestring(body)
    if encoding in {"x-uuencode", "uuencode", "x-uue", "uue"}:
        begun = _BEGIN.search(body)
        return _uu_lines(body, begun.end())[0] if begun else body
    return body


def transfer_encoding(fields: Headers) -> str:
    """The name of the transfer encoding; what stands after it says nothing."""
    return str(fields.get("content-transfer-encoding") or "").strip().strip("\"';").lower()


_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NO_ALPHABET = bytes(set(range(256)) - set(_ALPHABET))


def unbase64(data: bytes) -> bytes:
    """Base64 without what is not of its alphabet; a last incomplete group gives what it holds."""
    clean = data.translate(None, _NO_ALPHABET)
    whole, rest = clean[: len(clean) // 4 * 4], clean[len(clean) // 4 * 4 :]
    return base64.b64decode(whole + (rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""))


_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,200})\r?$", re.MULTILINE)
MAX_UUENCODED = 50
MAX_UU_LINE = 100


def uuencoded(body: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Text without the files written out in it ("begin 644 name"), and those files."""
    files: list[tuple[str, bytes]] = []
    rest: list[bytes] = []
    position = 0
    for _ in range(MAX_UUENCODED):
        begun = _BEGIN.search(body, position)
        if begun is None:
            break
        data, end = _uu_lines(body, begun.end())
        rest.append(body[position : begun.start() if data else begun.end()])
        position = end if data else begun.end()
        if data:
            files.append((plain(begun[1]), data))
    return b"".join([*rest, body[position:]]), files


def _uu_lines(body: bytes, position: int) -> tuple[bytes, int]:
    """The bytes of uuencoded lines, and where they end."""
    found: list[bytes] = []
    position = body.find(b"\n", position) + 1 or len(body)
    while (bare := body[position : position + MAX_UU_LINE].partition(b"\n")[0].rstrip()) not in (b"", b"end"):
        try:
            found.append(binascii.a2b_uu(bare[: 1 + (((bare[0] - 32) & 63) + 2) // 3 * 4]))
        except (binascii.Error, ValueError):
            break
        position = body.find(b"\n", position) + 1 or len(body)
    return b"".join(found), position + 3 * (bare == b"end")


# ---- character sets

_CHARSETS = frozenset(
    {"utf-8", "ascii", "utf-16", "utf-16-le", "utf-16-be", "utf-7", "utf-32", "koi8-r", "koi8-u", "koi8-t"}
    | {"big5", "big5hkscs", "gb2312", "gbk", "gb18030", "hz", "euc_jp", "euc_kr", "shift_jis", "cp932"}
    | {"cp949", "iso2022_jp", "iso2022_kr", "mac-roman", "mac-cyrillic", "tis-620", "johab", "cp437"}
    | {"cp850", "cp866", "cp874", "viscii"} | {f"cp125{n}" for n in range(9)}
    | {f"iso8859-{n}" for n in range(1, 17)}
)  # fmt: skip
"""Codecs that are linear; Python's "punycode" or "idna" would not be."""
_WIDER = {
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
}
"""What is meant is what browsers take it for (the Encoding Standard)."""
_ONE_BYTE = re.compile(r"iso8859|cp125|ascii|mac|koi8|cp4|cp8")


def decode_text(data: bytes, charset: str) -> str:
    """Text in a declared character set; UTF-8, else Windows-1252, where it is unknown or unsafe.

    Bytes that are UTF-8 by its rules are so, whatever one-byte set they are said to be in.
    """
    name = _codec(charset)
    if name in {"", "utf-8"} or _ONE_BYTE.match(name):
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            name = "cp1252" if name in {"", "utf-8", "ascii"} else name
    try:
        return data.decode(name, "replace")
    except (UnicodeError, ValueError):
        return data.decode("latin-1")


def _codec(charset: str) -> str:
    """The name of a codec that may be used, else nothing."""
    try:
        name = codecs.lookup(charset.strip().strip("\"'")[:40].removesuffix("-i")).name
    except (LookupError, ValueError):
        return ""
    return _WIDER.get(name, name) if name in _CHARSETS else ""


_META = re.compile(
    rb"<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE
)


def declared_within(html: bytes) -> str:
    """The character set that a document says of itself, for where its header says none."""
    found = _META.search(html[:2048])
    return found[1].decode("ascii") if found else ""


# ---- mails within mails

MAX_LEVELS = 6
MAX_MAILS = 20
MAX_LOOKED_AT = 300
"""Parts that are looked at for mails."""
_MAILS = frozenset({"message/rfc822", "message/global"})


def attached_mails(raw: bytes) -> list[bytes]:
    """The mails attached to one, whole, as a report of a suspicious mail carries them; not those in these."""
    found: list[bytes] = []
    waiting = [(*split(raw), len(raw), 0)]
    for _ in range(MAX_LOOKED_AT):
        if not waiting or len(found) >= MAX_MAILS:
            break
        headers, start, end, level = waiting.pop()
        fields = content_fields(headers)
        kind, name = fields.get_content_type(), file_name(fields).lower()
        if kind in _MAILS or name.endswith((".eml", ".msg")):
            found.append(undone(raw[start:end], fields).lstrip(b"\r\n"))
        elif kind.startswith("multipart/") and level < MAX_LEVELS and (line := parameter(fields, "boundary")):
            inner = islice(pieces(raw, line.encode("utf-8", "replace"), start, end), MAX_LOOKED_AT)
            waiting.extend([(*split_part(raw, *piece), piece[1], level + 1) for piece in inner][::-1])
    return [mail for mail in found if mail]
