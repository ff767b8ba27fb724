"""Consumers that are killed, come and go, and brokers that are killed: nothing is lost, nothing is there twice."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from icelos.data.sources import JsonLinesSource
from icelos.engine.kafka import load_topic
from icelos.engine.partitions import partition_of
from icelos.engine.run import score_safely
from icelos.findings import Failure

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ROWS = 4000
Start = Callable[..., "subprocess.Popen[str]"]


def outcomes(path: Path) -> dict[str, bytes]:
    if not path.exists():
        return {}
    with closing(sqlite3.connect(path, timeout=30)) as database, suppress(sqlite3.OperationalError):
        return dict(database.execute("SELECT record_id, body FROM outcomes"))
    return {}


def expected(worker: ModuleType, job: str, rows: Path, partitions: int = 1) -> dict[str, bytes]:
    """What the jobs say of the rows in their order, by record."""
    import msgspec

    jobs = [worker.JOBS[job.removeprefix("paced-")]() for _ in range(partitions)]
    found = {}
    for item in JsonLinesSource(rows):
        if isinstance(item, Failure):
            found[item.record_id] = msgspec.json.encode(msgspec.structs.replace(item, job="logs"))
            continue
        number = partition_of(jobs[0].key(item), partitions) if partitions > 1 else 0
        (outcome,) = score_safely(jobs[number], [item])
        if outcome is not None:
            found[item.id] = msgspec.json.encode(outcome)
    return found


def await_growth(path: Path, by: int, process: subprocess.Popen[str], *, most_s: float = 60) -> None:
    """Until the sink has so many outcomes more, or the process has ended."""
    before, deadline = len(outcomes(path)), time.monotonic() + most_s
    while process.poll() is None and len(outcomes(path)) < before + by and time.monotonic() < deadline:
        time.sleep(0.003)


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, problems = process.communicate(timeout=120)
    assert process.returncode == 0, problems
    report: dict[str, Any] = json.loads(out)
    return report


@pytest.mark.parametrize("broker", ["mock_cluster", "tansu"])
@pytest.mark.parametrize("job", ["paced-thirds", "paced-visits"])
def test_kill_at_random_points(
    request: pytest.FixtureRequest, worker: ModuleType, rows: Callable[..., Path], tmp_path: Path,
    start: Start, job: str, broker: str,
) -> None:  # fmt: skip
    cluster = request.getfixturevalue(broker)
    file, sink = rows(ROWS, poison=100), tmp_path / "kafka.sqlite"
    topic = cluster.topic("killed", "-dead", "-state")
    location = cluster.location(topic, dead_letter=f"{topic}-dead")
    key = worker.Visits().key if job == "paced-visits" else None
    load_topic(JsonLinesSource(file), location, key=key, partitions=4)
    chance = random.Random(job + broker)
    options = {"idle": 8, "batch_size": 16, "checkpoint_seconds": 0.2}
    for _ in range(5):
        process = start(job, location, sink, **options)
        await_growth(sink, chance.randrange(1, 250), process)
        time.sleep(chance.random() * 0.05)
        process.kill()
        process.wait()
    finish(start(job, location, sink, **options))
    assert outcomes(sink) == expected(worker, job, file, 4 if key else 1)
    assert sum(cluster.committed(topic)) == ROWS
    failed = {one for one, body in outcomes(sink).items() if b'"error"' in body}
    letters = cluster.messages(f"{topic}-dead")
    assert {dict(letter.headers())["icelos-record"].decode() for letter in letters} == failed


@pytest.mark.parametrize("broker", ["mock_cluster", "tansu"])
@pytest.mark.parametrize("job", ["paced-thirds", "paced-visits"])
def test_consumers_come_and_go(
    request: pytest.FixtureRequest, worker: ModuleType, rows: Callable[..., Path], tmp_path: Path,
    start: Start, job: str, broker: str,
) -> None:  # fmt: skip
    cluster = request.getfixturevalue(broker)
    file, sink = rows(ROWS * 6), tmp_path / "kafka.sqlite"
    topic = cluster.topic("shared", "-state")
    location = cluster.location(topic)
    key = worker.Visits().key if job == "paced-visits" else None
    load_topic(JsonLinesSource(file), location, key=key, partitions=4)
    options = {"idle": 10, "batch_size": 16, "checkpoint_seconds": 0.5}
    first = start(job, location, sink, **options)
    await_growth(sink, 100, first)
    second = start(job, location, sink, **options)
    time.sleep(12)  # the second one is in, and both are at work
    first.send_signal(signal.SIGTERM)
    reports = [finish(first), finish(second)]
    assert outcomes(sink) == expected(worker, job, file, 4 if key else 1)
    assert sum(cluster.committed(topic)) == ROWS * 6
    assert reports[0]["interrupted"]
    assert min(report["read"] for report in reports) > 0
    assert sum(report["read"] for report in reports) == ROWS * 6  # who leaves, leaves nothing half done
