"""One client's connection to the SMTP filter, on aiosmtpd: commands, addresses, and DATA within bounds.

What is done with a mail is its handler's to say (`smtp_filter`). aiosmtpd is made lenient where a mail server
must be (odd addresses, long lines, 8-bit) and strict where it is not (memory, time, errors of ours).
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from typing import Protocol

from aiosmtpd.smtp import SMTP, Envelope

READY = "354 End data with <CR><LF>.<CR><LF>"
GOING = "421 4.3.2 Service is shutting down"
BUSY = "452 4.3.1 Too much mail is under way, try again later"
FAILED = "451 4.3.0 An error of the filter, try again later"
TOO_LARGE = "552 5.3.4 Message is larger than the filter takes"
NULL = "<>"
"""The empty sender of bounces, as aiosmtpd takes an empty text for none."""
_PATH = re.compile(r'\s*<(?:@[^:<>]{1,1000}:)?((?:"(?:[^"\\]|\\.)*"|[^"<>])*)>(?:\s+(.*))?$')
_BARE = re.compile(r"\s*([^\s<>]+)(?:\s+(.*))?$")
_FORWARDED = re.compile(r"(NAME|ADDR|PORT|PROTO|HELO|IDENT|SOURCE)=([!-~]{1,255})")


class Mails(Protocol):
    """What the connection asks; aiosmtpd asks its `handle_` methods too."""

    async def room(self, declared: int) -> int:
        """Bytes that the message may have. Raises TimeoutError where there is no room."""
        ...

    async def take(self, message: bytes) -> str:
        """The reply to a whole message."""
        ...

    def end(self) -> None:
        """The mail under way, if any, is over."""
        ...


class Connection(SMTP):
    """`stopping` asks it to end after the mail that is under way."""

    line_length_limit = 1 << 16

    def __init__(self, mails: Mails, *, hostname: str, message: int, seconds: float) -> None:
        super().__init__(
            mails, data_size_limit=message, enable_SMTPUTF8=True, hostname=hostname, ident="Icelos",
            timeout=seconds, loop=asyncio.get_running_loop(),
        )  # fmt: skip
        self.command_size_limits = defaultdict(lambda: 4096)  # the class's own is one for all connections
        self.ended = asyncio.Event()
        self.forwarded: dict[str, str] = {}
        self.stopping = False
        self._mails = mails
        self._most = message
        self._in_data = False

    def say_goodbye(self) -> None:
        """At once, or after the mail that is under way."""
        self.stopping = True
        if not self._in_data and self.transport is not None:
            self._writer.write(GOING.encode("ascii") + b"\r\n")
            self._writer.close()

    def cut_off(self) -> None:
        """At once, whatever is under way."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._mails.end()
        self.ended.set()

    async def handle_exception(self, error: Exception) -> str:
        """An error of ours must not bounce a mail, as aiosmtpd's 500 would."""
        self._mails.end()
        await super().handle_exception(error)
        return FAILED

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Address and parameters. What the next server takes is for it to say, so any path will do."""
        found = _PATH.match(arg) or _BARE.match(arg)
        if found is None or not all(c.isprintable() or 0xDC80 <= ord(c) <= 0xDCFF for c in found[1]):
            return None, None
        return found[1] or NULL, found[2] or ""

    async def smtp_XFORWARD(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's way of naming commands
        """Who the mail came from at first, told by the server before us (Postfix, XFORWARD_README)."""
        words = [_FORWARDED.fullmatch(word) for word in _upper_names(arg or "")]
        if not words or not all(words):
            await self.push("501 5.5.4 Bad XFORWARD attribute")
            return
        self.forwarded.update({word[1]: word[2] for word in words if word})
        await self.push("250 2.0.0 Ok")

    async def smtp_RSET(self, arg: str) -> None:  # noqa: N802
        self._mails.end()
        await super().smtp_RSET(arg)

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        """In place of aiosmtpd's, which keeps a line in memory however long it is."""
        if arg or self.envelope is None or not self.envelope.rcpt_tos:
            await self.push("501 Syntax: DATA" if arg else "503 5.5.1 Error: need RCPT command")
            return
        self._in_data = True
        try:
            await self.push(await self._data(self.envelope))
        finally:
            self._in_data = False
            self._mails.end()
            self.forwarded.clear()
            self.envelope = self._create_envelope()
        if self.stopping:
            self.say_goodbye()

    async def _data(self, envelope: Envelope) -> str:
        try:
            most = await self._mails.room(self._declared(envelope))
        except TimeoutError:
            return BUSY
        await self.push(READY)
        message = await self._read(most)
        if message is None:
            return TOO_LARGE
        self._reset_timeout(2 * self._timeout_duration)  # the next server has its own time
        return await self._mails.take(message)

    def _declared(self, envelope: Envelope) -> int:
        """The size that the client said, or the most."""
        for option in envelope.mail_options:
            if option.startswith("SIZE=") and option[5:].isdigit():
                return min(int(option[5:]), self._most)
        return self._most

    async def _read(self, most: int) -> bytes | None:
        """Up to the lone dot; None where there was more than `most`. Only CRLF ends a line."""
        data = bytearray()
        whole = at_start = True
        while True:
            try:
                line = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as error:
                line = await self._reader.readexactly(error.consumed)
            if at_start and line.startswith(b"."):
                if line == b".\r\n":
                    return bytes(data) if whole else None
                line = line[1:]
            at_start = line.endswith(b"\r\n")
            whole = whole and len(data) + len(line) <= most
            if whole:
                data += line
            else:
                data.clear()


def _upper_names(text: str) -> list[str]:
    """Attributes with their names in upper case."""
    pairs = (word.partition("=") for word in text.split())
    return [f"{name.upper()}{separator}{value}" for name, separator, value in pairs]
