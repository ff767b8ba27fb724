"""One message, read within bounds: headers, text, links, attachments. Nothing is judged here.

MIME (RFC 2045-2047, 2231) is walked by hand, with the standard library for parameters and encodings:
`email.parser` costs depth times lines (17 s for 1 MB at depth 200), and a mail has 5 s. What goes over a
bound is left out and named in `defects`.
"""

from __future__ import annotations

import base64
import codecs
import quopri
import re
from collections.abc import Iterator
from email.message import Message as Headers

import msgspec

from icelos.errors import InputError
from icelos.jobs.mail.reading.markup import Link, read_markup
from icelos.jobs.mail.reading.normalise import Normalised, Tricks
from icelos.jobs.mail.reading.shown import put_together

MAX_RAW = 48 * 1024 * 1024
MAX_HEADER_BYTES = 256 * 1024
MAX_HEADERS = 2000
MAX_VALUE = 8192
MAX_DEPTH = 16
MAX_PARTS = 300
MAX_TEXT = 1024 * 1024
MAX_COPIED = 16 * 1024 * 1024
"""Bytes held for parts within parts, or four times the message where that is more."""
PARTS_LEFT_OUT = "parts beyond the bounds of depth, number or size were left out"
TEXT_LEFT_OUT = "text beyond 1 MiB was left out"
HEAD_BYTES = 4096


class Attachment(msgspec.Struct, frozen=True):
    """A part that is not shown as text. `head` is the decoded beginning, to tell its type by content."""

    name: str
    content_type: str
    head: bytes


class Message(msgspec.Struct):
    """A message as its reader meets it. Header names are in lower case, values decoded, in order.

    `text` is all plain text, of which `beside_html` stands as the alternative to HTML in the same mail, and
    `attached_text` is what attachments say.
    """

    headers: list[tuple[str, str]]
    text: str = ""
    html_text: str = ""
    hidden_text: str = ""
    links: list[Link] = []
    has_form: bool = False
    asks_password: bool = False
    attachments: list[Attachment] = []
    defects: list[str] = []
    beside_html: str = ""
    attached_text: str = ""
    as_seen: Normalised | None = None

    def first(self, name: str) -> str:
        """The first header of a name, or nothing."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def subject(self) -> str:
        return self.first("subject")

    @property
    def body(self) -> str:
        """All text that is shown."""
        return f"{self.text}\n{self.html_text}"

    @property
    def seen(self) -> str:
        """Subject and text as the reader sees them: nothing hidden, nothing twice, letters folded."""
        return self._as_seen().text

    @property
    def tricks(self) -> Tricks:
        """How often letters, marks and spaces were used to show people what programs do not read."""
        return self._as_seen().tricks

    def _as_seen(self) -> Normalised:
        if self.as_seen is None:
            plain = self.text.replace(self.beside_html, "", 1) if self.beside_html else self.text
            self.as_seen = put_together(
                self.subject, self.html_text, plain, self.beside_html, self.attached_text
            )
        return self.as_seen


_FIELD = re.compile(rb"^([!-9;-~]{1,120})[ \t]*:(.*)$", re.DOTALL)


def read_message(raw: bytes) -> Message:
    """Raises InputError where there is no mail header, or the message is larger than `MAX_RAW`."""
    if len(raw) > MAX_RAW:
        raise InputError(f"message is larger than {MAX_RAW >> 20} MiB")
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError("an Outlook .msg file, which this version does not read", hint="export it as .eml")
    headers, body = _split(raw.removeprefix(b"\xef\xbb\xbf").lstrip())
    if not headers:
        raise InputError("no mail header in it")
    message = Message([(name, _decoded_words(value.strip())) for name, value in headers])
    _Walk(message, max(MAX_COPIED, 4 * len(raw))).part(headers, body, 0)
    return message


def _split(raw: bytes) -> tuple[list[tuple[str, bytes]], bytes]:
    """Headers, unfolded, and the body. A line that is no header ends them, as mail servers have it."""
    found: list[tuple[str, bytes]] = []
    position = 0
    while position < len(raw) and position < MAX_HEADER_BYTES and len(found) < MAX_HEADERS:
        end = raw.find(b"\n", position)
        end = len(raw) if end < 0 else end
        line = raw[position:end].rstrip(b"\r")
        if not line:
            return found, raw[end + 1 :]
        if line[:1] in b" \t" and found:
            name, value = found[-1]
            if len(value) < MAX_VALUE:
                found[-1] = (name, value + b" " + line.strip())
        elif match := _FIELD.match(line):
            found.append((match[1].decode("ascii").lower(), match[2].strip()[:MAX_VALUE]))
        elif position:  # one odd first line is forgiven: an envelope's "From ", a word of some tool
            return found, raw[position:]
        position = end + 1
    return found, raw[position:]


def _plain(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


_WORDS = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]{0,2000})\?=(\s{1,10}(?==\?[^?\s]{1,60}\?[bBqQ]\?))?")


def _decoded_words(value: bytes) -> str:
    """A header's text with its encoded words (RFC 2047) decoded, each as far as it can be."""
    text = _plain(value)
    return _WORDS.sub(_decoded_word, text) if "=?" in text else text


