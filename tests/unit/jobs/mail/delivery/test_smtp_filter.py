from __future__ import annotations

import asyncio
import smtplib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from aiosmtpd import smtp
from aiosmtpd.controller import Controller

from icelos.jobs.mail.delivery.listening import Address, Allowed, Listener, Room, bound
from icelos.jobs.mail.delivery.policy import Action, OnError, Policy
from icelos.jobs.mail.delivery.pool import Judging
from icelos.jobs.mail.delivery.quarantine import Held
from icelos.jobs.mail.delivery.smtp_filter import Filter, Relay


class Box:
    """The next mail server: takes mail, but not for nobody@, and not with "refuse me"."""

    def __init__(self) -> None:
        self.got: list[Any] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if b"refuse me" in envelope.content:
            return "554 5.7.0 not that"
        self.got.append(envelope)
        return "250 2.0.0 queued as 77"


class Plain(Controller):
    def factory(self) -> smtp.SMTP:
        return smtp.SMTP(self.handler, enable_SMTPUTF8=True, hostname="next")


@pytest.fixture
def box() -> Iterator[Any]:
    handler = Box()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Plain(handler, hostname="127.0.0.1", port=port)
    controller.start()
    handler.port = port  # type: ignore[attr-defined]
    yield handler
    controller.stop()


@contextmanager
def filtering(judging: Judging, policy: Policy, next_port: int, keep: Callable[[Held], str]) -> Iterator[int]:
    ready, port = threading.Event(), 0
    loop = asyncio.new_event_loop()
    ended: asyncio.Event = asyncio.Event()

    async def run() -> None:
        nonlocal port
        relay = Relay(
            next_hop=Address("127.0.0.1", next_port), hostname="filter", message=1 << 20, seconds=5.0
        )
        shared = Filter(judging, policy, Room(1 << 22), relay, keep)
        listening = bound(Address("127.0.0.1", 0))
        port = listening.getsockname()[1]
        listener = Listener(listening, shared.serve, most=9, allowed=Allowed(["127.0.0.1"]))
        listener.start()
        ready.set()
        await ended.wait()
        stopping = asyncio.create_task(listener.stop(grace_s=2))
        shared.stop()
        await stopping

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()


def no_keep(held: Held) -> str:
    raise AssertionError("not to be kept")


