"""A run over a topic next to the local engine: the same answer, and what becomes of bad messages."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from icelos.contracts import Scored
from icelos.data.sinks import SqliteSink
from icelos.data.sources import JsonLinesSource
from icelos.engine.kafka import load_topic, run_kafka
from icelos.engine.observing import Observer
from icelos.engine.partitions import partition_of
from icelos.engine.run import Options, Report
from icelos.errors import InputError, RunError, StoreError
from icelos.findings import Failure, Outcome
from icelos.records import Record
from icelos.settings import Settings


def stored(path: Path) -> list[tuple[str, bytes]]:
    """Outcomes without the time at which they were seen."""
    with SqliteSink(path) as sink:
        query = "SELECT id, body FROM outcomes ORDER BY id"
        return list(sink._database.execute(query))


def local(worker: ModuleType, job: str, rows: Path, path: Path, *, partitions: int = 1) -> Report:
    """What one process says, each partition by a job of its own."""
    report = Report(job="logs")
    jobs = [worker.JOBS[job]() for _ in range(partitions)]
    with SqliteSink(path) as sink:
        for item in [item for item in JsonLinesSource(rows) if item is not None]:
            if isinstance(item, Failure):
                outcome: Scored = Failure(
                    record_id=item.record_id, job="logs", error=item.error, source=item.source, raw=item.raw
                )
            else:
                outcome = _one(jobs, item)
            report.count([outcome])
            if outcome is not None:
                sink.write([outcome])
    return report


def _one(jobs: list[Any], record: Record) -> Scored:
    from icelos.engine.run import score_safely

    number = partition_of(jobs[0].key(record), len(jobs)) if len(jobs) > 1 else 0
    return score_safely(jobs[number], [record])[0]


def test_stateless_is_as_on_the_local_engine_and_dead_letters_say_why(
    mock_cluster: Any, worker: ModuleType, rows: Callable[..., Path], tmp_path: Path
) -> None:
    file = rows(2000, poison=200)
    topic = mock_cluster.topic("same", "-dead")
    location = mock_cluster.location(topic, dead_letter=f"{topic}-dead")
    assert load_topic(JsonLinesSource(file), location, partitions=4) == 2000
    with SqliteSink(tmp_path / "kafka.sqlite") as sink:
        report = run_kafka(
            worker.Spec("thirds", Settings()), location, sink, Options(workers=2), idle_timeout_s=1.5
        )
    expected = local(worker, "thirds", file, tmp_path / "local.sqlite")
    assert stored(tmp_path / "kafka.sqlite") == stored(tmp_path / "local.sqlite")
    assert (report.findings, report.clear, report.failures) == (
        expected.findings, expected.clear, expected.failures,
    )  # fmt: skip
    assert sum(mock_cluster.committed(topic)) == 2000
    check_dead_letters(mock_cluster.messages(f"{topic}-dead", quiet_s=0.5), topic, report.failures)


def check_dead_letters(letters: list[Any], topic: str, number: int) -> None:
    assert len(letters) == number == 30
    said = [dict(letter.headers()) for letter in letters]
    assert {one["icelos-job"] for one in said} == {b"logs"}
    assert {one["icelos-attempt"] for one in said} == {b"1"}
    assert all(one["icelos-from"].startswith(topic.encode() + b":") for one in said)
    assert all(one["icelos-made-by"].startswith(b"icelos ") for one in said)
    scored = next(at for at, one in enumerate(said) if b"row 107 " in one["icelos-error"])
    assert json.loads(letters[scored].value())["n"] == 107
    assert said[scored]["icelos-error"] == b"ValueError: row 107 cannot be scored"
    assert said[scored]["icelos-source"] == b"rows.jsonl:108"


@pytest.mark.slow
def test_a_job_with_state_is_as_on_the_local_engine_and_goes_on(
    mock_cluster: Any, worker: ModuleType, rows: Callable[..., Path], tmp_path: Path
) -> None:
    file = rows(3000)
    topic = mock_cluster.topic("visits", "-state")
    location = mock_cluster.location(topic)
    load_topic(JsonLinesSource(file), location, key=worker.Visits().key, partitions=4)
    stopped = threading.Event()

    class Until(Observer):
        def stored(self, report: Report, seconds: float) -> None:
            if report.read >= 1000:
                stopped.set()

    spec, options = (
        worker.Spec("visits", Settings()),
        Options(checkpoint_seconds=0.2, batch_size=16, workers=2),
    )
    with SqliteSink(tmp_path / "kafka.sqlite") as sink:
        first = run_kafka(spec, location, sink, options, observer=Until(), stop=stopped.is_set)
        second = run_kafka(spec, location, sink, options, idle_timeout_s=1)
    local(worker, "visits", file, tmp_path / "local.sqlite", partitions=4)
    assert stored(tmp_path / "kafka.sqlite") == stored(tmp_path / "local.sqlite")
    assert first.interrupted
    assert first.read >= 1000
    assert first.read + second.read == 3000  # a run that is stopped well leaves nothing to be done again


@pytest.mark.slow
def test_states_in_files(
    mock_cluster: Any, worker: ModuleType, rows: Callable[..., Path], tmp_path: Path
) -> None:
    file = rows(400)
    topic = mock_cluster.topic("files")
    location = mock_cluster.location(topic)
    spec = worker.Spec("visits", Settings())
    with SqliteSink(tmp_path / "kafka.sqlite") as sink:
        for part in (list(JsonLinesSource(file))[:200], list(JsonLinesSource(file))[200:]):
            load_topic(part, location, key=worker.Visits().key, partitions=4)
            report = run_kafka(spec, location, sink, idle_timeout_s=1.5, state=tmp_path / "states")
            assert report.read == 200
    local(worker, "visits", file, tmp_path / "local.sqlite", partitions=4)
    assert stored(tmp_path / "kafka.sqlite") == stored(tmp_path / "local.sqlite")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (Options(max_failures=3, batch_size=50), "stopped after"),
        (Options(max_consecutive_failures=5, batch_size=50), "one behind the other"),
        (Options(max_failure_ratio=0.005, batch_size=50), "failures of"),
    ],
)
def test_limits_stop_before_the_commit(
    mock_cluster: Any, worker: ModuleType, rows: Callable[..., Path], tmp_path: Path, options: Options,
    reason: str,
) -> None:  # fmt: skip
    topic = mock_cluster.topic("limits", "-dead")
    location = mock_cluster.location(topic, dead_letter=f"{topic}-dead")
    items = list(JsonLinesSource(rows(2000)))
    if options.max_consecutive_failures:
        items += [Failure(record_id=f"{n:032x}", job="", error="broken", source=f"x:{n}") for n in range(100)]
    load_topic(items, location, partitions=4)
    with SqliteSink(tmp_path / "kafka.sqlite") as sink:
        with pytest.raises(RunError, match=reason):
            run_kafka(worker.Spec("thirds", Settings()), location, sink, options, idle_timeout_s=1.5)
        assert sink.count("failure") > 0
    assert sum(mock_cluster.committed(topic)) < len(items)


class AwaySink:
    """A sink that cannot write for a while."""

    def __init__(self, inner: SqliteSink, seconds: float) -> None:
        self._inner, self._seconds, self._until = inner, seconds, 0.0
        self.refused = 0

    def write(self, outcomes: Sequence[Outcome]) -> None:
        self._until = self._until or time.monotonic() + self._seconds
        if time.monotonic() < self._until:
            self.refused += 1
            raise StoreError("the database is away")
        self._inner.write(outcomes)

    def close(self) -> None:
        """The inner sink is closed by whoever made it."""


class Seen(Observer):
    """Counts what it is told."""

    def __init__(self) -> None:
        self.failed = 0
        self.lags: list[int] = []

    def sink_failed(self, error: Exception, *, again_in: float) -> None:
        self.failed += 1

    def lagging(self, lag: int) -> None:
        self.lags.append(lag)


@pytest.mark.slow
def test_a_sink_that_is_away_longer_than_a_poll_may_take_loses_nothing(
    mock_cluster: Any, worker: ModuleType, rows: Callable[..., Path], tmp_path: Path
) -> None:
    file = rows(2000, poison=100)
    topic = mock_cluster.topic("away", "-dead")
    location = mock_cluster.location(
        topic, dead_letter=f"{topic}-dead", **{"max.poll.interval.ms": "6000", "session.timeout.ms": "6000"}
    )
    load_topic(JsonLinesSource(file), location, partitions=4)
    seen = Seen()
    with SqliteSink(tmp_path / "kafka.sqlite") as inner:
        sink = AwaySink(inner, 8)
        report = run_kafka(
            worker.Spec("thirds", Settings()), location, sink, observer=seen, idle_timeout_s=1.5
        )
    local(worker, "thirds", file, tmp_path / "local.sqlite")
    assert stored(tmp_path / "kafka.sqlite") == stored(tmp_path / "local.sqlite")
    assert report.read == 2000
    assert seen.failed == sink.refused > 3
    assert max(seen.lags, default=0) >= 0
    assert len(mock_cluster.messages(f"{topic}-dead")) == report.failures


@pytest.mark.slow
def test_a_sink_that_stays_away_stops_the_run_with_nothing_committed(
    mock_cluster: Any, worker: ModuleType, rows: Callable[..., Path], tmp_path: Path
) -> None:
    topic = mock_cluster.topic("gone")
    location = mock_cluster.location(topic)
    load_topic(JsonLinesSource(rows(500)), location, partitions=4)
    with SqliteSink(tmp_path / "kafka.sqlite") as inner, pytest.raises(RunError, match="away"):
        run_kafka(
            worker.Spec("thirds", Settings()), location, AwaySink(inner, 1000),
            Options(sink_patience_s=2), idle_timeout_s=1,
        )  # fmt: skip
    assert mock_cluster.committed(topic) == [0, 0, 0, 0]


@pytest.mark.slow
def test_a_batch_may_take_longer_than_a_poll(
    mock_cluster: Any, worker: ModuleType, rows: Callable[..., Path], tmp_path: Path
) -> None:
    topic = mock_cluster.topic("slow")
    location = mock_cluster.location(topic, **{"max.poll.interval.ms": "6000", "queued.min.messages": "1"})
    load_topic(JsonLinesSource(rows(40)), location, partitions=4)
    with SqliteSink(tmp_path / "kafka.sqlite") as sink:
        report = run_kafka(
            worker.Spec("slow", Settings()), location, sink, Options(batch_size=20), idle_timeout_s=1.5
        )
    assert (report.read, sum(mock_cluster.committed(topic))) == (40, 40)


@pytest.mark.slow
def test_a_dead_letter_that_is_too_large_keeps_its_beginning(
    mock_cluster: Any, worker: ModuleType, tmp_path: Path
) -> None:
    topic = mock_cluster.topic("large", "-dead")
    location = mock_cluster.location(topic, **{"message.max.bytes": "60000"})
    big = Failure(record_id="0" * 32, job="", error="broken", source="x:1", raw="x" * 59_000)
    load_topic([big], location, partitions=4)
    with SqliteSink(tmp_path / "kafka.sqlite") as sink:
        run_kafka(
            worker.Spec("thirds", Settings()),
            mock_cluster.location(topic, dead_letter=f"{topic}-dead", **{"message.max.bytes": "50000"}),
            sink, idle_timeout_s=1.5,
        )  # fmt: skip
        assert sink.failures()[0].record_id == "0" * 32
    (letter,) = mock_cluster.messages(f"{topic}-dead")
    assert dict(letter.headers())["icelos-cut"] == b"59000"
    assert len(letter.value()) == 4096


def test_what_is_not_there_is_said_in_one_line(
    mock_cluster: Any, worker: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = worker.Spec("thirds", Settings())
    with SqliteSink(tmp_path / "kafka.sqlite") as sink:
        with pytest.raises(InputError, match="no such topic"):
            run_kafka(spec, f"kafka://{mock_cluster.servers}/nothing", sink)
        monkeypatch.setattr("icelos.engine.kafka.clients.REACHED_WITHIN", 0.5)
        with pytest.raises(RunError, match="cannot reach the cluster"):
            run_kafka(spec, "kafka://127.0.0.1:1/topic", sink)
