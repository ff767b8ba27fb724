"""The classifier of injections: what its parts are worth, and what it costs beside indexing and answering.

    python -m benchmarks.injection CORPORA [--speed]

CORPORA is laid out as for `icelos evaluate injection`. With --speed only times are taken.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from icelos.data.parse.documents import read_documents
from icelos.evaluate.injection import corpora, measure
from icelos.knowledge.store import KnowledgeStore
from icelos.llm.injection.model import bundled
from icelos.llm.injection.training import Tuning
from icelos.records import Document

VARIANTS = {
    "concepts, order, shapes and hashed words": Tuning(),
    "without hashed words": Tuning(hashed=False),
    "hashed words alone": Tuning(concepts=False),
    "weights may lower": Tuning(only_raise=False),
    "half the penalty": Tuning(l2=0.5),
    "twice the penalty, hashed words freer": Tuning(l2=2.0, l2_hashed=10.0),
}


def main() -> None:
    """One line a variant, then the times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--speed", action="store_true")
    arguments = parser.parse_args()
    if not arguments.speed:
        found = corpora(arguments.corpora)
        for name, tuning in VARIANTS.items():
            rows = measure(arguments.corpora, tuning=tuning, found=found).rows
            caught = {row.set: row.value for row in rows if row.measure == "attacks caught"}
            flagged = max(1 - row.value for row in rows if row.measure == "benign documents left alone")
            print(f"{name}: {caught}; pooled false positives at most {flagged:.4f}")
    speed(arguments.corpora)


def speed(root: Path) -> None:
    """Seconds to index the catalogues, and to flag every passage of them once."""
    paths = [*sorted(root.glob("attack/*.jsonl")), *sorted(root.glob("cisa-advisories/*.jsonl"))]
    started = time.perf_counter()
    documents = [item for path in paths for item in read_documents(path) if isinstance(item, Document)]
    with TemporaryDirectory() as folder, KnowledgeStore(Path(folder) / "k.sqlite") as store:
        store.add(documents)
        indexing = time.perf_counter() - started
    model, started, sentences, characters = bundled(), time.perf_counter(), 0, 0
    for document in documents:
        for section in document.sections:
            sentences += sum(1 for _ in model.scores(section.text))
            characters += len(section.text)
    flagging = time.perf_counter() - started
    print(
        f"indexing {len(documents)} documents, {characters / 1e6:.1f} MB: {indexing:.1f} s without vectors; "
        f"flagging all of it: {flagging:.1f} s, {1e6 * flagging / sentences:.0f} µs a sentence",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