def _decoded_word(found: re.Match[str]) -> str:
    """Space between two encoded words is no part of the text; the pattern has taken it in."""
    charset, encoding, content, _ = found.groups()
    data = content.encode("ascii", "replace")
    plain = _unbase64(data) if encoding in "bB" else quopri.decodestring(data.replace(b"_", b" "))
    return decode_text(plain, charset.partition("*")[0])


_CHARSETS = frozenset(
    {"utf-8", "ascii", "utf-16", "utf-16-le", "utf-16-be", "utf-7", "koi8-r", "koi8-u", "big5", "big5hkscs"}
    | {"gb2312", "gbk", "gb18030", "hz", "euc_jp", "euc_kr", "shift_jis", "cp932", "cp949", "iso2022_jp"}
    | {"iso2022_kr", "mac-roman", "tis-620", "johab", "cp437", "cp850", "cp866", "cp874"}
    | {f"iso8859-{n}" for n in range(1, 17)} | {f"cp125{n}" for n in range(9)}
)  # fmt: skip
"""Codecs that are linear; Python's "punycode" or "idna" would not be."""


def decode_text(data: bytes, charset: str) -> str:
    """Text in a declared character set; UTF-8, else Windows-1252, where it is unknown or unsafe."""
    try:
        name = codecs.lookup(charset.strip().strip("\"'")[:40]).name
    except (LookupError, ValueError):
        name = ""
    if name in {"ascii", "utf-8", ""} or name not in _CHARSETS:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return data.decode("cp1252", "replace")
    try:
        return data.decode(name, "replace")
    except (UnicodeError, ValueError):
        return data.decode("latin-1")


