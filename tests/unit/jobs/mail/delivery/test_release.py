from __future__ import annotations

import smtplib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from icelos.errors import RunError
from icelos.jobs.mail.delivery.listening import Address
from icelos.jobs.mail.delivery.outbox import Told
from icelos.jobs.mail.delivery.quarantine import HELD, Entry, Held, Quarantine
from icelos.jobs.mail.delivery.release import release, report_false, to_file, to_folder, to_server
from icelos.jobs.mail.judge import Judgement

RAW = b"From: a@b.c\nX-Icelos-Released: forged\n\nbody\n"


@pytest.fixture
def kept(tmp_path: Path, made: Callable[..., Judgement]) -> tuple[Quarantine, Entry]:
    quarantine = Quarantine(tmp_path / "q")
    quarantine.keep(Held(raw=RAW, sender="a@b.c", recipients=("d@e.f",), judgement=made(9.0)))
    return quarantine, quarantine.entries()[0]


def test_to_a_maildir_or_a_file(tmp_path: Path, kept: tuple[Quarantine, Entry]) -> None:
    quarantine, entry = kept
    release(quarantine, entry, to_folder(tmp_path / "box"))
    (path,) = (tmp_path / "box" / "new").iterdir()
    assert path.read_bytes() == f"X-Icelos-Released: {entry.id} alert\nFrom: a@b.c\n\nbody\n".encode()
    assert quarantine.entries() == []
    release(quarantine, entry, to_file(tmp_path / "mail.eml"))
    assert (tmp_path / "mail.eml").read_bytes() == path.read_bytes()


class Server:
    """In place of smtplib.SMTP."""

    sent: ClassVar[list[Any]] = []
    refused: ClassVar[dict[str, Any]] = {}

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: Any) -> None:
        pass

    def ehlo(self) -> None:
        pass

    def has_extn(self, name: str) -> bool:
        return True

    def sendmail(self, *arguments: Any) -> dict[str, Any]:
        self.sent.append(arguments)
        return self.refused


def test_to_a_server(kept: tuple[Quarantine, Entry], monkeypatch: pytest.MonkeyPatch) -> None:
    quarantine, entry = kept
    monkeypatch.setattr(smtplib, "SMTP", Server)
    release(quarantine, entry, to_server(Address("127.0.0.1", 25)))
    ((sender, recipients, raw, options),) = Server.sent
    assert (sender, recipients, options) == ("a@b.c", ("d@e.f",), ["BODY=8BITMIME"])
    assert raw.endswith(b"\r\nFrom: a@b.c\r\n\r\nbody\r\n")


def test_what_was_not_taken_stays_held(
    kept: tuple[Quarantine, Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    quarantine, entry = kept
    with pytest.raises(RunError, match="did not take it"):
        release(quarantine, entry, to_server(Address("127.0.0.1", 1), seconds=1))
    monkeypatch.setattr(smtplib, "SMTP", Server)
    monkeypatch.setattr(Server, "refused", {"d@e.f": (550, b"no")})
    with pytest.raises(RunError, match="refused 1"):
        release(quarantine, entry, to_server(Address("127.0.0.1", 25)))
    assert [one.state for one in quarantine.entries()] == [HELD]


def test_a_false_verdict_is_feedback(kept: tuple[Quarantine, Entry]) -> None:
    told: list[Told] = []
    report_false(*kept, told.append)
    assert told == [Told(RAW, spam=False)]
