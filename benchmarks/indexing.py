"""Documents a second into the store, and how soon a saved file is found: `python -m benchmarks.indexing`."""

from __future__ import annotations

import resource
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.corpus import Writer

from icelos.contracts import Principal
from icelos.data.sinks import SqliteSink
from icelos.evaluate.metrics import percentile
from icelos.knowledge.index import Indexer
from icelos.knowledge.store import KnowledgeStore
from icelos.knowledge.upkeep import watch

ANYONE = Principal("anyone")


def main() -> None:
    """Print documents a second from memory and from files, and the freshness of a watched folder."""
    with tempfile.TemporaryDirectory() as folder:
        add(Path(folder) / "add.sqlite", 5_000)
        with (
            KnowledgeStore(Path(folder) / "files.sqlite") as store,
            SqliteSink(Path(folder) / "findings.sqlite") as sink,
        ):
            indexer = Indexer(store, sink, max_bytes=1 << 26)
            files(indexer, Path(folder) / "docs", 3_000)
            freshness(indexer, Path(folder) / "docs", 40)
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def add(path: Path, number: int) -> None:
    """Documents of 300 words from memory."""
    documents = list(Writer().documents(number, words=300))
    with KnowledgeStore(path) as store:
        started, processor = time.perf_counter(), time.process_time()
        store.add(documents)
        seconds, busy = time.perf_counter() - started, time.process_time() - processor
    print(f"add: {number / seconds:,.0f} documents/s on the wall, {number / busy:,.0f}/s of processor time")


def files(indexer: Indexer, folder: Path, number: int) -> None:
    """Markdown files of 300 words, then the same folder unchanged."""
    folder.mkdir()
    for n, document in enumerate(Writer(seed=5).documents(number, words=300)):
        (folder / f"{n}.md").write_text(f"# {document.title}\n\n{document.text}\n")
    processor = time.process_time()
    done = indexer.add([folder])
    busy = time.process_time() - processor
    rates = f"{done.changed / done.seconds:,.0f} documents/s, {done.changed / busy:,.0f}/s of processor time"
    print(f"files: {rates}")
    done = indexer.update()
    print(f"unchanged: {done.files / done.seconds:,.0f} files/s ({done.unchanged} unchanged)")


def freshness(indexer: Indexer, folder: Path, rounds: int) -> None:
    """Seconds from the save of a file to the first query that finds it."""
    stop, ready = threading.Event(), threading.Event()

    def run() -> None:
        for _ in watch(indexer, stop=stop):
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait(60)
    spent = []
    for n in range(rounds):
        word = f"uniqueword{n:05}"
        started = time.perf_counter()
        (folder / f"{n}.md").write_text(f"# Changed\n\nNow it says {word}.\n")
        while not indexer.store.search(word, principal=ANYONE):
            time.sleep(0.01)
        spent.append(time.perf_counter() - started)
    stop.set()
    thread.join()
    print(f"freshness: p50 {percentile(spent, 0.5):.2f} s, p95 {percentile(spent, 0.95):.2f} s")


if __name__ == "__main__":
    main()