class _Walk:
    """Walks the parts of one message and fills it."""

    def __init__(self, message: Message, copied: int) -> None:
        self.message = message
        self.parts = 0
        self.copied = copied
        self.room = MAX_TEXT

    def part(self, headers: list[tuple[str, bytes]], body: bytes, depth: int) -> None:
        """One part and those in it."""
        self.parts += 1
        self.copied -= len(body)
        if self.parts > MAX_PARTS or depth > MAX_DEPTH or self.copied < 0:
            self._defect(PARTS_LEFT_OUT)
            return
        fields = _content_fields(headers)
        kind, boundary = fields.get_content_type(), _parameter(fields, "boundary")
        if kind.startswith("multipart/"):
            self._several(body, boundary, depth, alternative=kind == "multipart/alternative")
        elif kind == "message/rfc822":
            self.part(*_split(_undone(body, fields)), depth + 1)
        else:
            self._leaf(fields, kind, body)

    def _several(self, body: bytes, boundary: str, depth: int, *, alternative: bool) -> None:
        """The parts of a multipart; where none can be told apart, what is there is read as text."""
        empty = True
        before, html_before = len(self.message.text), len(self.message.html_text)
        for piece in _pieces(body, boundary.encode("utf-8", "replace")) if boundary else ():
            empty = False
            if self.parts > MAX_PARTS:
                break
            self.part(*_split_part(piece), depth + 1)
        if alternative and len(self.message.html_text) > html_before and not self.message.beside_html:
            self.message.beside_html = self.message.text[before:]
        if empty and body.strip():
            self._defect("a multipart without its boundary was read as text")
            self._text(body[: 4 * MAX_TEXT], "text/plain", "")

    def _leaf(self, fields: Headers, kind: str, body: bytes) -> None:
        name = _decoded_words(_file_name(fields).encode("utf-8", "replace"))
        disposition = str(fields.get("content-disposition") or "").strip().lower()
        if kind in {"text/plain", "text/html"} and not name and not disposition.startswith("attachment"):
            self._text(_undone(body[: 4 * MAX_TEXT], fields), kind, _parameter(fields, "charset"))
        else:
            head = _undone(body[: 2 * HEAD_BYTES], fields)[:HEAD_BYTES]
            self.message.attachments.append(Attachment(name[:300], kind, head))

    def _text(self, data: bytes, kind: str, charset: str) -> None:
        text = decode_text(data[: self.room], charset or "utf-8")
        if len(data) > self.room:
            self._defect(TEXT_LEFT_OUT)
        self.room = max(0, self.room - len(data))
        if kind == "text/plain":
            self.message.text += text + "\n"
            return
        markup = read_markup(text)
        self.message.html_text += markup.text + "\n"
        self.message.hidden_text += markup.hidden
        self.message.links.extend(markup.links)
        self.message.has_form = self.message.has_form or markup.has_form
        self.message.asks_password = self.message.asks_password or markup.asks_password

    def _defect(self, text: str) -> None:
        if text not in self.message.defects:
            self.message.defects.append(text)


def _split_part(piece: bytes) -> tuple[list[tuple[str, bytes]], bytes]:
    """A part may have no header at all: it begins with an empty line then, or at once with text."""
    if piece.startswith((b"\n", b"\r\n")):
        return [], piece.lstrip(b"\r\n")
    return _split(piece)


def _pieces(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """What stands between boundary lines (RFC 2046, 5.1.1); an unclosed last part counts."""
    line = re.compile(rb"^--" + re.escape(boundary) + rb"(--)?[ \t]*\r?$", re.MULTILINE)
    start = -1
    for found in line.finditer(body):
        if start >= 0:
            yield body[start : found.start()]
        start = found.end() + 1
        if found[1]:
            return
    if 0 <= start < len(body):
        yield body[start:]


def _content_fields(headers: list[tuple[str, bytes]]) -> Headers:
    """Only the content headers, in the standard library's class, which reads their parameters."""
    fields = Headers()
    for name, value in headers:
        if name.startswith("content-") and name not in fields:
            fields[name] = re.sub(r"[\r\n\0]", " ", _plain(value[:2048]))
    return fields


def _parameter(fields: Headers, name: str) -> str:
    try:
        value = fields.get_param(name)
    except (ValueError, TypeError, IndexError, LookupError, AttributeError):
        return ""
    if isinstance(value, tuple):  # RFC 2231: (charset, language, text)
        value = value[2]
    return str(value or "").strip()


def _file_name(fields: Headers) -> str:
    try:
        return fields.get_filename() or ""
    except (ValueError, TypeError, IndexError, LookupError, AttributeError):
        return ""


def _undone(body: bytes, fields: Headers) -> bytes:
    """The body with its transfer encoding undone, as far as it goes."""
    encoding = str(fields.get("content-transfer-encoding") or "").strip().lower()
    if encoding == "base64":
        return _unbase64(body)
    if encoding == "quoted-printable":
        return quopri.decodestring(body)
    return body


def _unbase64(data: bytes) -> bytes:
    """Base64 without what is not of its alphabet; a last incomplete group gives what it holds."""
    clean = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    whole, rest = clean[: len(clean) // 4 * 4], clean[len(clean) // 4 * 4 :]
    return base64.b64decode(whole + (rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""))