def letter(words: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.com", "d@example.org", "x"
    mail["X-Spam-Flag"] = "NO"
    mail.set_content(f"{words}\n.\nend\n")
    return mail.as_bytes(policy=SMTP)


def send(port: int, words: str, to: tuple[str, ...] = ("d@example.org",), **more: Any) -> str:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as server:
        try:
            refused = server.sendmail("a@example.com", to, letter(words), **more)
        except smtplib.SMTPResponseException as error:
            return f"{error.smtp_code} {error.smtp_error!r}"
        except smtplib.SMTPRecipientsRefused as error:
            refused = error.recipients
        return repr(refused)


def test_mail_goes_on_with_headers_and_the_same_body(by_words: Judging, box: Any) -> None:
    with filtering(by_words, Policy(), box.port, no_keep) as port:
        assert send(port, "a lure") == "{}"
    (envelope,) = box.got
    assert (envelope.mail_from, envelope.rcpt_tos) == ("a@example.com", ["d@example.org"])
    assert envelope.content.startswith(b"X-Spam-Flag: YES\r\n")
    assert b"X-Spam-Flag: NO" not in envelope.content
    assert envelope.content.endswith(b"\r\n\r\na lure\r\n.\r\nend\r\n")


def test_recipients_that_the_next_server_refuses_are_refused(by_words: Judging, box: Any) -> None:
    with filtering(by_words, Policy(), box.port, no_keep) as port:
        refused = send(port, "x", ("nobody@example.org", "d@example.org"))
        assert "5.1.1 no such user" in refused
        assert "5.1.1" in send(port, "x", ("nobody@example.org",))
    assert [envelope.rcpt_tos for envelope in box.got] == [["d@example.org"]]


def test_nothing_is_accepted_that_the_next_server_did_not_take(by_words: Judging, box: Any) -> None:
    with filtering(by_words, Policy(), box.port, no_keep) as port:
        assert send(port, "refuse me").startswith("554 ")
    with filtering(by_words, Policy(), 1, no_keep) as port:
        assert send(port, "x").startswith("451 ")


def test_quarantine_holds_the_mail_as_it_came(by_words: Judging, box: Any) -> None:
    kept: list[Held] = []

    def keep(held: Held) -> str:
        kept.append(held)
        return "id7"

    with filtering(by_words, Policy(on_alert=Action.QUARANTINE), box.port, keep) as port:
        assert send(port, "a lure") == "{}"
        assert send(port, "plain") == "{}"
    assert len(box.got) == 1
    assert (kept[0].sender, kept[0].recipients) == ("a@example.com", ("d@example.org",))
    assert b"X-Spam-Flag: NO\r\n" in kept[0].raw


def test_what_cannot_be_kept_is_not_accepted(by_words: Judging, box: Any) -> None:
    def keep(held: Held) -> str:
        raise OSError("full")

    with filtering(by_words, Policy(on_alert=Action.QUARANTINE), box.port, keep) as port:
        assert send(port, "a lure").startswith("451 ")


def test_reject(by_words: Judging, box: Any) -> None:
    with filtering(by_words, Policy(on_alert=Action.REJECT), box.port, no_keep) as port:
        assert send(port, "a lure").startswith("550 ")
    assert box.got == []


def test_fail_open_and_fail_closed(by_words: Judging, box: Any) -> None:
    with filtering(by_words, Policy(), box.port, no_keep) as port:
        assert send(port, "crash") == "{}"
    assert box.got[0].content.startswith(b"X-Icelos-Error: the judge crashed X-Spam-Flag: YES\r\n")
    with filtering(by_words, Policy(), box.port, no_keep) as port:
        assert send(port, "flood").startswith("451 ")  # who floods does not get past
    with filtering(by_words, Policy(on_error=OnError.DEFER), box.port, no_keep) as port:
        assert send(port, "crash").startswith("451 ")
    assert len(box.got) == 1


def test_parameters_go_on(by_words: Judging, box: Any) -> None:
    with filtering(by_words, Policy(), box.port, no_keep) as port:
        options = ["BODY=8BITMIME", "SMTPUTF8"]
        assert send(port, "x", ("é@example.org",), mail_options=options) == "{}"
        assert send(port, "x", mail_options=["RET=HDRS"], rcpt_options=["NOTIFY=NEVER"]) == "{}"
        assert send(port, "x", mail_options=["EVIL=1"]).startswith("555 ")
    assert box.got[0].rcpt_tos == ["é@example.org"]
    assert "BODY=8BITMIME" in box.got[0].mail_options
    assert len(box.got) == 2  # what the next server does not know is left out


def test_one_connection_brings_several_mails(by_words: Judging, box: Any) -> None:
    with (
        filtering(by_words, Policy(), box.port, no_keep) as port,
        smtplib.SMTP("127.0.0.1", port, timeout=10) as server,
    ):
        for number in range(5):
            server.sendmail("" if number == 3 else "a@b.c", ["d@e.f"], letter(f"mail {number}"))
        server.mail("a@b.c")
        server.rset()
        server.sendmail("a@b.c", ["d@e.f"], letter("last"))
    assert len(box.got) == 6


def test_who_waits_hears_goodbye(by_words: Judging, box: Any) -> None:
    with filtering(by_words, Policy(), box.port, no_keep) as port:
        server = smtplib.SMTP("127.0.0.1", port, timeout=10)
        server.ehlo()
    with pytest.raises(smtplib.SMTPException, match=r"421|disconnected|closed"):
        server.sendmail("a@b.c", ["d@e.f"], letter("x"))
    server.close()
