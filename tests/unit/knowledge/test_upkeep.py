from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from icelos.contracts import Principal
from icelos.data.sinks import SqliteSink
from icelos.errors import StoreError
from icelos.knowledge.index import Indexer
from icelos.knowledge.store import KnowledgeStore
from icelos.knowledge.upkeep import NICENESS, Upkeep, Watcher, watch
from icelos.llm.encoder import Encoder
from icelos.records import Document
from icelos.settings import load

Make = Callable[..., Document]


def until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def test_vectors_are_made_in_the_background(tmp_path: Path, encoder: Encoder, make: Make) -> None:
    with KnowledgeStore(tmp_path / "k.sqlite", encoder=encoder) as store:
        with Upkeep(store) as upkeep:
            store.add([make(f"d{n}", f"text {n}") for n in range(40)])
            upkeep.wake()
            assert until(lambda: store.stats()["vectors_pending"] == 0)
        assert upkeep.problem == ""


def test_a_failing_store_is_said_and_not_raised(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> int:
        raise StoreError("the disk is full")

    with KnowledgeStore(tmp_path / "k.sqlite", encoder=encoder) as store:
        monkeypatch.setattr(store, "embed_pending", fail)
        with Upkeep(store) as upkeep:
            assert until(lambda: upkeep.problem == "the disk is full")


def test_without_an_encoder_nothing_runs(tmp_path: Path) -> None:
    with KnowledgeStore(tmp_path / "k.sqlite") as store, Upkeep(store) as upkeep:
        assert upkeep.problem == ""


@pytest.fixture
def indexer(tmp_path: Path) -> Iterator[Indexer]:
    with KnowledgeStore(tmp_path / "k.sqlite") as store, SqliteSink(tmp_path / "f.sqlite") as sink:
        yield Indexer(store, sink, max_bytes=1 << 20)


@pytest.mark.parametrize("single", [False, True])
def test_saved_changed_and_deleted_files_are_seen(tmp_path: Path, indexer: Indexer, single: bool) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    note = folder / "note.md"
    note.write_text("# Note\n\nThe first wording.\n")
    indexer.add([note if single else folder])
    stop, ready = threading.Event(), threading.Event()

    def run() -> None:
        for _ in watch(indexer, stop=stop):
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(20)
        asks = Principal("x")
        note.write_text("# Note\n\nAnother phrasing.\n")
        assert until(lambda: bool(indexer.store.search("phrasing", principal=asks)))
        note.unlink()
        assert until(lambda: not indexer.store.search("phrasing", principal=asks))
    finally:
        stop.set()
        thread.join()


def test_a_watcher_sees_paths_that_are_registered_while_it_runs(tmp_path: Path) -> None:
    settings = load(environ={}, flags={"workspace.home": str(tmp_path / "home")}).settings
    folder = tmp_path / "notes"
    folder.mkdir()
    with KnowledgeStore.open(settings) as store, Watcher(settings):
        indexer = Indexer.open(store, settings)
        indexer.add([folder])
        indexer.close()
        deadline = time.monotonic() + 30
        number = 0
        while not store.search("zebra", principal=Principal("ann")) and time.monotonic() < deadline:
            number += 1  # what is written before the watcher has noticed the folder is found by its update
            (folder / f"{number}.md").write_text("# Animals\nthe zebra runs")
            time.sleep(0.2)
        assert store.search("zebra", principal=Principal("ann"))


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own here")
def test_vectors_yield_to_questions(tmp_path: Path, encoder: Encoder, make: Make) -> None:
    seen: list[int] = []

    class Noting(type(encoder)):  # type: ignore[misc]
        def encode(self, texts: Sequence[str]) -> object:
            seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
            return super().encode(texts)

    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    with KnowledgeStore(tmp_path / "k.sqlite", encoder=Noting()) as store:
        store.add([make("d", "text")])
        with Upkeep(store):
            assert until(lambda: store.stats()["vectors_pending"] == 0)
    assert set(seen) == {max(own, NICENESS)}
