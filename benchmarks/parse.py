"""How fast files become documents: documents and megabytes a second, one process.

ICELOS_DATA=../shared/data .venv/bin/python benchmarks/parse.py
Without ICELOS_DATA, only what is made here and what a package carries is measured.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from icelos.data.feeds.attack import bundled_documents
from icelos.data.parse.documents import read_documents
from icelos.findings import Failure
from icelos.records import Document

FOLDERS = ("attack", "capec", "cwe", "sigma", "kev", "cisa-advisories", "ir-playbooks")
PARAGRAPH = "An analyst reads the alert, looks at the sign-in log and asks who the account belongs to. " * 8
SIZE = 16 * 1024 * 1024


def main() -> None:
    """One row a corpus, the best of three passes by processor time: other work may share the machine."""
    print(
        f"{'corpus':18}{'documents':>10}{'failures':>9}{'CPU s':>9}"
        f"{'docs/s':>9}{'file MB/s':>11}{'text MB/s':>11}"
    )
    root = os.environ.get("ICELOS_DATA")
    for name in FOLDERS if root else ():
        folder = Path(str(root)) / "copilot" / name
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        report(name, lambda paths=paths: read(paths), sum(path.stat().st_size for path in paths))
    report("attack (bundled)", bundled_documents, 0)
    with tempfile.TemporaryDirectory() as made_in:
        for path in made(Path(made_in)):
            report(path.name, lambda path=path: read([path]), path.stat().st_size)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB", file=sys.stderr)


def made(folder: Path) -> Iterator[Path]:
    """Prose as text and as Markdown, and rows of tickets."""
    text = folder / "prose.txt"
    text.write_text(f"{PARAGRAPH}\n\n" * (SIZE // len(PARAGRAPH)))
    yield text
    markdown = folder / "prose.md"
    markdown.write_text(
        "".join(f"## Part {n}\n\n{PARAGRAPH}\n\n" for n in range(SIZE // 4 // len(PARAGRAPH)))
    )
    yield markdown
    page = folder / "page.html"
    body = "".join(f"<h2>Part {n}</h2><p>{PARAGRAPH}</p>" for n in range(SIZE // 4 // len(PARAGRAPH)))
    page.write_text(f"<!doctype html><html><body>{body}</body></html>")
    yield page
    tickets = folder / "tickets.csv"
    rows = (f"SEC-{n},Ticket {n},Open,High,{PARAGRAPH[:200]},2024-01-02\n" for n in range(20_000))
    tickets.write_text("key,summary,status,priority,description,updated\n" + "".join(rows))
    yield tickets


def read(paths: Iterable[Path]) -> Iterator[Document | Failure]:
    for path in paths:
        yield from read_documents(path, name=path.name)


def report(name: str, documents: object, size: int) -> None:
    best, counted = float("inf"), (0, 0, 0)
    for _ in range(3):
        started = time.process_time()
        good = bad = text = 0
        for item in documents():  # type: ignore[operator]
            if isinstance(item, Failure):
                bad += 1
            else:
                good += 1
                text += sum(len(section.text) for section in item.sections)
        best, counted = min(best, time.process_time() - started), (good, bad, text)
    good, bad, text = counted
    rates = f"{good / best:9,.0f}{size / 1e6 / best:11.1f}{text / 1e6 / best:11.1f}"
    print(f"{name:18}{good:10,}{bad:9,}{best:9.2f}{rates}")


if __name__ == "__main__":
    main()
