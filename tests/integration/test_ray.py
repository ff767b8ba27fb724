"""Actors of a real Ray cluster on this machine: the same outcomes, whatever becomes of them."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
import types
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from rows import write_rows

from icelos import registry
from icelos.data.sinks import SqliteSink
from icelos.engine.jobs import items_of
from icelos.engine.loop import Loop
from icelos.engine.observing import Observer
from icelos.engine.partitions import partition_of
from icelos.engine.pipeline import Pipeline, run_pipeline
from icelos.engine.ray import cluster as engine
from icelos.engine.ray.actor import Actor
from icelos.engine.ray.cluster import Cluster, RayPending, RayWorkers
from icelos.engine.ray.distributed import Reading
from icelos.engine.ray.parts import FATAL, Readings
from icelos.engine.ray.shared import SharedWorkers
from icelos.engine.run import Options, Report
from icelos.engine.workers import Host, JobSpec, WorkerDied
from icelos.errors import IcelosError, InputError, MissingExtra, RunError, SettingsError
from icelos.findings import Failure
from icelos.records import LogLine, Record
from icelos.settings import EngineSettings, Settings

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

JOBS = {"plain": "ray_jobs:plain", "counting": "ray_jobs:counting", "broken": "ray_jobs:broken"}


def plug_in(folder: Path) -> None:
    """The jobs of `ray_jobs.py` as an installed distribution has them."""
    shutil.copy(Path(__file__).with_name("ray_jobs.py"), folder)
    about = folder / "ray_jobs-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: ray-jobs\nVersion: 1\n")
    lines = "".join(f"{name} = {value}\n" for name, value in JOBS.items())
    (about / "entry_points.txt").write_text(f"[icelos.jobs]\n{lines}")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("plug-in")
    plug_in(folder)
    before = dict(os.environ)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), *sys.path])
    sys.path.insert(0, str(folder))
    registry.names.cache_clear()
    handler = signal.getsignal(signal.SIGTERM)
    try:
        with Cluster() as one:
            assert signal.getsignal(signal.SIGTERM) is handler
            yield one
    finally:
        sys.path.remove(str(folder))
        os.environ.clear()
        os.environ.update(before)
        registry.names.cache_clear()


def _spec(name: str = "plain", **options: str) -> JobSpec:
    return JobSpec(name, Settings(), options)


def _lines(texts: Sequence[str]) -> list[Record]:
    return [LogLine(id=f"r{n}", source=f"a:{n}", text=text) for n, text in enumerate(texts)]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_job_without_state_gives_the_same(cluster: Cluster, workers: int) -> None:
    batch = _lines([f"line {n}" + ("poison" if n == 17 else "") for n in range(300)])
    batches = [batch[n : n + 40] for n in range(0, 300, 40)]
    with RayWorkers(_spec(), minimum=workers) as pool:
        crew = pool.start_some(workers)
        assert len(crew) == workers
        pending = [crew[n % workers].submit(0, one) for n, one in enumerate(batches)]
        outcomes = [outcome for one in pending for outcome in one.result()]
        for worker in crew:
            worker.close()
    assert outcomes == Host(_spec()).score(0, batch)
    failed = [one for one in outcomes if isinstance(one, Failure)]
    assert [one.record_id for one in failed] == ["r17"]


@pytest.mark.slow
def test_states_go_from_worker_to_worker(cluster: Cluster) -> None:
    """Four partitions over two workers, whose states two others take over in the middle."""
    here, partitions = Host(_spec("counting")), 4
    batch = _lines([f"user{n % 23} does {n}" for n in range(400)])
    wanted: Counter[str] = Counter()
    for half in (batch[:200], batch[200:]):
        for number, records in _split(half, partitions).items():
            wanted.update(str(one) for one in here.score(number, records) if one is not None)
    got: Counter[str] = Counter()
    states: dict[int, bytes] = {}
    with RayWorkers(_spec("counting"), cpus=0.5) as pool:
        for half in (batch[:200], batch[200:]):
            crew = [pool.start(), pool.start()]
            for place, worker in enumerate(crew):
                worker.restore({number: state for number, state in states.items() if number % 2 == place})
            pending = [crew[n % 2].submit(n, records) for n, records in _split(half, partitions).items()]
            states = crew[0].snapshot() | crew[1].snapshot()
            assert all(one.done() for one in pending)
            got.update(str(one) for result in pending for one in result.result() if one is not None)
            for worker in crew:
                worker.close()
    assert got == wanted
    assert states == here.snapshot()
    assert len(states) == partitions


def _split(batch: Sequence[Record], partitions: int) -> dict[int, list[Record]]:
    split: dict[int, list[Record]] = {}
    for record in batch:
        assert isinstance(record, LogLine)
        split.setdefault(partition_of(record.text.partition(" ")[0], partitions), []).append(record)
    return split


@pytest.mark.slow
def test_what_is_no_state_is_said(cluster: Cluster) -> None:
    with RayWorkers(_spec("counting"), cpus=0.5) as pool, pytest.raises(ValueError, match=r".+"):
        pool.start().restore({0: b"\xc1"})


@pytest.mark.slow
def test_what_cannot_cross_costs_one_record(cluster: Cluster) -> None:
    import threading

    batch = _lines(["fine", "unpackable", "fine too", "raises poison", "x"])
    locked = LogLine(id="locked", source="a:9", text="t", fields={"lock": threading.Lock()})
    with RayWorkers(_spec(), cpus=0.5) as pool:
        outcomes = pool.start().submit(0, [*batch, locked]).result()
    said = {one.record_id: one.error for one in outcomes if isinstance(one, Failure)}
    assert said.keys() == {"r1", "r3", "locked"}
    assert "outcome cannot be sent" in said["r1"]
    assert said["r3"] == "ValueError: poison"
    assert "cannot be sent: TypeError" in said["locked"]
    assert len(outcomes) == 6


@pytest.mark.parametrize(
    ("why", "kind", "words"),
    [
        ("settings", SettingsError, "no such option (leave it out)"),
        ("input", InputError, "model/: no model there"),
        ("extra", MissingExtra, "The thing is not installed (pip install 'icelos[thing]')"),
        ("bug", RunError, "a worker failed: KeyError: 'what'"),
    ],
)
def test_a_job_that_cannot_be_built_says_so(
    cluster: Cluster, why: str, kind: type[IcelosError], words: str
) -> None:
    with RayWorkers(_spec("broken", why=why), cpus=0.5) as pool:
        pending = pool.start().submit(0, _lines(["a"]))
        with pytest.raises(kind) as caught:
            pending.result()
    assert type(caught.value) is kind
    assert str(caught.value) == words


def test_an_unknown_job_says_so(cluster: Cluster) -> None:
    with RayWorkers(_spec("no-such-job"), cpus=0.5) as pool:
        pending = pool.start().submit(0, _lines(["a"]))
        with pytest.raises(SettingsError, match="no job called 'no-such-job'"):
            pending.result()


@pytest.mark.slow
def test_a_record_that_ends_its_worker_does_so_every_time(
    cluster: Cluster, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """What Ray says of it goes to the log: on stdout there may be findings."""
    caplog.set_level("INFO", "icelos.ray")
    with RayWorkers(_spec(), cpus=0.5) as pool:
        for _ in range(3):
            worker = pool.start()
            with pytest.raises(WorkerDied, match="process has died"):
                worker.submit(0, _lines(["fine", "kills"])).result()
            with pytest.raises(WorkerDied):
                worker.snapshot()
            with pytest.raises(WorkerDied):
                worker.submit(0, _lines(["fine"])).result()
            worker.close()
        assert len(pool.start().submit(0, _lines(["fine"])).result()) == 1
    _until(lambda: "A worker died" in caplog.text)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_kill_9_in_the_middle_loses_nothing(cluster: Cluster) -> None:
    """A loop as small as can be: what its worker had not given back goes to another one."""
    batch = _lines([f"line {n}" for n in range(200)])
    todo = [batch[n : n + 10] for n in range(0, 200, 10)]
    outcomes = []
    killed = 0
    with RayWorkers(_spec(seconds="0.005"), cpus=0.5) as pool:
        worker = pool.start()
        for number, one in enumerate(todo):
            pending = worker.submit(0, one)
            if number in (5, 6, 15):
                os.kill(worker.process, signal.SIGKILL)
            while True:
                try:
                    outcomes += pending.result()
                    break
                except WorkerDied:
                    killed += 1
                    worker.close()
                    worker = pool.start()
                    pending = worker.submit(0, one)
    assert killed == 3
    assert outcomes == Host(_spec()).score(0, batch)


@pytest.mark.slow
def test_large_batches_leave_the_object_store(cluster: Cluster) -> None:
    """Twice its size passes through, and nothing of it goes to disk or stays."""
    ray: Any = importlib.import_module("ray")

    def free() -> float:
        return float(ray.available_resources()["object_store_memory"])

    size = 16 << 20
    text = "x" * size
    with RayWorkers(_spec(), cpus=0.5) as pool:
        worker = pool.start()
        pending = worker.submit(0, [LogLine(id="0", source="a:0", text=text)] * 8)
        _until(lambda: free() < engine.OBJECT_STORE - size)
        pending.result()
        for number in range(2 * engine.OBJECT_STORE // size):
            worker.submit(0, [LogLine(id=str(number), source="a:1", text=text)]).result()
        _until(lambda: free() == engine.OBJECT_STORE)
    assert cluster._folder is not None
    assert not [path for path in cluster._folder.rglob("*spill*/*") if path.is_file()]


def _until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
def test_a_node_without_our_packages_says_so(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    class Elsewhere(Actor):
        """Of a module that only this process has."""

    module = types.ModuleType("only_here")
    Elsewhere.__module__, Elsewhere.__qualname__ = "only_here", "Elsewhere"
    module.Elsewhere = Elsewhere  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "only_here", module)
    monkeypatch.setattr(engine, "Actor", Elsewhere)
    with (
        RayWorkers(_spec(), cpus=0.5) as pool,
        pytest.raises(
            RunError, match=r"cannot start: ModuleNotFoundError: No module named 'only_here' \(are"
        ),
    ):
        pool.start()


@pytest.mark.slow
def test_one_that_cannot_be_placed_holds_up_nobody(cluster: Cluster) -> None:
    """Each takes more than half of the machine, so that there is room for one."""
    cpus = float((os.cpu_count() or 1) // 2 + 1)
    with RayWorkers(_spec(), cpus=cpus, minimum=3, patience_s=30.0) as pool:
        [worker] = pool.start_some(3)
        assert pool.grown(10, 1) == []
        assert len(worker.submit(0, _lines(["a", "b"])).result()) == 2
        assert pool.grown(10, 1) == []
        worker.close()
        deadline = time.monotonic() + 30
        while not (grown := pool.grown(10, 0)) and time.monotonic() < deadline:
            time.sleep(0.1)
        [worker] = grown  # its place is free
        worker.close()


@pytest.mark.slow
def test_where_none_can_be_placed_it_says_what_there_is(cluster: Cluster) -> None:
    with RayWorkers(_spec(), gpus=0.25, patience_s=1.0) as pool:
        with pytest.raises(
            RunError, match=r"within 1 s: it takes 1 CPUs, 0\.25 GPUs, and the cluster has"
        ) as caught:
            pool.start()
        assert f"{os.cpu_count()} CPUs, 0 GPUs" in str(caught.value)
        assert "on 1 node (" in str(caught.value)


@pytest.mark.slow
def test_workers_that_read_give_the_same(cluster: Cluster, tmp_path: Path) -> None:
    """Two readers, one of which is killed in the middle, and a line that ends whoever scores it."""
    texts = [f"file {file} line {n}" for file in range(30) for n in range(40)]
    texts[333] = "poison"
    texts[555] = "kills"
    for file in range(30):
        (tmp_path / f"{file:02}.log").write_text("\n".join(texts[file * 40 : file * 40 + 40]) + "\n")
    readings = Readings("plain", (str(tmp_path),), source_format="lines", batch_size=16)
    spec = _spec(seconds="0.002")
    outcomes = []
    clear: list[str] = []
    with RayWorkers(spec, cpus=0.5, minimum=2, maximum=2, readings=readings) as pool:
        reading = Reading(pool, readings)
        for number, batch in enumerate(reading):
            outcomes += batch.outcomes
            clear += batch.clear
            if number == 20:
                lane = next(lane for lane in reading._lanes if lane.pending and lane.number >= 0)
                assert isinstance(lane.reader, engine.RayWorker)
                os.kill(lane.reader.process, signal.SIGKILL)
    assert reading.died >= 1 + 4
    assert len(outcomes) == len(texts)
    failed = {one.error: one.source for one in outcomes if isinstance(one, Failure)}
    assert failed == {"ValueError: poison": "08.log:14", FATAL: "13.log:36"}
    items = list(items_of("plain", str(tmp_path), source_format="lines", options=None))
    records = [one for one in items if isinstance(one, LogLine) and "kills" not in one.text]
    here = Host(_spec()).score(0, records)
    there = [one for one in outcomes if not (isinstance(one, Failure) and one.error == FATAL)]
    assert Counter(map(str, there)) == Counter(map(str, here))
    assert sorted(clear) == sorted(r.id for r, one in zip(records, here, strict=True) if one is None)


class Killing(Observer):
    """Kills a worker's process each time that so many more records are stored."""

    def __init__(self, pool: RayWorkers, every: int) -> None:
        self._pool, self._every = pool, every
        self._next = every
        self.died = 0

    def stored(self, report: Report, seconds: float) -> None:
        if report.read >= self._next and self._pool._live:
            self._next += self._every
            os.kill(self._pool._live[self._next % len(self._pool._live)].process, signal.SIGKILL)

    def worker_died(self) -> None:
        self.died += 1


