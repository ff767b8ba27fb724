from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable

import pytest

from icelos.jobs.mail.delivery.smtp_session import Connection

Talk = Callable[[Callable[[socket.socket], Awaitable[None]], bytes], bytes]
START = b"EHLO us\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n"


class Taking:
    """Takes every mail, and remembers it."""

    def __init__(self, most: int = 1 << 20) -> None:
        self.taken: list[bytes] = []
        self.senders: list[tuple[str, list[str]]] = []
        self.ends = 0
        self.most = most
        self.connection: Connection | None = None

    async def sender(self, address: str, options: list[str]) -> str:
        self.senders.append((address, options))
        return "250 OK"

    async def recipient(self, address: str, options: list[str]) -> str:
        return "250 OK"

    async def room(self, declared: int) -> int:
        if not self.most:
            raise TimeoutError
        return min(self.most, declared)

    async def take(self, message: bytes) -> str:
        if b"defect" in message:
            raise KeyError("a defect")
        if b"last" in message and self.connection:
            self.connection.say_goodbye()
        self.taken.append(message)
        return "250 2.0.0 Ok"

    def end(self) -> None:
        self.ends += 1

    async def serve(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        _, made = await loop.connect_accepted_socket(
            lambda: Connection(self, hostname="us", message=1 << 20, seconds=2.0), connection
        )
        self.connection = made
        await made.ended.wait()


def test_a_mail_as_it_was_sent(talk: Talk) -> None:
    taking = Taking()
    answer = talk(taking.serve, START + b"a: b\r\n\r\n..\r\n.x\r\nbare\n.\nend\r\n.\r\nQUIT\r\n")
    assert taking.taken == [b"a: b\r\n\r\n.\r\nx\r\nbare\n.\nend\r\n"]
    assert answer.endswith(b"250 2.0.0 Ok\r\n221 Bye\r\n")


def test_long_lines_and_eight_bits(talk: Talk) -> None:
    taking = Taking()
    body = b"\xff\xfe" + b"x" * 300_000 + b"\r\n" + b"." + b"." * 200_000 + b"\r\n"
    talk(taking.serve, START + body + b".\r\n")
    assert taking.taken == [body.replace(b"\r\n..", b"\r\n.")]


def test_too_much_is_refused_and_the_next_mail_taken(talk: Talk) -> None:
    taking = Taking(most=1000)
    big = b"y" * 3_000_000 + b"\r\n.\r\n"
    again = START.partition(b"\r\n")[2] + b"small\r\n.\r\n"
    answer = talk(taking.serve, START + big + again)
    assert b"552 5.3.4" in answer
    assert taking.taken == [b"small\r\n"]


def test_without_room_a_mail_has_to_wait(talk: Talk) -> None:
    assert b"452 4.3.1" in talk(Taking(most=0).serve, START)


def test_an_error_of_ours_is_no_bounce(talk: Talk) -> None:
    taking = Taking()
    answer = talk(taking.serve, START + b"defect\r\n.\r\nNOOP\r\n")
    assert b"451 4.3.0 An error of the filter" in answer
    assert answer.endswith(b"250 OK\r\n")


@pytest.mark.parametrize(
    ("path", "good"),
    [
        (b"<a..b@example.com>", True), (b"<a.@docomo.example>", True), (b"<>", True), (b'<"a b"@x.y>', True),
        (b"<@relay:a@b.c>", True), (b"<\xc3\xa9@b.c>", True),
        (b"<a@b.c> SIZE=10 BODY=8BITMIME SMTPUTF8", True),
        (b"<a@b.c", False), (b"<a\x01@b.c>", False), (b'<"a@b.c>', False), (b"", False),
        (b"<a@b.c> ENVID=+x ret=HDRS", True), (b"<a@b.c> =1", False), (b"<a@b.c> SIZE=99999999999", False),
    ],
)  # fmt: skip
def test_paths_of_real_mail(talk: Talk, path: bytes, good: bool) -> None:
    answer = talk(Taking().serve, b"EHLO us\r\nMAIL FROM:" + path + b"\r\n").split(b"\r\n")[-2]
    assert answer.startswith(b"250" if good else b"5")


def test_parameters_keep_their_case(talk: Talk) -> None:
    taking = Taking()
    talk(taking.serve, b"EHLO us\r\nMAIL FROM:<> ret=HDRS EnvId=aBc\r\n")
    assert taking.senders == [("", ["RET=HDRS", "ENVID=aBc"])]


def test_commands_out_of_order(talk: Talk) -> None:
    for sent in (b"MAIL FROM:<a@b.c>\r\n", b"EHLO us\r\nRCPT TO:<a@b.c>\r\n", b"EHLO us\r\nDATA\r\n"):
        assert talk(Taking().serve, sent).split(b"\r\n")[-2].startswith(b"503 ")


def test_many_connections_do_not_share_limits(talk: Talk) -> None:
    long = b"<" + b"a" * 900 + b"@b.c>"
    talk(Taking().serve, b"EHLO us\r\n")
    assert talk(Taking().serve, b"EHLO us\r\nMAIL FROM:" + long + b"\r\n").endswith(b"250 OK\r\n")


def test_xforward(talk: Talk) -> None:
    taking = Taking()
    answer = talk(
        taking.serve, b"EHLO us\r\nXFORWARD name=spike.example addr=1.2.3.4\r\nXFORWARD PORT=99\r\n"
    )
    assert answer.endswith(b"250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n")
    assert taking.connection is not None
    assert taking.connection.forwarded == {"NAME": "spike.example", "ADDR": "1.2.3.4", "PORT": "99"}
    for bad in (b"", b" EVIL=1", b" NAME=a\x01b", b" NAME", b" NAME=" + b"x" * 300):
        assert b"501" in talk(Taking().serve, b"EHLO us\r\nXFORWARD" + bad + b"\r\n")


def test_goodbye_comes_after_the_mail_that_is_under_way(talk: Talk) -> None:
    taking = Taking()
    answer = talk(taking.serve, START + b"last\r\n.\r\nNOOP\r\n")
    assert answer.endswith(b"250 2.0.0 Ok\r\n421 4.3.2 Service is shutting down\r\n")
    assert taking.taken == [b"last\r\n"]


def test_who_says_nothing_is_cut_off() -> None:
    async def check() -> None:
        ours, theirs = socket.socketpair()
        taking = Taking()
        serving = asyncio.create_task(taking.serve(theirs))
        reader, writer = await asyncio.open_connection(sock=ours)
        writer.write(START + b"half a")
        start = time.monotonic()
        await asyncio.wait_for(reader.read(), 10)
        assert time.monotonic() - start < 5
        assert taking.taken == []
        writer.close()
        await serving

    asyncio.run(check())
