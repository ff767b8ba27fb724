"""A run is watched over real HTTP while it goes; the view is looked at in a real terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from icelos.contracts import Needs, Scored
from icelos.data.sinks import SqliteSink
from icelos.engine.health import Health
from icelos.engine.json_log import JsonLogObserver, to_file
from icelos.engine.loop import Loop
from icelos.engine.metrics import MetricsObserver
from icelos.engine.observing import Observers
from icelos.engine.run import Options, Report
from icelos.engine.serving import serve
from icelos.engine.workers import InlineWorkers, ThreadWorkers
from icelos.errors import StoreError
from icelos.findings import Failure, Finding, Outcome, Verdict
from icelos.records import LogLine, Record

RECORDS = 2000
BATCH = 50


def line(number: int) -> LogLine:
    return LogLine(id=f"r{number}", source=f"a.log:{number}", text=f"secret-record-{number}")


class Tenth:
    """Alerts on every tenth record, fails on every hundredth and one."""

    name = "tenth"
    needs = Needs()

    def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
        return [self._one(record) for record in batch]

    def _one(self, record: Record) -> Scored:
        number = int(record.id[1:])
        if number % 100 == 1:
            return Failure(record_id=record.id, job=self.name, error="bad", source=record.source)
        if number % 10:
            return None
        return Finding(record_id=record.id, job=self.name, verdict=Verdict.ALERT, label="tenth", summary="")


class Watched:
    """A run in a thread of its own, and what its server tells."""

    def __init__(self, folder: Path) -> None:
        self.health = Health(stalled_after=0.5)
        self.metrics = MetricsObserver()
        self.log = folder / "run.json"
        self.report = Report(job="")
        self.address = ""
        self._observer = Observers([self.health, self.metrics, JsonLogObserver(to_file(self.log))])

    @contextmanager
    def going(
        self, source: Iterable[Record | None], sink: SqliteSink, job: Tenth, workers: int = 1
    ) -> Iterator[None]:
        """Runs it while the context lasts, and waits for its end."""
        options = Options(batch_size=BATCH, workers=workers, batch_seconds=60)
        makers = InlineWorkers(job) if workers == 1 else ThreadWorkers(job)

        def go() -> None:
            loop = Loop(job, source, sink, makers, options, observer=self._observer, stop=lambda: False)
            self.report = loop.go()

        with serve("127.0.0.1:0", self.health, self.metrics.registry) as self.address:
            thread = threading.Thread(target=go)
            thread.start()
            try:
                yield
            finally:
                thread.join(60)
                assert not thread.is_alive()

    def ask(self, path: str) -> tuple[int, str]:
        """Status and body."""
        try:
            with urllib.request.urlopen(self.address + path, timeout=10) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def scrape(self) -> dict[str, float]:
        """Samples by name and labels, as the library's own parser reads them."""
        _, text = self.ask("/metrics")
        assert "secret-record" not in text
        found = {}
        for family in text_string_to_metric_families(text):
            for one in family.samples:
                values = [
                    one.labels[name] for name in sorted(one.labels) if name not in {"job_name", "engine"}
                ]
                found[" ".join([one.name, *values])] = one.value
        return found


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SqliteSink]:
    with SqliteSink(tmp_path / "findings.sqlite") as opened:
        yield opened


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for it."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


