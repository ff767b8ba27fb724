from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from icelos.jobs.mail.delivery.listening import Room
from icelos.jobs.mail.delivery.outbox import Told
from icelos.jobs.mail.delivery.policy import OnError, Policy
from icelos.jobs.mail.delivery.spamd import Bounds, Spamd

if TYPE_CHECKING:
    from icelos.jobs.mail.delivery.pool import Judging

Talk = Callable[[Callable[[socket.socket], Awaitable[None]], bytes], bytes]
LURE = b"From: a@b.c\r\nX-Spam-Flag: NO\r\nSubject: x\r\n\r\nlure\r\n"


def spamd(judging: Judging, policy: Policy = Policy(), **more: object) -> Spamd:  # noqa: B008 - frozen
    return Spamd(judging, policy, Room(1 << 20), Bounds(message=1 << 16, seconds=1.0), **more)  # type: ignore[arg-type]


def request(method: str, raw: bytes = LURE, more: bytes = b"") -> bytes:
    return b"%s SPAMC/1.5\r\nContent-length: %d\r\n%s\r\n%s" % (method.encode("ascii"), len(raw), more, raw)


def test_check(by_words: Judging, talk: Talk) -> None:
    assert talk(spamd(by_words).serve, request("CHECK")) == (
        b"SPAMD/1.1 0 EX_OK\r\nSpam: True ; 10.00 / 5.0\r\n\r\n"
    )
    assert b"Spam: False ; 0.00 / 5.0" in talk(spamd(by_words).serve, request("CHECK", b"From: a@b.c\n\nx"))


def test_process_and_headers(by_words: Judging, talk: Talk) -> None:
    whole = talk(spamd(by_words).serve, request("PROCESS")).partition(b"\r\n\r\n")[2]
    assert whole.startswith(b"X-Spam-Flag: YES\r\n")
    assert whole.endswith(b"From: a@b.c\r\nSubject: x\r\n\r\nlure\r\n")
    head = talk(spamd(by_words).serve, request("HEADERS")).partition(b"\r\n\r\n")[2]
    assert whole == head + b"lure\r\n"


def test_symbols_and_reports(by_words: Judging, talk: Talk) -> None:
    server = spamd(by_words)
    assert talk(server.serve, request("SYMBOLS")).endswith(b"\r\n\r\nSIGN_0,SIGN_1")
    assert b"SIGN_1" in talk(server.serve, request("REPORT"))
    assert b"SIGN_1" in talk(server.serve, request("REPORT_IFSPAM"))
    clean = talk(server.serve, request("REPORT_IFSPAM", b"From: a@b.c\n\nx"))
    assert clean == b"SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\nSpam: No ; 0.00 / 5.0\r\n\r\n"


def test_ping_and_skip(by_words: Judging, talk: Talk) -> None:
    assert talk(spamd(by_words).serve, b"PING SPAMC/1.5\r\n\r\n") == b"SPAMD/1.5 0 PONG\r\n"
    assert talk(spamd(by_words).serve, b"SKIP SPAMC/1.5\r\n\r\n") == b""


def test_tell_is_feedback_where_it_is_allowed(by_words: Judging, talk: Talk) -> None:
    told: list[Told] = []
    server = spamd(by_words, tell=told.append)
    answer = talk(server.serve, request("TELL", more=b"Message-class: spam\r\nSet: local\r\nUser: ann\r\n"))
    assert answer == b"SPAMD/1.1 0 EX_OK\r\nDidSet: local\r\n\r\n\r\n"
    talk(server.serve, request("TELL", more=b"Remove: local\r\n"))
    assert told == [Told(LURE, True, "ann"), Told(LURE, None)]
    both = request("TELL", more=b"Set: local\r\nRemove: local\r\n")
    assert b"76 Bad header line: Unable to set local and remove local" in talk(server.serve, both)
    assert b"69 Service Unavailable: TELL commands are not enabled" in talk(
        spamd(by_words).serve, request("TELL")
    )
    assert talk(server.serve, request("TELL", more=b"Set: remote\r\n")) == b"SPAMD/1.1 0 EX_OK\r\n\r\n\r\n"


def test_what_cannot_be_kept_is_not_called_kept(by_words: Judging, talk: Talk) -> None:
    def tell(told: Told) -> None:
        raise OSError("full")

    server = spamd(by_words, tell=tell)
    assert b"69 Service Unavailable" in talk(server.serve, request("TELL", more=b"Set: local\r\n"))


def test_failing_open_gives_the_mail_back_with_the_reason(by_words: Judging, talk: Talk) -> None:
    answer = talk(spamd(by_words).serve, request("PROCESS", b"From: a@b.c\n\ncrash"))
    head, _, mail = answer.partition(b"\r\n\r\n")
    assert b"Spam: False" in head
    assert mail == b"X-Icelos-Error: the judge crashed X-Spam-Flag: YES\nFrom: a@b.c\n\ncrash"
    answer = talk(spamd(by_words).serve, request("CHECK", b"From: a@b.c\n\ncrash"))
    assert answer.startswith(b"SPAMD/1.0 75 Temporary failure: the judge crashed")
    assert answer.count(b"SPAMD") == 1


def test_failing_closed_leaves_it_to_the_client(by_words: Judging, talk: Talk) -> None:
    server = spamd(by_words, Policy(on_error=OnError.DEFER))
    assert talk(server.serve, request("PROCESS", b"From: a@b.c\n\ncrash")).startswith(b"SPAMD/1.0 75 ")
    assert talk(spamd(by_words).serve, request("PROCESS", b"From: a@b.c\n\nflood")).startswith(
        b"SPAMD/1.0 75 "
    )


def test_a_slow_client_is_told_and_left(by_words: Judging) -> None:
    async def check(sent: bytes) -> bytes:
        ours, theirs = socket.socketpair()
        serving = asyncio.create_task(spamd(by_words).serve(theirs))
        reader, writer = await asyncio.open_connection(sock=ours)
        writer.write(sent)
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await serving
        return answer

    for sent in (b"CHECK SPA", request("CHECK")[:-3]):
        assert asyncio.run(check(sent)).startswith(b"SPAMD/1.0 79 Timeout: (1 second timeout")


@pytest.mark.parametrize("sent", [b"", b"\0" * 100, b"CHECK SPAMC/9.9\r\n\r\n", b"CHECK SPAMC/\r\n\r\n\n\n"])
def test_odd_requests_have_an_answer(by_words: Judging, talk: Talk, sent: bytes) -> None:
    assert talk(spamd(by_words).serve, sent).startswith(b"SPAMD/1.")
