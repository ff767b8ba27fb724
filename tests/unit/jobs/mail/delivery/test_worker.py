from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import msgspec
import pytest

from icelos.errors import InputError
from icelos.jobs.mail.delivery.policy import Policy
from icelos.jobs.mail.delivery.worker import LENGTH, Answer, Orders, receive, serve
from icelos.jobs.mail.judge import Judgement
from icelos.settings import MailSettings

ORDERS = Orders(judge="x:y", settings=MailSettings(), policy=Policy(), deadline_s=5.0, memory_mib=0)


class Judges:
    def __init__(self, judgement: Judgement) -> None:
        self._judgement = judgement

    def judge(self, raw: bytes) -> Judgement:
        if raw == b"refused":
            raise InputError("no mail header in it")
        if raw == b"broken":
            raise ValueError("words of the mail")
        if raw == b"odd":
            return msgspec.structs.replace(self._judgement, sentence="\ud800")
        return self._judgement


@pytest.fixture
def ask(made: Callable[..., Judgement], monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], Answer]:
    """One mail to a worker that runs in a thread here, where it may set no signals."""
    monkeypatch.setattr("icelos.jobs.mail.delivery.worker.signal.signal", lambda *_: None)
    monkeypatch.setattr("icelos.jobs.mail.delivery.worker.signal.setitimer", lambda *_: None)

    def one(raw: bytes) -> Answer:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            thread = threading.Thread(target=serve, args=(theirs, Judges(made(5.0)), ORDERS))
            thread.start()
            ours.sendall(LENGTH.pack(len(raw)) + raw)
            data = receive(ours)
            ours.shutdown(socket.SHUT_RDWR)
            thread.join(5)
        assert data is not None
        return msgspec.json.decode(data, type=Answer)

    return one


def test_a_judgement_comes_back_whole(ask: Callable[[bytes], Answer], made: Callable[..., Judgement]) -> None:
    assert ask(b"mail") == Answer(made(5.0))
    assert ask(b"x" * 300_000).judgement is not None


def test_an_error_is_one_mails_failure(ask: Callable[[bytes], Answer]) -> None:
    assert ask(b"refused").error == "InputError: no mail header in it"
    assert ask(b"broken").error == "ValueError"  # its text could hold the mail's words
    assert ask(b"odd").error == "UnicodeEncodeError"


def test_a_frame_that_ends_early_is_the_end() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.sendall(LENGTH.pack(10) + b"abc")
        ours.close()
        assert receive(theirs) is None
