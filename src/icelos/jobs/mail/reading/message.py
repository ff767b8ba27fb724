"""One message, read within bounds: headers, text, links, attachments. Nothing is judged here.

What goes over a bound is left out and named in `defects`. An Outlook file is read as the mail it holds.
"""

from __future__ import annotations

from email.message import Message as Headers
from importlib.util import find_spec
from typing import NamedTuple

import msgspec

from icelos.data.parse.mime import (
    RawHeaders,
    content_fields,
    declared_within,
    decode_text,
    decoded_words,
    file_name,
    parameter,
    pieces,
    split,
    split_part,
    transfer_encoding,
    unbase64,
    undone,
    uuencoded,
)
from icelos.errors import InputError
from icelos.jobs.mail.reading.aside import Aside
from icelos.jobs.mail.reading.attachments import Attachment as Attachment
from icelos.jobs.mail.reading.attachments import Decoded, Opened, Opener, decoded, told
from icelos.jobs.mail.reading.invites import read_invite
from icelos.jobs.mail.reading.markup import MAX_LINKS, Image, Link, read_markup
from icelos.jobs.mail.reading.normalise import Normalised, Tricks
from icelos.jobs.mail.reading.shape import Shape, shape_of
from icelos.jobs.mail.reading.shown import put_together

MAX_RAW = 48 * 1024 * 1024
MAX_DEPTH = 16
MAX_PARTS = 300
MAX_TEXT = 1024 * 1024
MAX_COPIED = 64 * 1024 * 1024
"""Bytes of encoded mails within mails that are decoded."""
PARTS_LEFT_OUT = "parts beyond the bounds of depth, number or size were left out"
TEXT_LEFT_OUT = "text beyond 1 MiB was left out"
_UNSAID = "application/octet-stream"
OUTLOOK = b"\xd0\xcf\x11\xe0"


