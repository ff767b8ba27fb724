"""Reading aside: a process with limits, kept for later, and replaced where a file breaks it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from icelos.jobs.mail.reading import aside
from icelos.jobs.mail.reading.aside import Aside, Found, end_all


@pytest.fixture(autouse=True)
def no_processes() -> Iterator[None]:
    end_all()
    yield
    end_all()


def test_a_process_is_kept_for_the_next_file() -> None:
    reader = Aside(10)
    assert reader.read("pdf", b"no pdf").error.startswith("cannot be read")
    [kept] = aside._IDLE
    Aside(10).read("pdf", b"no pdf")
    assert [kept] == aside._IDLE
    assert kept.uses == 2


def test_what_cannot_be_asked_is_an_error() -> None:
    assert Aside(10).read("no-such", b"").error == "cannot be read: KeyError"
    assert Aside(10).read("pdf", b"x" * (aside.MAX_DATA + 1)).error == "larger than is read"
    assert Aside(0).read("pdf", b"x").error == "no time left for it"


def test_a_process_that_dies_costs_one_file() -> None:
    Aside(10).read("pdf", b"x")
    os.kill(aside._IDLE[0]._child.pid, signal.SIGKILL)
    assert Aside(10).read("pdf", b"x").error == "breaks what reads it"
    assert aside._IDLE == []
    assert Aside(10).read("pdf", b"x").error.startswith("cannot be read")


def test_a_process_that_hangs_is_ended_in_time() -> None:
    Aside(10).read("pdf", b"x")
    os.kill(aside._IDLE[0]._child.pid, signal.SIGSTOP)
    reader = Aside(0.3)
    began = time.monotonic()
    assert reader.read("pdf", b"x").error == "takes more time than is allowed"
    assert reader.read("pdf", b"x").error == "no time left for it"
    assert time.monotonic() - began < 3
    assert aside._IDLE == []


def test_a_process_is_replaced_after_its_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "USES", 1)
    Aside(10).read("pdf", b"x")
    assert aside._IDLE == []


def test_threads_share_the_processes() -> None:
    found: list[Found] = []
    threads = [threading.Thread(target=lambda: found.append(Aside(20).read("pdf", b"x"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.error.split(":")[0] for answer in found] == ["cannot be read"] * 6
    assert len(aside._IDLE) <= aside.MAX_IDLE


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_copy_of_this_process_has_its_own() -> None:
    Aside(10).read("pdf", b"x")
    child = os.fork()
    if child == 0:
        os._exit(0 if aside._IDLE == [] else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert Aside(10).read("pdf", b"x").error.startswith("cannot be read")
