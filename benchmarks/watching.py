"""What watching a run costs: a million trivial records with and without: `python -m benchmarks.watching`.

CPU seconds of the process, so that a busy machine matters less, best of three; the view draws as into a
terminal, and metrics are scraped once a second.
"""

from __future__ import annotations

import io
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from icelos.cli.live import LiveView
from icelos.contracts import Needs, Scored
from icelos.engine.health import Health
from icelos.engine.json_log import JsonLogObserver, to_file
from icelos.engine.loop import Loop
from icelos.engine.metrics import MetricsObserver
from icelos.engine.observing import Observer, Observers
from icelos.engine.run import Options
from icelos.engine.serving import serve
from icelos.engine.workers import InlineWorkers
from icelos.findings import Outcome
from icelos.records import LogLine, Record

RECORDS = 1_000_000
Make = Callable[[ExitStack], Observer]


class Trivial:
    """All is clear."""

    name, needs = "trivial", Needs()

    def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
        """As short as it can be."""
        return [None] * len(batch)


class Nowhere:
    """A sink that keeps nothing."""

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def nothing(_: ExitStack) -> Observer:
    """No observer."""
    return Observer()


def metrics(stack: ExitStack) -> Observer:
    """Health and metrics with their server, which is scraped."""
    health, counted = Health(), MetricsObserver()
    address = stack.enter_context(serve("127.0.0.1:0", health, counted.registry))
    ended = threading.Event()

    def scrape() -> None:
        while not ended.wait(1.0):
            with urllib.request.urlopen(f"{address}/metrics", timeout=5) as reply:
                reply.read()

    thread = threading.Thread(target=scrape)
    thread.start()
    stack.callback(thread.join)
    stack.callback(ended.set)
    return Observers([health, counted])


def log(stack: ExitStack) -> Observer:
    """The JSON log, into a file."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    return JsonLogObserver(to_file(Path(folder) / "run.json"))


def view(stack: ExitStack) -> Observer:
    """The live view."""
    shown = LiveView(Console(file=io.StringIO(), force_terminal=True, width=80, height=24))
    stack.callback(shown.close)
    return shown


def everything(stack: ExitStack) -> Observer:
    """All of them."""
    return Observers([metrics(stack), log(stack), view(stack)])


def once(make: Make) -> tuple[float, float]:
    """CPU and wall seconds of one run."""
    job = Trivial()
    record = LogLine(id="r", source="a", text="x" * 200)

    def source() -> Iterator[Record]:
        for _ in range(RECORDS):
            yield record

    with ExitStack() as stack:
        observer = make(stack)
        loop = Loop(
            job, source(), Nowhere(), InlineWorkers(job), Options(), observer=observer, stop=lambda: False
        )
        wall, cpu = time.perf_counter(), time.process_time()
        loop.go()
        return time.process_time() - cpu, time.perf_counter() - wall


def main() -> None:
    """Print a line for each kind of watching."""
    runs = {make.__name__: make for make in (nothing, metrics, log, view, everything)}
    best = dict.fromkeys(runs, (float("inf"), float("inf")))
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        for name, make in runs.items():  # in turns, so that a busy minute meets all of them
            best[name] = min(best[name], once(make))
    base = best["nothing"][0]
    for name, (cpu, wall) in best.items():
        print(
            f"{name:11} {cpu:6.3f} s CPU, {wall:6.3f} s wall; {RECORDS / cpu:12,.0f} records/s of CPU; "
            f"{(cpu - base) / RECORDS * 1e6:6.3f} us a record more, {100 * (cpu / base - 1):5.1f} %"
        )


if __name__ == "__main__":
    main()
