from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from icelos.jobs.mail.delivery.listening import Address, bound
from icelos.jobs.mail.delivery.next_hop import NextHop, Reply, Unreachable, stuffed, with_crlf


def against(script: list[bytes], check: Callable[[NextHop], Awaitable[None]]) -> bytes:
    """A server that sends one piece of the script at first and after each line, and an empty one to fall
    silent; what it was sent.
    """
    heard = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in script:
            writer.write(piece)
            if not piece:
                break
            heard.extend(await reader.readline())
        heard.extend(await reader.read())
        writer.close()

    async def talk(listening: socket.socket) -> None:
        hop = await NextHop.connect(Address("127.0.0.1", listening.getsockname()[1]), hello="us", seconds=0.5)
        try:
            await check(hop)
        finally:
            hop.leave()

    async def run() -> None:
        with bound(Address("127.0.0.1", 0)) as listening:
            listening.setblocking(False)
            talking = asyncio.create_task(talk(listening))
            connection, _ = await asyncio.get_running_loop().sock_accept(listening)
            reader, writer = await asyncio.open_connection(sock=connection)
            with suppress(ConnectionError):
                await serve(reader, writer)
            writer.close()
            await talking

    asyncio.run(run())
    return bytes(heard)


HELLO = [b"220 mx\r\n", b"250-mx\r\n250-SIZE 100\r\n250 8bitmime\r\n"]


def test_greeting_and_extensions() -> None:
    async def check(hop: NextHop) -> None:
        assert hop.extensions == {"SIZE": "100", "8BITMIME": ""}

    assert against(HELLO, check) == b"EHLO us\r\nQUIT\r\n"


def test_replies_are_handed_through() -> None:
    async def check(hop: NextHop) -> None:
        reply = await hop.command("RCPT TO:<é@b.c>")
        assert str(reply) == "550-5.1.1 no\r\n550 5.1.1 such user"
        assert not reply.good

    heard = against([*HELLO, b"550-5.1.1 no\r\n550 5.1.1 such user\r\n"], check)
    assert "RCPT TO:<é@b.c>\r\n".encode() in heard


def test_no_command_becomes_two() -> None:
    async def check(hop: NextHop) -> None:
        for line in ("MAIL FROM:<a>\r\nRCPT TO:<b>", "x\n", "x\ry"):
            with pytest.raises(ValueError, match="line end"):
                await hop.command(line)

    against(HELLO, check)


def test_a_message_is_sent_with_its_dots() -> None:
    async def check(hop: NextHop) -> None:
        assert (await hop.data(b"a: b\r\n\r\n.\r\nx")).code == 250

    script = [*HELLO, b"354 go\r\n250 ok\r\n"]
    assert b"DATA\r\na: b\r\n\r\n..\r\nx\r\n.\r\n" in against(script, check)


def test_data_that_is_refused_at_once() -> None:
    async def check(hop: NextHop) -> None:
        assert (await hop.data(b"x")).code == 554

    assert b"x" not in against([*HELLO, b"554 no\r\n"], check).partition(b"DATA")[2]


@pytest.mark.parametrize(
    "script",
    [
        [b"554 go away\r\n"], [b"nonsense\r\n"], [b"220 a\r\n", b"550 no\r\n"], [b"220-a\r\n" * 200],
        [b"220 " + b"x" * 200_000], [b""],
    ],
)  # fmt: skip
def test_what_is_no_mail_server(script: list[bytes]) -> None:
    with pytest.raises(Unreachable):
        against(script, lambda hop: asyncio.sleep(0))


def test_nobody_there() -> None:
    for address in (Address("127.0.0.1", 1), Address(path="/nowhere/x.sock")):
        with pytest.raises(Unreachable, match="cannot reach"):
            asyncio.run(NextHop.connect(address, hello="us", seconds=1.0))


def test_a_server_that_falls_silent() -> None:
    async def check(hop: NextHop) -> None:
        with pytest.raises(Unreachable, match="gone, or silent"):
            await hop.command("NOOP")

    against([*HELLO, b""], check)


def test_line_ends_leave_nothing_to_smuggle() -> None:
    raw = b"a\n.\nb\r.\rc\r\n.\r\n"
    sent = stuffed(with_crlf(raw))
    assert sent == b"a\r\n..\r\nb\r\n..\r\nc\r\n..\r\n"
    assert with_crlf(b"a\r\nb\r\n") == b"a\r\nb\r\n"


def test_a_reply_as_it_is_sent() -> None:
    assert str(Reply(250, ("ok",))) == "250 ok"
