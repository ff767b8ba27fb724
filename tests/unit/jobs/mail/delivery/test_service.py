from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from icelos.errors import SettingsError
from icelos.jobs.mail.delivery.service import run, service_of
from icelos.settings import MailSettings


def test_nothing_to_serve(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nothing to serve"):
        run(service_of(MailSettings(), tmp_path, remote=False, spamd="", smtp_filter=""), print)


@pytest.mark.parametrize(
    "changed", [{"spamd": "0.0.0.0:0"}, {"spamd": "nonsense"}, {"smtp_filter": "10.0.0.1:0"}]
)
def test_an_address_that_is_not_to_be_had(tmp_path: Path, changed: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        run(service_of(MailSettings(), tmp_path, remote=False, **{"spamd": "", **changed}), print)


def test_both_servers_run_until_they_are_told_to_stop(tmp_path: Path) -> None:
    answers: list[bytes] = []

    def ask(places: Sequence[str]) -> None:
        ports = [int(place.rpartition(":")[2]) for place in places]
        threading.Thread(target=talk, args=(ports,)).start()

    def talk(ports: list[int]) -> None:
        try:
            with socket.create_connection(("127.0.0.1", ports[0]), timeout=10) as one:
                one.sendall(b"CHECK SPAMC/1.5\r\nContent-length: 16\r\n\r\nFrom: a@b.c\r\n\r\nx")
                answers.append(one.recv(1000))
            with socket.create_connection(("127.0.0.1", ports[1]), timeout=10) as one:
                answers.append(one.recv(1000))
                os.kill(os.getpid(), signal.SIGTERM)
                while piece := one.recv(1000):
                    answers.append(piece)
        finally:
            time.sleep(0.1)
            if len(answers) < 2:
                os.kill(os.getpid(), signal.SIGTERM)

    run(service_of(MailSettings(), tmp_path, remote=False, spamd="0", smtp_filter="0", workers=1), ask)
    assert answers[0].startswith(b"SPAMD/1.1 0 EX_OK\r\nSpam: False ;")
    assert answers[1].startswith(b"220 ")
    assert answers[2].startswith(b"421 ")