@pytest.mark.slow
@pytest.mark.parametrize("job", ["marks", "counts"])
def test_a_run_gives_the_same_whoever_is_killed(cluster: Cluster, job: str, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    write_rows(rows, 3_000, poisoned=0.01)
    settings = Settings(engine=EngineSettings(partitions=4))
    with SqliteSink(tmp_path / "expected.sqlite") as sink:
        wanted = run_pipeline(Pipeline(job=job, locations=(str(rows),)), sink, settings=settings)
        expected = [*sink.findings(limit=10_000), *sink.failures(limit=10_000)]
    spec = JobSpec(job, settings, {"milliseconds": "1"})
    pool = RayWorkers(spec, cpus=0.5, minimum=2, maximum=2)
    killing = Killing(pool, every=1_100)
    options = Options(batch_size=50, workers=2, partitions=4, checkpoint_seconds=0.2)
    with SqliteSink(tmp_path / "found.sqlite") as sink:
        source = items_of(job, str(rows), source_format="jsonl", options=None)
        workers = SharedWorkers(pool) if job == "marks" else pool
        report = Loop(spec.build(), source, sink, workers, options, observer=killing, stop=lambda: False).go()
        found = [*sink.findings(limit=10_000), *sink.failures(limit=10_000)]
    assert killing.died >= 2
    assert (report.read, report.findings, report.failures) == (3_000, wanted.findings, wanted.failures)
    assert sorted(map(str, found)) == sorted(map(str, expected))
    assert report.failures > 10


@pytest.mark.slow
def test_where_there_is_no_room_workers_share_one(cluster: Cluster) -> None:
    """States of two seats at one actor are apart."""
    cpus = float((os.cpu_count() or 1) // 2 + 1)
    with RayWorkers(_spec("counting"), cpus=cpus, sharing_s=1.0) as pool:
        first, second = pool.start(), pool.start()
        assert first.process == second.process
        batch = _lines([f"one {n}" for n in range(6)])
        assert first.submit(0, batch).result() == second.submit(0, batch).result()
        assert first.snapshot() == second.snapshot() != {}
        second.restore({})
        first.close()
        assert second.snapshot() == {}
        assert len(second.submit(0, batch).result()) == 6
        second.close()


@pytest.mark.slow
def test_nothing_listens_beyond_this_machine(cluster: Cluster) -> None:
    psutil: Any = importlib.import_module("psutil")  # Ray brings it
    listening = []
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            found = process.net_connections("tcp")
            listening += [one.laddr.ip for one in found if one.status == psutil.CONN_LISTEN]
    assert len(listening) >= 4
    assert set(listening) <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}, listening


@pytest.mark.slow
def test_others_are_not_let_in(cluster: Cluster) -> None:
    """Neither to the cluster without its token, nor to its folder."""
    import ray

    assert cluster._folder is not None
    assert cluster._folder.stat().st_mode & 0o077 == 0
    address = ray.get_runtime_context().gcs_address
    code = (
        "from ray._raylet import GcsClient\n"
        f"print(GcsClient(address={address!r}).internal_kv_keys(b'', namespace=None))"
    )
    environment = {**os.environ, "RAY_AUTH_TOKEN": "0" * 64, "RAY_gcs_rpc_server_connect_timeout_s": "1"}
    told = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert told.returncode != 0
    assert "InvalidAuthToken" in told.stderr
    environment["RAY_AUTH_TOKEN"] = os.environ["RAY_AUTH_TOKEN"]
    told = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert told.returncode == 0, told.stderr


@pytest.mark.slow
def test_what_is_pending_can_be_waited_for(cluster: Cluster) -> None:
    with RayWorkers(_spec(seconds="0.2"), cpus=0.5) as pool:
        pending = pool.start().submit(0, _lines(["a"]))
        began = time.monotonic()
        while not pending.done() and time.monotonic() < began + 30:
            pool.wait([pending], 10.0)
        assert pending.done()
        assert len(pending.result()) == 1
        pool.wait([RayPending(None, RunError("x"))])


def test_a_remote_client_is_refused() -> None:
    with pytest.raises(SettingsError, match="HOST:PORT or auto"):
        RayWorkers(_spec(), address="ray://127.0.0.1:10001")
