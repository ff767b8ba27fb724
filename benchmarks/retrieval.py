"""Search latency and memory with 100,000 passages: `python -m benchmarks.retrieval [passages]`."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.corpus import StandIn, Writer

from icelos.contracts import Principal, Where
from icelos.evaluate.metrics import percentile
from icelos.knowledge.store import KnowledgeStore

NOTES = Where(kinds=("note",))
ANN, BOB = Principal("ann", frozenset({"soc"})), Principal("bob")


def main(passages: int) -> None:
    """Print a line for each kind of question: p50, p95 and p99 in milliseconds."""
    writer = Writer()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "knowledge.sqlite"
        build(path, writer, passages)
        with KnowledgeStore(path, encoder=StandIn()) as store:
            started = time.perf_counter()
            store.search("first question", principal=ANN)
            print(f"first question in a new process: {1000 * (time.perf_counter() - started):.0f} ms")
            for name, ask in questions(store, writer).items():
                spent, busy = timed(ask, 100)
                shown = " ".join(f"p{round(100 * s)} {percentile(spent, s):6.1f}" for s in (0.5, 0.95, 0.99))
                print(f"{name:34} {shown} ms; of processor time p50 {percentile(busy, 0.5):6.1f} ms")
        print(f"file {path.stat().st_size / 2**20:.0f} MiB")
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def build(path: Path, writer: Writer, passages: int) -> None:
    """A store with so many passages of 150 words and their vectors."""
    started = time.perf_counter()
    with KnowledgeStore(path, encoder=StandIn()) as store:
        for start in range(0, passages, 2_000):
            number = min(2_000, passages - start)
            store.add(writer.documents(number, words=150, prefix=f"batch{start}"))
        seconds = time.perf_counter() - started
        print(f"{passages:,} passages, text searchable: {passages / seconds:,.0f}/s")
        store.embed_pending(batch=4096)
        print(store.stats())


def questions(store: KnowledgeStore, writer: Writer) -> dict[str, Callable[[], object]]:
    """Kinds of questions, each new every time."""
    return {
        "5 words": lambda: store.search(writer.text(5), principal=ANN),
        "20 words": lambda: store.search(writer.text(20), principal=ANN),
        "100 words": lambda: store.search(writer.text(100), principal=ANN),
        "300 words": lambda: store.search(writer.text(300), principal=ANN),
        "20 words, fewer documents readable": lambda: store.search(writer.text(20), principal=BOB),
        "20 words, one kind": lambda: store.search(writer.text(20), where=NOTES, principal=ANN),
        "identifier in a question": lambda: store.search("what is KB-000123 about?", principal=ANN),
        "look-up": lambda: store.lookup("KB-000456", principal=ANN),
    }


def timed(ask: Callable[[], object], rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each round on the wall and of all processors, after three that are not counted."""
    for _ in range(3):
        ask()
    spent, busy = [], []
    for _ in range(rounds):
        started, processor = time.perf_counter(), time.process_time()
        ask()
        spent.append(1000 * (time.perf_counter() - started))
        busy.append(1000 * (time.process_time() - processor))
    return spent, busy


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
