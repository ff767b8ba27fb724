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
"""The empty sender of bounces: an empty text would be none."""
_PATH = re.compile(r'\s*<(?:@[^:<>]{1,1000}:)?((?:"(?:[^"\\]|\\.)*"|[^"<>])*)>(?:\s+(.*))?$')
_BARE = re.compile(r"\s*([^\s<>]+)(?:\s+(.*))?$")
_OPTION = re.compile(r"([A-Za-z0-9-]{1,30})(=[!-~]{1,1000})?")
FORWARDED = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE")
_FORWARDED = re.compile(rf"({'|'.join(FORWARDED)})=([!-~]{{1,255}})")


class Mails(Protocol):
    """What the connection asks; the replies are what the client hears."""

    async def sender(self, address: str, options: list[str]) -> str:
        """A mail begins; "" is the sender of bounces. Names of options are in upper case."""
        ...

    async def recipient(self, address: str, options: list[str]) -> str:
        """One more who is to have it."""
        ...

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

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802 - aiosmtpd's way of naming commands
        """With XFORWARD. Delivery notices (DSN) are for the servers around us, so they are not offered."""
        if not hostname or self.session is None:
            await self.push("501 Syntax: EHLO hostname")
            return
        self._mails.end()
        self.envelope = self._create_envelope()
        self.session.host_name, self.session.extended_smtp = hostname, True
        offered = [self.hostname, f"SIZE {self._most}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
        lines = [f"250-{line}" for line in offered] + [f"250 XFORWARD {' '.join(FORWARDED)}"]
        await self.push("\r\n".join(lines))

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        """In place of aiosmtpd's, which knows few parameters, in capitals, and refuses odd addresses."""
        found = _path("FROM:", arg)
        if not self._greeted or self.envelope is None or self.envelope.mail_from:
            await self.push("503 5.5.1 Error: bad sequence of commands")
        elif found is None:
            await self.push("501 5.5.4 Syntax: MAIL FROM:<address>")
        elif _size(found[1], 0) > self._most:
            await self.push(TOO_LARGE)
        else:
            reply = await self._mails.sender(*found)
            if reply.startswith("2"):
                self.envelope.mail_from, self.envelope.mail_options = found[0] or NULL, found[1]
            await self.push(reply)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        """In place of aiosmtpd's, for the same reasons."""
        found = _path("TO:", arg)
        if self.envelope is None or not self.envelope.mail_from:
            await self.push("503 5.5.1 Error: need MAIL command")
        elif found is None:
            await self.push("501 5.5.4 Syntax: RCPT TO:<address>")
        else:
            reply = await self._mails.recipient(*found)
            if reply.startswith("2"):
                self.envelope.rcpt_tos.append(found[0])
            await self.push(reply)

    @property
    def _greeted(self) -> bool:
        return self.session is not None and bool(self.session.host_name)

    async def smtp_XFORWARD(self, arg: str | None) -> None:  # noqa: N802
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
            most = await self._mails.room(_size(envelope.mail_options, self._most))
        except TimeoutError:
            return BUSY
        await self.push(READY)
        message = await self._read(most)
        if message is None:
            return TOO_LARGE
        self._reset_timeout(2 * self._timeout_duration)  # the next server has its own time
        return await self._mails.take(message)

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


def _path(keyword: str, arg: str | None) -> tuple[str, list[str]] | None:
    """Address and parameters. What the next server takes is for it to say, so any path will do."""
    text = arg or ""
    if text[: len(keyword)].upper() != keyword:
        return None
    found = _PATH.match(text[len(keyword) :]) or _BARE.match(text[len(keyword) :])
    if found is None or not all(c.isprintable() or 0xDC80 <= ord(c) <= 0xDCFF for c in found[1]):
        return None
    options = [_OPTION.fullmatch(word) for word in (found[2] or "").split()]
    if not all(options):
        return None
    return found[1], [one[1].upper() + (one[2] or "") for one in options if one]


def _size(options: list[str], otherwise: int) -> int:
    """The size that the client said."""
    said = [option[5:] for option in options if option.startswith("SIZE=")]
    return int(said[0]) if said and said[0].isdigit() and len(said[0]) < 15 else otherwise


def _upper_names(text: str) -> list[str]:
    """Attributes with their names in upper case."""
    pairs = (word.partition("=") for word in text.split())
    return [f"{name.upper()}{separator}{value}" for name, separator, value in pairs]
