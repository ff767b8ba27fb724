import multiprocessing
import os
import signal
import sqlite3
import stat
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from icelos.errors import StoreError
from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.senders.facts import Facts
from icelos.jobs.mail.senders.store import SenderStore
from icelos.jobs.mail.senders.weights import DEFAULT

Make = Callable[..., Message]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "senders.sqlite"


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that are spawned here import this file by its name, which pytest alone knows how to find."""
    monkeypatch.syspath_prepend(Path(__file__).parents[5])


def facts(store: SenderStore, message: Message) -> Facts:
    found = store.facts(message)
    assert found is not None
    return found


def test_what_one_opens_another_knows(path: Path, mail: Make) -> None:
    one, two = SenderStore(path), SenderStore(path)
    for number in range(12):
        one.observe(facts(one, mail(number)))
    assert two.compare(facts(two, mail(50))).mails == 12
    assert len(two) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    one.close()
    two.close()


def _observe(path: str, messages: list[Message]) -> None:
    store = SenderStore(path)
    for message in messages:
        store.observe(facts(store, message))
    store.close()


def test_several_processes_lose_no_mail(path: Path, mail: Make) -> None:
    context = multiprocessing.get_context("spawn")
    works = [[mail(100 * worker + number) for number in range(25)] for worker in range(4)]
    workers = [context.Process(target=_observe, args=(str(path), work)) for work in works]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    store = SenderStore(path)
    found = store.compare(facts(store, mail(999)))
    assert found.mails == 100
    assert found.organisation_mails == 100
    assert store.export("ann@corp.example")["claimed"]["mails"] == 100
    store.close()


def _observe_forever(path: str, messages: list[Message]) -> None:
    while True:
        _observe(path, messages)


def test_a_killed_worker_leaves_whole_sketches(path: Path, mail: Make) -> None:
    context = multiprocessing.get_context("spawn")
    worker = context.Process(target=_observe_forever, args=(str(path), [mail(n) for n in range(20)]))
    SenderStore(path).close()
    worker.start()
    store = SenderStore(path)
    deadline = time.monotonic() + 60
    while store.compare(facts(store, mail(1))).mails < 30 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    worker.join(30)
    seen = store.compare(facts(store, mail(1)))
    assert seen.mails >= 30
    assert seen.mails == seen.organisation_mails  # one transaction for all sketches
    store.observe(facts(store, mail(2)))
    assert store.compare(facts(store, mail(1))).mails == seen.mails + 1
    store.close()


def test_the_longest_unused_go(path: Path, mail: Make) -> None:
    store = SenderStore(path, most=3)
    for who in ("a", "b", "c", "a", "d"):
        store.observe(facts(store, mail(1, who=who)))
    assert len(store) == 3
    assert store.export("b@corp.example") == {}
    assert store.export("a@corp.example")["claimed"]["mails"] == 2
    store.close()


def test_one_sender_is_exported_and_forgotten(path: Path, mail: Make) -> None:
    store = SenderStore(path)
    store.observe_all([facts(store, mail(number)) for number in range(3)])
    exported = msgspec.json.encode(store.export("Ann@Corp.example"))
    assert b"river" not in exported
    assert b"ann" not in exported
    assert store.forget("ann@corp.example")
    assert not store.forget("ann@corp.example")
    assert store.compare(facts(store, mail(1))).mails == 0
    store.close()


def test_no_text_and_no_address_is_in_the_file(path: Path, mail: Make) -> None:
    store = SenderStore(path)
    store.observe_all([facts(store, mail(number)) for number in range(5)])
    store.close()
    data = b"".join(file.read_bytes() for file in path.parent.iterdir())
    for word in (b"ann@", b"corp", b"river", b"Pine", b"team"):
        assert word not in data


def test_a_batch_is_all_or_nothing(path: Path, mail: Make) -> None:
    store = SenderStore(path)

    def broken() -> object:
        yield facts(store, mail(1))
        raise ValueError("the reader of mails failed")

    with pytest.raises(ValueError, match="reader"):
        store.observe_all(broken())  # type: ignore[arg-type]
    assert len(store) == 0
    store.observe(facts(store, mail(1)))
    assert len(store) == 1
    store.close()


def test_unproven_mail_cannot_crowd_out_what_is_proven(path: Path, mail: Make) -> None:
    store = SenderStore(path)
    trusted = ("mx.corp.example",)
    for number in range(12):
        found = store.facts(mail(number), trusted=trusted)
        assert found is not None
        store.observe(found)
    for number in range(40):
        store.observe(facts(store, mail(number)))  # forged: nothing says that they are authentic
    forged = store.compare(facts(store, mail(3)))
    assert (forged.mails, forged.unproven) == (12, True)
    store.close()


def test_weights_are_shared(path: Path) -> None:
    one, two = SenderStore(path), SenderStore(path)
    assert two.weights == DEFAULT
    one.weights = msgspec.structs.replace(DEFAULT, alert=9.0)
    assert two.weights.alert == 9.0
    one.close()
    two.close()


def test_a_file_that_is_none_and_a_broken_sketch_are_told(path: Path, mail: Make) -> None:
    store = SenderStore(path)
    store.observe(facts(store, mail(1)))
    with sqlite3.connect(path) as database:
        database.execute("UPDATE sketches SET body = x'00'")
    database.close()
    with pytest.raises(StoreError):
        store.compare(facts(store, mail(1)))
    store.close()
    other = path.with_name("other")
    other.write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with pytest.raises(StoreError, match="cannot open senders"):
        SenderStore(other)
