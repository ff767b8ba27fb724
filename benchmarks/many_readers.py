"""50 readers at once on the default stores, without and with one writer: latency by kind, and errors.

    python -m benchmarks.many_readers [--readers 50] [--seconds 60] [--think 0.5] [--findings 100000]

Stores of a workspace of their own: the bundled knowledge (search by words) in knowledge.sqlite, findings in
findings.sqlite, conversations in history.sqlite. Readers are threads of two processes, each with the stores
opened once, as a server has them; each waits `--think` seconds on average between two reads (0: none, and
latency is queueing at full load). The writer is a process of its own that writes without a pause into all
three: documents with new versions, findings 50 at a time, answers. It ends with 1 where a read failed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event

import numpy as np

from icelos.contracts import Principal
from icelos.data.sinks import SqliteSink
from icelos.data.workspace import Workspace as Place
from icelos.findings import Evidence, Finding, How, Verdict
from icelos.jobs.copilot.answers import Answer, Sentence, Status
from icelos.jobs.copilot.history import History
from icelos.knowledge.index import ensure_bundled
from icelos.knowledge.store import KnowledgeStore
from icelos.records import Document, Section
from icelos.settings import KnowledgeSettings, Settings, Workspace

PROCESSES = 2
QUESTIONS = (
    "password spraying against many accounts", "how is lateral movement by remote services detected",
    "T1110.003", "scheduled task persistence", "which group uses Cobalt Strike", "kerberoasting",
    "exfiltration over web service", "disable security tools", "CVE-2021-44228", "valid accounts cloud",
)  # fmt: skip
PEOPLE = [Principal(f"analyst-{n}", groups=frozenset({"soc"})) for n in range(20)]
VERDICTS = (Verdict.ALERT, Verdict.REVIEW, Verdict.UNKNOWN, Verdict.CLEAR)

Latencies = dict[str, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--think", type=float, default=0.5)
    parser.add_argument("--findings", type=int, default=100_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        settings = settings_of(name)
        fill(settings, given.findings)
        failed = 0
        for writing in (False, True):
            failed += measured(settings, given, writing=writing)
    sys.exit(1 if failed else 0)


def settings_of(home: str) -> Settings:
    return Settings(workspace=Workspace(home=home), knowledge=KnowledgeSettings(encoder="off"))


def fill(settings: Settings, findings: int) -> None:
    ensure_bundled(settings)
    place = Place.of(settings)
    with SqliteSink(place.findings) as sink:
        for first in range(0, findings, 5000):
            sink.write([finding(n) for n in range(first, min(first + 5000, findings))])
    history = History(place.history)
    for number in range(400):
        history.add(answer(number), resolved="what is it", principal=PEOPLE[number % len(PEOPLE)])


def finding(number: int) -> Finding:
    return Finding(
        record_id=f"r{number}", job=("mail", "logs", "vulns")[number % 3], verdict=VERDICTS[number % 4],
        label="phishing", summary=f"finding {number} that says what was seen", score=number % 100 / 100,
        evidence=(Evidence("words of a mail", f"mail.mbox:{number}", How.RULE),), source="mail.mbox",
        attributes={"sender": f"someone-{number % 997}@example.org"},
    )  # fmt: skip


def answer(number: int) -> Answer:
    text = "Password spraying is one password against many accounts."
    return Answer(
        answer_id=f"a{number}", conversation=f"c{number // 4}", question="what is password spraying?",
        status=next(iter(Status)), sentences=(Sentence(text=text, handles=()),) * 5,
    )  # fmt: skip


def measured(settings: Settings, given: argparse.Namespace, *, writing: bool) -> int:
    """One run; how many reads failed."""
    context = multiprocessing.get_context("spawn")
    stop, results = context.Event(), context.Queue()
    share = [given.readers // PROCESSES + (n < given.readers % PROCESSES) for n in range(PROCESSES)]
    readers = [
        context.Process(target=read, args=(str(settings.home), number, given.think, stop, results))
        for number in share
    ]
    writers = [context.Process(target=write, args=(str(settings.home), stop, results))] if writing else []
    for process in (*readers, *writers):
        process.start()
    time.sleep(given.seconds)
    stop.set()
    found = [results.get(timeout=60) for _ in (*readers, *writers)]
    for process in (*readers, *writers):
        process.join()
    return told(found, given, writing=writing)


def told(found: list[tuple[Latencies, list[str]]], given: argparse.Namespace, *, writing: bool) -> int:
    print(f"{given.readers} readers, {'one writer' if writing else 'no writer'}, {given.seconds:.0f} s,"
          f" think {given.think} s, {os.cpu_count()} processors")  # fmt: skip
    kinds = sorted({kind for latencies, _ in found for kind in latencies})
    for kind in kinds:
        times = np.array([t for latencies, _ in found for t in latencies.get(kind, ())]) * 1000
        p50, p95, p99 = np.percentile(times, (50, 95, 99))
        print(f"  {kind:20} {len(times):8} {len(times) / given.seconds:7.1f}/s   "
              f"p50 {p50:7.1f}  p95 {p95:7.1f}  p99 {p99:7.1f}  max {times.max():7.1f} ms")  # fmt: skip
    errors = [error for _, some in found for error in some]
    print(f"  errors: {len(errors)}{' ' + errors[0] if errors else ''}", flush=True)
    return len(errors)


def read(
    home: str, threads: int, think: float, stop: Event, results: Queue[tuple[Latencies, list[str]]]
) -> None:
    settings = settings_of(home)
    place = Place.of(settings)
    latencies: Latencies = {}
    errors: list[str] = []
    with KnowledgeStore.open(settings) as knowledge, SqliteSink(place.findings) as findings:
        history = History(place.history)
        kinds = reads(knowledge, findings, history)

        def loop(seed: int) -> None:
            chance = random.Random(seed)
            while not stop.is_set():
                if think:
                    stop.wait(chance.expovariate(1 / think))
                kind = chance.choice(list(kinds))
                started = time.perf_counter()
                try:
                    kinds[kind](chance)
                except Exception as error:  # noqa: BLE001 - counted, and told
                    errors.append(f"{kind}: {error!r}")
                latencies.setdefault(kind, []).append(time.perf_counter() - started)

        running = [threading.Thread(target=loop, args=(seed,)) for seed in range(threads)]
        for one in running:
            one.start()
        for one in running:
            one.join()
    results.put((latencies, errors))


def reads(
    knowledge: KnowledgeStore, findings: SqliteSink, history: History
) -> dict[str, Callable[[random.Random], object]]:
    def page(chance: random.Random) -> object:
        before = chance.choice((None, chance.randint(100, 100_000)))
        return findings.page(
            job=chance.choice(("", "mail", "vulns")),
            verdict=chance.choice(("", "alert")),
            limit=100,
            before=before,
        )

    def turns(chance: random.Random) -> object:
        person = chance.choice(PEOPLE)
        found = history.conversations(principal=person)
        return history.turns(found[0].conversation, principal=person) if found else None

    return {
        "knowledge search": lambda chance: knowledge.search(
            chance.choice(QUESTIONS), principal=chance.choice(PEOPLE)
        ),
        "findings page": page,
        "findings count": lambda chance: findings.count("finding", job=chance.choice(("", "mail"))),
        "history": turns,
    }


def write(home: str, stop: Event, results: Queue[tuple[Latencies, list[str]]]) -> None:
    settings = settings_of(home)
    place = Place.of(settings)
    latencies: Latencies = {}
    errors: list[str] = []
    history, number = History(place.history), 0
    with KnowledgeStore.open(settings) as knowledge, SqliteSink(place.findings) as findings:
        kinds: dict[str, Callable[[int], object]] = {
            "write documents": lambda n: knowledge.add(
                [document(n, k) for k in range(20)], collection="news"
            ),
            "write findings": lambda n: findings.write([finding(1_000_000 + n * 50 + k) for k in range(50)]),
            "write answer": lambda n: history.add(
                answer(1000 + n), resolved="what is it", principal=PEOPLE[n % len(PEOPLE)]
            ),
        }
        while not stop.is_set():
            number += 1
            for kind, work in kinds.items():
                started = time.perf_counter()
                try:
                    work(number)
                except Exception as error:  # noqa: BLE001 - counted, and told
                    errors.append(f"{kind}: {error!r}")
                latencies.setdefault(kind, []).append(time.perf_counter() - started)
    results.put((latencies, errors))


def document(number: int, place: int) -> Document:
    """Twenty entries, each of which has a new version again and again."""
    text = f"Attackers spray passwords against sign-ins, seen {number} times. " * 10
    return Document(
        id=f"news/x/{number % 50}-{place}", source="news:x", title=f"Entry {place}", kind="news",
        sections=(Section("", text, "line 1"),), modified=datetime.now(UTC),
    )  # fmt: skip


if __name__ == "__main__":
    main()
