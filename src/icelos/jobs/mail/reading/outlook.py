"""Outlook's .msg files (MS-OXMSG) as MIME. Runs in the process of `aside`; needs the extra "mail".

The headers are those that came with the mail, where they were kept, without what they say of its content.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

from icelos.data.parse.mime import decode_text
from icelos.errors import MissingExtra
from icelos.jobs.mail.reading.rich_text import html_of, unpacked

MAX_DEPTH = 4
MAX_ATTACHMENTS = 100
MAX_ATTACHED = 16 * 1024 * 1024
"""Bytes of attachments that are carried over."""
_SUBJECT, _BODY, _HTML, _RICH, _HEADERS = 0x0037, 0x1000, 0x1013, 0x1009, 0x007D
_SENDER, _ADDRESS, _SMTP, _SENT_BY, _SENT_SMTP, _TO = 0x0C1A, 0x0C1F, 0x5D01, 0x0042, 0x5D02, 0x0E04
_CODEPAGE, _FILE, _SHORT_FILE, _TYPE, _DATA = 0x3FDE, 0x3707, 0x3704, 0x370E, 0x3701
_CONTENT_ID = 0x3712
_OWN = re.compile(r"^(?:content-|mime-version)", re.IGNORECASE)


def outlook_mail(data: bytes) -> bytes:
    """The mail as MIME. Raises MissingExtra, or what the library raises for what it cannot read."""
    try:
        from olefile import OleFileIO  # type: ignore[import-untyped]
        from oxmsg.storage import Storage
    except ImportError as error:
        raise MissingExtra("python-oxmsg", extra="mail") from error
    with OleFileIO(data) as file:
        root = Storage.from_ole(file)
    return _Mail(root).written(0, [MAX_ATTACHED])


class _Mail:
    """One storage of the file: the mail itself, or one attached to it."""

    def __init__(self, storage: Any) -> None:
        self._storage = storage
        self._streams = {stream.name.upper(): stream.bytes_ for stream in storage.streams}

    def written(self, depth: int, room: list[int]) -> bytes:
        """The mail as bytes of MIME; `room` is how many bytes attachments may still take."""
        boundary = f"icelos-outlook-{depth}"
        head = [
            *self._headers(),
            "MIME-Version: 1.0",
            f'Content-Type: multipart/mixed; boundary="{boundary}"',
        ]
        parts = [*self._texts(depth), *self._attachments(depth, room)]
        line = f"--{boundary}".encode()
        body = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts)
        return "\r\n".join(head).encode("utf-8", "replace") + b"\r\n\r\n" + body + line + b"--\r\n"

    def _headers(self) -> Iterator[str]:
        """Transport headers without those of the content; what they lack is told by the properties."""
        names: set[str] = set()
        for header in re.split(r"\r?\n(?![ \t])", self._text(_HEADERS)[:262_144]):
            name, colon, _ = header.partition(":")
            if colon and re.fullmatch(r"[!-9;-~]{1,120}", name) and not _OWN.match(name):
                names.add(name.lower())
                yield header.replace("\0", "")
        sender = self._text(_SENT_SMTP) or self._text(_SMTP) or self._text(_ADDRESS)
        shown = self._text(_SENT_BY) or self._text(_SENDER)
        told = {
            "From": f'"{shown}" <{sender}>' if shown else sender,
            "To": self._text(_TO),
            "Subject": self._text(_SUBJECT),
        }
        for name, value in told.items():
            if name.lower() not in names and value:
                yield f"{name}: {' '.join(value.split())[:2000]}"

    def _texts(self, depth: int) -> Iterator[bytes]:
        """Plain text and HTML, as alternatives."""
        html, plain = self._html(), self._text(_BODY)
        parts = [_part("text/plain", plain.encode("utf-8", "replace"))] if plain else []
        if html:
            parts.append(_part("text/html", html))
        if len(parts) == 1:
            yield parts[0]
        elif parts:
            line = f"--icelos-texts-{depth}".encode()
            head = f'Content-Type: multipart/alternative; boundary="icelos-texts-{depth}"\r\n\r\n'.encode()
            yield head + b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"

    def _html(self) -> bytes:
        """HTML by itself, or as it is wrapped in rich text."""
        if raw := self._bytes(_HTML):
            return _as_utf_8(raw, self._codepage())
        if text := self._text(_HTML):
            return text.encode("utf-8", "replace")
        packed = self._bytes(_RICH)
        return html_of(unpacked(packed)).encode("utf-8", "replace") if packed else b""

    def _attachments(self, depth: int, room: list[int]) -> Iterator[bytes]:
        held = (s for s in self._storage.storages if s.name.startswith("__attach_version1.0_#"))
        for number, storage in enumerate(held):
            if number >= MAX_ATTACHMENTS:
                return
            inner = _Mail(storage)
            mail = next(
                (s for s in storage.storages if s.name.upper().startswith("__SUBSTG1.0_3701000D")), None
            )
            if mail is not None:
                if depth < MAX_DEPTH:
                    yield b"Content-Type: message/rfc822\r\n\r\n" + _Mail(mail).written(depth + 1, room)
                continue
            data = inner._bytes(_DATA)[: max(0, room[0])]
            room[0] -= len(data)
            yield inner._attached(data)

    def _attached(self, data: bytes) -> bytes:
        name = self._text(_FILE) or self._text(_SHORT_FILE) or "attachment"
        kind = self._text(_TYPE)
        kind = kind if re.fullmatch(r"[\w.+-]{1,60}/[\w.+-]{1,100}", kind) else "application/octet-stream"
        encoded = base64.b64encode(name[:300].encode("utf-8", "replace")).decode()
        identifier = "".join(c for c in self._text(_CONTENT_ID)[:200] if c.isprintable())
        return _part(
            kind, data, f'Content-Disposition: attachment; filename="=?utf-8?B?{encoded}?="',
            *([f"Content-ID: <{identifier}>"] if identifier else []),
        )  # fmt: skip

    # ---- properties, each a stream named by its number and type

    def _bytes(self, number: int) -> bytes:
        return bytes(self._streams.get(f"__SUBSTG1.0_{number:04X}0102", b""))

    def _text(self, number: int) -> str:
        if (wide := self._streams.get(f"__SUBSTG1.0_{number:04X}001F")) is not None:
            return str(wide.decode("utf-16-le", "replace")).rstrip("\0")
        narrow = self._streams.get(f"__SUBSTG1.0_{number:04X}001E", b"")
        return _as_utf_8(narrow, self._codepage()).decode("utf-8", "replace").rstrip("\0")

    def _codepage(self) -> int:
        """The code page of narrow text, from the property stream; entries are 16 bytes each."""
        fixed = self._streams.get("__PROPERTIES_VERSION1.0", b"")
        for header in (32, 24, 8):
            for place in range(header, min(len(fixed), 8192) - 15, 16):
                if fixed[place : place + 4] == b"\x03\x00\xde\x3f":
                    return int.from_bytes(fixed[place + 8 : place + 12], "little")
        return 0


def _as_utf_8(data: bytes, codepage: int) -> bytes:
    names = {65001: "utf-8", 20127: "ascii", 28591: "iso8859-1", 50220: "iso2022_jp", 20866: "koi8-r"}
    charset = names.get(codepage, f"cp{codepage}" if 0 < codepage < 70_000 else "")
    return decode_text(data, charset).encode("utf-8", "replace")


def _part(kind: str, data: bytes, *headers: str) -> bytes:
    charset = "; charset=utf-8" if kind.startswith("text/") else ""
    head = [f"Content-Type: {kind}{charset}", "Content-Transfer-Encoding: base64", *headers]
    return "\r\n".join(head).encode("ascii", "replace") + b"\r\n\r\n" + base64.encodebytes(data)
