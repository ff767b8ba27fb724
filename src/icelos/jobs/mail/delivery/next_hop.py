"""A client of the next mail server, one connection for each mail that comes in.

Its replies are handed through as they are: what the next server refuses is refused, and nothing is called
accepted before it said so.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine, Sequence

import msgspec

from icelos.jobs.mail.delivery.listening import Address

_MAX_LINES = 100
_REPLY = re.compile(rb"(\d{3})([ -]?)(.{0,900})")


class Unreachable(Exception):
    """The next server cannot be reached, is silent, or does not talk SMTP."""


class Reply(msgspec.Struct, frozen=True):
    """A reply's code and the text of its lines."""

    code: int
    lines: tuple[str, ...]

    @property
    def good(self) -> bool:
        return 200 <= self.code < 400

    def __str__(self) -> str:
        """As a server sends it, without the last line end."""
        most = len(self.lines) - 1
        return "\r\n".join(f"{self.code}{'-' if n < most else ' '}{t}" for n, t in enumerate(self.lines))


class NextHop:
    """One connection. Every method raises Unreachable."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
        self._reader = reader
        self._writer = writer
        self._seconds = seconds
        self.extensions: dict[str, str] = {}

    @classmethod
    async def connect(cls, address: Address, *, hello: str, seconds: float) -> NextHop:
        """Connected and greeted."""
        opening = (
            asyncio.open_unix_connection(address.path)
            if address.path
            else asyncio.open_connection(address.host, address.port)
        )
        try:
            reader, writer = await asyncio.wait_for(opening, seconds)
        except (OSError, TimeoutError) as error:
            raise Unreachable(f"cannot reach the next server at {address}") from error
        hop = cls(reader, writer, seconds)
        try:
            await hop._greet(hello)
        except BaseException:
            hop.leave()
            raise
        return hop

    async def _greet(self, hello: str) -> None:
        banner = await self._within(self._read())
        reply = await self.command(f"EHLO {hello}") if banner.good else banner
        if not reply.good:
            raise Unreachable(f"the next server answers {reply.code}")
        words = [line.partition(" ") for line in reply.lines[1:]]
        self.extensions = {name.upper(): rest for name, _, rest in words}

    async def command(self, line: str) -> Reply:
        """Raises ValueError for a line that would be two."""
        data = line.encode("utf-8", "surrogateescape")
        if b"\r" in data or b"\n" in data:
            raise ValueError("line end within a command")
        return await self._within(self._exchange([data, b"\r\n"]))

    async def data(self, message: bytes) -> Reply:
        """The whole of DATA: the reply to the message, or to the command where that is refused."""
        ready = await self.command("DATA")
        if ready.code != 354:
            return ready
        end = b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n"
        return await self._within(self._exchange([stuffed(message), end]))

    def leave(self) -> None:
        """A polite end; how the other side takes it does not matter."""
        if not self._writer.is_closing():
            self._writer.write(b"QUIT\r\n")
        self._writer.close()

    async def _exchange(self, pieces: Sequence[bytes]) -> Reply:
        self._writer.writelines(pieces)
        await self._writer.drain()
        return await self._read()

    async def _within(self, coroutine: Coroutine[None, None, Reply]) -> Reply:
        try:
            return await asyncio.wait_for(coroutine, self._seconds)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise Unreachable("the next server is gone, or silent") from error

    async def _read(self) -> Reply:
        lines: list[str] = []
        for _ in range(_MAX_LINES):
            found = _REPLY.match((await self._reader.readuntil(b"\n")).rstrip(b"\r\n"))
            if found is None:
                break
            lines.append(_shown(found[3]))
            if found[2] != b"-":
                return Reply(int(found[1]), tuple(lines))
        raise Unreachable("the next server does not talk SMTP")


def _shown(text: bytes) -> str:
    return "".join(c if c.isprintable() else "?" for c in text.decode("utf-8", "replace"))


_DOT = re.compile(rb"^\.", re.MULTILINE)


def stuffed(message: bytes) -> bytes:
    """Dots at the start of lines doubled (RFC 5321, 4.5.2)."""
    return _DOT.sub(b"..", message)


_LONE = re.compile(rb"(?<!\r)\n|\r(?!\n)")


def with_crlf(message: bytes) -> bytes:
    """Every line end as CRLF. A lone CR or LF means an end to some servers and none to others, which is how
    one mail becomes two ("SMTP smuggling"); after this there are none.
    """
    return _LONE.sub(b"\r\n", message) if _LONE.search(message) else message
