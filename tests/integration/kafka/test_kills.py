"""Consumers and brokers are killed, consumers come and go: nothing is lost, nothing is there twice."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import time
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
    for item in [item for item in JsonLinesSource(rows) if item is not None]:
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
    options = {"idle": 3, "batch_size": 16, "checkpoint_seconds": 0.2}
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


@pytest.mark.parametrize("job", ["paced-thirds", "paced-visits"])
def test_a_transaction_is_seen_once_whatever_is_killed(
    tansu: Any, worker: ModuleType, committed: ModuleType, rows: Callable[..., Path], start: Start, job: str
) -> None:
    file = rows(ROWS, poison=100)
    topic = tansu.topic("exact")
    found, dead = f"{topic}-found", f"{topic}-dead"
    key = worker.Visits().key if job == "paced-visits" else None
    load_topic(JsonLinesSource(file), tansu.location(topic), key=key, partitions=4)
    given = {"dead_letter": dead, "transactional": "true", "instance": "one", "compression.type": "none"}
    location, sink = tansu.location(topic, **given), f"kafka://{tansu.servers}/{found}"
    options = {"idle": 3, "batch_size": 16, "checkpoint_seconds": 0.2}
    chance = random.Random(job)

    def seen() -> list[bytes]:
        values: list[bytes] = committed.committed_values(tansu.servers, found, 0)
        return values

    for number in range(6):
        process = start(job, location, sink, **options)
        enough = chance.randrange(1, 250) + (len(seen()) if number else 0)
        while process.poll() is None and ((number == 0 and not tansu.has(found)) or len(seen()) < enough):
            time.sleep(0.02)
        time.sleep(chance.random() * 0.05)
        process.kill()
        process.wait()
    finish(start(job, location, sink, **options))
    bodies = [next(iter(json.loads(value).values())) for value in seen()]
    assert len(bodies) == len({body["record_id"] for body in bodies})
    wanted = {one: json.loads(body) for one, body in expected(worker, job, file, 4 if key else 1).items()}
    assert {body["record_id"]: body for body in bodies} == wanted
    letters = [v for number in range(4) for v in committed.committed_values(tansu.servers, dead, number)]
    assert len(letters) == sum("error" in body for body in bodies)
    assert sum(tansu.committed(topic)) == ROWS


@pytest.fixture
def object_store() -> Iterator[tuple[str, dict[str, str]]]:
    """A bucket of an object store that outlives the broker, and the environment by which that finds it."""
    moto = pytest.importorskip("moto.server", reason="no object store (moto[server])")
    boto3 = pytest.importorskip("boto3", reason="no client of the object store (boto3)")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    given = {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT": f"http://{host}:{port}", "AWS_ALLOW_HTTP": "true",
    }  # fmt: skip
    client = boto3.client(
        "s3", endpoint_url=given["AWS_ENDPOINT"], region_name="us-east-1", aws_access_key_id="test",
        aws_secret_access_key="test",
    )  # fmt: skip
    bucket = f"tansu-{random.getrandbits(64):x}"  # the stores of a process share their buckets
    client.create_bucket(Bucket=bucket)
    client.close()
    yield f"s3://{bucket}/", given
    server.stop()


@pytest.mark.parametrize("job", ["paced-thirds", "paced-visits"])
def test_a_broker_that_is_killed_and_comes_back(
    object_store: tuple[str, dict[str, str]], new_tansu: Any, cluster_of: Any, worker: ModuleType,
    rows: Callable[..., Path], tmp_path: Path, start: Start, job: str,
) -> None:  # fmt: skip
    """The broker keeps its topics and offsets in an object store. A consumer's run goes on by itself.

    Without dead letters: killed between noting an idempotent producer's sequence and keeping its message,
    this broker takes the message for a repeated one when it comes again, and confirms what it has lost. A
    bare producer sees that, too. (A state that is lost so is replaced by the one before.)
    """
    broker = new_tansu(*object_store)
    try:
        cluster = cluster_of(broker)
        file, sink = rows(ROWS, poison=100), tmp_path / "kafka.sqlite"
        topic = cluster.topic("restarted")
        location = cluster.location(topic)
        key = worker.Visits().key if job == "paced-visits" else None
        load_topic(JsonLinesSource(file), location, key=key, partitions=4)
        process = start(job, location, sink, idle=15, batch_size=16, checkpoint_seconds=0.5)
        for _ in range(2):
            await_growth(sink, 200, process)
            broker.kill()
            time.sleep(3)
            broker.start()
        finish(process)
        assert outcomes(sink) == expected(worker, job, file, 4 if key else 1)
        assert sum(cluster.committed(topic)) == ROWS
    finally:
        broker.kill()