class Message(msgspec.Struct):
    """A message as its reader meets it. Header names are in lower case, values decoded, in order.

    `text` is all plain text, of which `beside_html` stands as the alternative to HTML in the same mail.
    `links` are those of the HTML, and those that attachments, invites and codes in images lead to, which
    their origin tells. What is `attached_...` was found in attachments; their script runs when opened.
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
    attached_form: bool = False
    attached_password: bool = False
    attached_script: bool = False
    images: list[Image] = []
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

    @property
    def shape(self) -> Shape:
        """How much of it is text, images and links."""
        return shape_of(
            names={name for name, _ in self.headers},
            shown=self.html_text or self.text,
            hidden=self.hidden_text,
            html=self.html_text,
            plain=self.text,
            images=self.images,
            links=self.links,
            attached=[attachment.content_type for attachment in self.attachments],
        )

    def _as_seen(self) -> Normalised:
        if self.as_seen is None:
            plain = self.text.replace(self.beside_html, "", 1) if self.beside_html else self.text
            alternative = "\n".join(image.text for image in self.images if image.text)
            self.as_seen = put_together(
                self.subject, self.html_text, plain, self.beside_html or alternative, self.attached_text
            )
        return self.as_seen


def read_message(raw: bytes, *, aside: bool = True) -> Message:
    """A message from bytes of MIME or of an Outlook file.

    Raises InputError where there is no mail header, the message is larger than `MAX_RAW`, or an Outlook file
    cannot be read. With `aside` false PDFs and images are not looked into, and no process is started.
    """
    if len(raw) > MAX_RAW:
        raise InputError(f"message is larger than {MAX_RAW >> 20} MiB")
    reader = Aside()
    if raw.startswith(OUTLOOK):
        raw = _from_outlook(raw, reader)
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip()
    headers, start = split(raw)
    if not headers:
        raise InputError("no mail header in it")
    message = Message([(name, decoded_words(value)) for name, value in headers])
    _Walk(message, Opener(reader if aside else None)).whole(headers, Span(raw, start, len(raw)))
    return message


def _from_outlook(raw: bytes, reader: Aside) -> bytes:
    if find_spec("oxmsg") is None:
        hint = "pip install 'icelos[mail]'"
        raise InputError("an Outlook .msg file, and python-oxmsg is not installed", hint=hint)
    found = reader.read("outlook", raw)
    if found.error:
        raise InputError(f"an Outlook .msg file that {found.error}")
    return found.mail


class Span(NamedTuple):
    """A stretch of bytes that is not copied: parts lie within parts, and a mail may be large."""

    raw: bytes
    start: int
    end: int

    def head(self, most: int) -> bytes:
        """Its first bytes."""
        return self.raw[self.start : min(self.end, self.start + most)]

    def __len__(self) -> int:
        return self.end - self.start


class _Walk:
    """Walks the parts of one message and fills it."""

    def __init__(self, message: Message, opener: Opener) -> None:
        self.message = message
        self.parts = 0
        self.copied = MAX_COPIED
        self.room = MAX_TEXT
        self.opener = opener
        self.embedded: list[str] = []

    def whole(self, headers: RawHeaders, body: Span) -> None:
        """The message, and what its attachments hold."""
        self.part(headers, body, 0)
        for source in self.embedded:
            self.opener.image(unbase64(source.partition(",")[2].encode("ascii", "ignore")))
        self._take_in(self.opener.opened)

    def part(self, headers: RawHeaders, body: Span, depth: int) -> None:
        """One part and those in it."""
        self.parts += 1
        if self.parts > MAX_PARTS or depth > MAX_DEPTH:
            self._defect(PARTS_LEFT_OUT)
            return
        fields = content_fields(headers)
        kind = fields.get_content_type()
        if kind.startswith("multipart/"):
            self._several(
                body, parameter(fields, "boundary"), depth, alternative=kind.endswith("/alternative")
            )
        elif kind in {"message/rfc822", "message/global", "message/news"}:
            self._mail(body, fields, depth)
        else:
            self._leaf(fields, kind, body, depth)

    def _mail(self, body: Span, fields: Headers, depth: int) -> None:
        """A mail in a mail; one that is encoded is copied, which has a bound."""
        raw, start, end = body
        if transfer_encoding(fields) in {"base64", "quoted-printable"}:
            self.copied -= len(body)
            if self.copied < 0:
                self._defect(PARTS_LEFT_OUT)
                return
            raw = undone(raw[start:end], fields)
            start, end = 0, len(raw)
        while start < end and raw[start] in b"\r\n":
            start += 1
        headers, start = split(raw, start, end)
        self.part(headers, Span(raw, start, end), depth + 1)

    def _several(self, body: Span, boundary: str, depth: int, *, alternative: bool) -> None:
        """The parts of a multipart; where none can be told apart, what is there is read as text."""
        empty = True
        before, html_before = len(self.message.text), len(self.message.html_text)
        line = boundary.encode("utf-8", "replace")
        for start, end in pieces(body.raw, line, body.start, body.end) if boundary else ():
            empty = False
            if self.parts > MAX_PARTS:
                break
            headers, start = split_part(body.raw, start, end)
            self.part(headers, Span(body.raw, start, end), depth + 1)
        if alternative and len(self.message.html_text) > html_before and not self.message.beside_html:
            self.message.beside_html = self.message.text[before:]
        if empty and (text := body.head(4 * MAX_TEXT)).strip():
            self._defect("a multipart without its boundary was read as text")
            self._text(text, "text/plain", "")

    def _leaf(self, fields: Headers, kind: str, body: Span, depth: int) -> None:
        name = file_name(fields)
        disposition = str(fields.get("content-disposition") or "").strip().lower()
        attached = bool(name) or disposition.startswith("attachment")
        if kind in {"text/plain", "text/html"} and not attached:
            self._text(undone(body.head(4 * MAX_TEXT), fields), kind, parameter(fields, "charset"))
            return
        if kind == "text/calendar" and not attached:
            self._invite(undone(body.head(4 * MAX_TEXT), fields), parameter(fields, "charset"))
            return
        self._attached(name, kind, decoded(*body, fields), depth)

    def _attached(self, name: str, kind: str, part: Decoded, depth: int) -> None:
        """An attachment, and the mails and files in it."""
        self.message.attachments.append(self.opener.attachment(name, kind, part))
        opened = self.opener.opened
        mails, files = opened.mails, opened.files
        opened.mails, opened.files = [], []
        for mail in mails:
            whole = mail.lstrip()
            headers, start = split(whole)
            self.part(headers, Span(whole, start, len(whole)), depth + 1)
        for inner, data in files:
            self.parts += 1
            if self.parts <= MAX_PARTS and depth < MAX_DEPTH:
                self._attached(inner, _UNSAID, told(data), depth + 1)

    def _invite(self, data: bytes, charset: str) -> None:
        text, links = read_invite(decode_text(data, charset))
        self._say(text)
        self.message.links.extend(links)

    def _text(self, data: bytes, kind: str, charset: str) -> None:
        if kind == "text/plain":
            if b"\nbegin " in data or data.startswith(b"begin "):
                data, files = uuencoded(data)
                for name, content in files:
                    self._attached(name, "application/octet-stream", told(content), MAX_DEPTH - 1)
            self._say(decode_text(data[: self.room], charset or "utf-8"), len(data))
            return
        markup = read_markup(decode_text(data[: self.room], charset or declared_within(data)))
        self._used(len(data))
        message = self.message
        message.html_text += markup.text + "\n"
        message.hidden_text += markup.hidden
        message.links.extend(markup.links)
        message.images.extend(markup.images)
        message.has_form = message.has_form or markup.has_form
        message.asks_password = message.asks_password or markup.asks_password
        self.embedded.extend(markup.embedded)

    def _say(self, text: str, size: int = 0) -> None:
        self._used(size or len(text))
        self.message.text += text + "\n"

    def _used(self, size: int) -> None:
        if size > self.room:
            self._defect(TEXT_LEFT_OUT)
        self.room = max(0, self.room - size)

    def _take_in(self, opened: Opened) -> None:
        message = self.message
        message.attached_text = opened.text
        message.links.extend(opened.links[: max(0, MAX_LINKS - len(message.links))])
        message.attached_form = opened.has_form
        message.attached_password = opened.asks_password
        message.attached_script = opened.has_script

    def _defect(self, text: str) -> None:
        if text not in self.message.defects:
            self.message.defects.append(text)