@pytest.mark.parametrize("workers", [1, 2])
def test_scraped_while_it_goes(watched: Watched, sink: SqliteSink, workers: int) -> None:
    half, go_on = threading.Event(), threading.Event()

    def source() -> Iterator[Record | None]:
        yield from map(line, range(RECORDS // 2))
        yield None  # what has been read is scored and stored by the time of the next item
        half.set()
        while not go_on.wait(0.05):
            yield None
        yield from map(line, range(RECORDS // 2, RECORDS))

    with watched.going(source(), sink, Tenth(), workers):
        assert half.wait(20)
        meanwhile = watched.scrape()
        assert watched.ask("/readyz") == (200, '{"status":"ready"}')
        assert meanwhile["icelos_run_in_progress"] == 1
        assert (
            sum(meanwhile[f"icelos_records_total {one}"] for one in ("finding", "clear", "failure")) == 1000
        )
        go_on.set()
        until(lambda: watched.scrape()["icelos_run_in_progress"] == 0)
        after = watched.scrape()
        assert watched.ask("/readyz") == (503, '{"status":"ended"}')
    report = watched.report
    assert report.read == RECORDS
    assert after["icelos_records_total finding"] == report.findings == 200
    assert after["icelos_records_total failure"] == report.failures == 20
    assert after["icelos_records_total clear"] == report.clear
    assert after["icelos_findings_total alert"] == report.verdicts["alert"]
    assert after["icelos_scored_records_total"] == report.read
    assert after["icelos_batch_seconds_count"] == after["icelos_sink_write_seconds_count"] == RECORDS / BATCH
    assert 0 < after["icelos_sink_write_seconds_sum"] < report.seconds
    assert after["icelos_runs_ended_total ok"] == 1
    assert "secret-record" not in watched.log.read_text("utf-8")


class Fragile(SqliteSink):
    """A sink that can be taken down."""

    down = False

    def write(self, outcomes: Sequence[Outcome]) -> None:
        if self.down:
            raise StoreError("cannot reach postgres://icelos:Tr0ub4dor@db/x")
        super().write(outcomes)


def test_a_sink_that_is_down_is_seen_and_nothing_is_lost(watched: Watched, tmp_path: Path) -> None:
    with Fragile(tmp_path / "findings.sqlite") as sink:
        sink.down = True
        with watched.going(map(line, range(RECORDS)), sink, Tenth()):
            until(lambda: watched.ask("/readyz") == (503, '{"status":"sink"}'))
            assert watched.ask("/healthz") == (200, '{"status":"ok"}'), "a restart would not help"
            assert watched.scrape()["icelos_sink_failing"] == 1
            sink.down = False
            until(lambda: watched.scrape()["icelos_runs_ended_total ok"] == 1)
            assert watched.scrape()["icelos_sink_failing"] == 0
            assert watched.scrape()["icelos_sink_failures_total"] >= 1
        assert watched.report.read == RECORDS
        assert sink.count("finding", job="tenth") == 200
    told = [json.loads(one) for one in watched.log.read_text("utf-8").splitlines()]
    failed = [one for one in told if one["event.action"] == "sink-failed"]
    assert failed
    assert all(one["error.type"] == "StoreError" and "Tr0ub4dor" not in str(one) for one in failed)
    assert told[-1]["icelos.records.read"] == RECORDS


def test_a_loop_that_stalls_is_seen(watched: Watched, sink: SqliteSink) -> None:
    go_on = threading.Event()

    class Stuck(Tenth):
        def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
            if batch[0].id == "r1000":
                assert go_on.wait(20)
            return super().score(batch)

    with watched.going(map(line, range(RECORDS)), sink, Stuck()):
        until(lambda: watched.ask("/healthz") == (503, '{"status":"stalled"}'))
        assert watched.ask("/readyz") == (503, '{"status":"stalled"}')
        go_on.set()
        until(lambda: watched.ask("/healthz") == (200, '{"status":"ok"}'))
    assert watched.report.read == RECORDS


SCRIPT = """
import signal, sys, time
from icelos.cli.watch import observers_of
from icelos.contracts import Needs
from icelos.engine.loop import Loop
from icelos.engine.run import Options
from icelos.engine.workers import InlineWorkers
from icelos.records import LogLine

class Slow:
    name, needs = "slow", Needs()
    def score(self, batch):
        time.sleep(0.02)
        return [None] * len(batch)

class Nowhere:
    def write(self, outcomes): pass
    def close(self): pass

def source():
    for number in range(int(sys.argv[1])):
        yield LogLine(id=str(number), source="a", text="")

signal.signal(signal.SIGINT, signal.default_int_handler)
with observers_of("slow") as observer:
    job = Slow()
    report = Loop(job, source(), Nowhere(), InlineWorkers(job), Options(batch_size=10), observer=observer, stop=lambda: False).go()
    print("interrupted", report.interrupted, file=sys.stderr)
"""  # noqa: E501


def in_terminal(seconds: float, columns: int) -> tuple[str, int]:
    """What a run writes into a terminal until it is interrupted, so many seconds on; and its exit status."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "1000000"],
        env={**os.environ, "TERM": "xterm", "COLUMNS": str(columns), "LINES": "24"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen, begun, asked = b"", time.monotonic(), False
    while select.select([ours], [], [], 20)[0]:
        try:
            seen += os.read(ours, 65536)
        except OSError:  # Linux' way of saying that the other end is closed
            break
        if b"slow" not in seen:
            begun = time.monotonic()
        elif not asked and time.monotonic() - begun > seconds:
            process.send_signal(signal.SIGINT)
            asked = True
    os.close(ours)
    return seen.decode(), process.wait(20)


@pytest.mark.parametrize("columns", [80, 30])
def test_the_view_in_a_terminal_and_ctrl_c(columns: int) -> None:
    seen, code = in_terminal(1.5, columns)
    assert code == 0
    assert "interrupted True" in seen
    assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l"), "the cursor is back"
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)
    drawn = [part for part in re.split(r"[\r\n]+", plain) if part]
    assert max(len(one) for one in drawn) <= columns
    assert re.search(r"rate [1-9]\d*/s", plain)
    assert 2 <= plain.count("inline") <= 9


def test_no_view_in_a_pipe() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, "100"], capture_output=True, timeout=30)
    assert (done.stdout, done.stderr) == (b"", b"interrupted False\n")
