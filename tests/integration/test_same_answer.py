"""The same findings and failures whatever runs a job, and whatever is killed meanwhile."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from killing import environment, run_killed
from rows import write_rows

from icelos.data.sinks import JsonLinesSink, SqliteSink
from icelos.engine.pipeline import Pipeline, run_pipeline
from icelos.engine.run import Report
from icelos.findings import Outcome
from icelos.settings import EngineSettings, Settings, Workspace

JOBS = ("marks", "counts")
PLUGINS = str(Path(__file__).parents[1] / "plugins")
PARTITIONS = 4


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    write_rows(path, 6_000, poisoned=0.003)
    return path


@pytest.fixture(scope="module")
def expected(rows: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each job finds in this thread."""
    found = {}
    for job in JOBS:
        file = tmp_path_factory.mktemp("expected") / f"{job}.sqlite"
        _run(job, rows, file)
        found[job] = _digest(file)
    return found


def _run(job: str, rows: Path, file: Path, *, shard: str = "", **engine: Any) -> Report:
    settings = Settings(
        workspace=Workspace(home=str(file.parent)),
        engine=EngineSettings(**{"partitions": PARTITIONS, **engine}),
    )
    pipeline = Pipeline(job=job, locations=(str(rows),), shard=shard)
    with SqliteSink(file) as sink:
        return run_pipeline(pipeline, sink, settings=settings)


def _outcomes(file: Path) -> list[Outcome]:
    with SqliteSink(file) as sink:
        return [*sink.findings(limit=1_000_000), *sink.failures(limit=1_000_000)]


def _digest(file: Path) -> str:
    """Of the sorted set of all outcomes, whole."""
    encoded = sorted(msgspec.json.encode(one) for one in _outcomes(file))
    return hashlib.sha256(b"\n".join(encoded)).hexdigest()


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize(
    "engine",
    [
        {"workers": 2, "worker_kind": "process", "batch_size": 500},
        {"batch_size": 31},
        {"workers": 3, "worker_kind": "thread"},
    ],
)
def test_workers_do_not_change_what_is_found(
    job: str, engine: dict[str, Any], rows: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    report = _run(job, rows, tmp_path / "f.sqlite", **engine)
    assert report.read == len(rows.read_bytes().splitlines())
    assert report.failures > 0
    assert _digest(tmp_path / "f.sqlite") == expected[job]


@pytest.mark.parametrize("job", JOBS)
def test_shards_together_find_what_one_run_does(
    job: str, rows: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    reports = [_run(job, rows, tmp_path / "f.sqlite", shard=f"{n}/3") for n in (1, 2, 3)]
    assert sum(report.read for report in reports) == len(rows.read_bytes().splitlines())
    assert min(report.read for report in reports) > 0
    assert _digest(tmp_path / "f.sqlite") == expected[job]
    kept = len(_outcomes(tmp_path / "f.sqlite"))
    assert sum(report.findings + report.failures for report in reports) == kept


@pytest.mark.slow
@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("suffix", ["sqlite", pytest.param("jsonl", marks=pytest.mark.slow)])
def test_kill_9_loses_nothing_and_doubles_nothing(
    job: str, suffix: str, rows: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    sink = tmp_path / f"out.{suffix}"
    arguments = [
        "scan", job, str(rows), "--sink", str(sink), "-o", "milliseconds=0.1", "-o", "batch_size=100",
        "--partitions", str(PARTITIONS),
    ]  # fmt: skip
    settings = environment(tmp_path / "home", PYTHONPATH=PLUGINS, ICELOS_ENGINE_CHECKPOINT_SECONDS="0.05")
    assert run_killed(arguments, settings, kills=4, within=1.6, seed=3, log=tmp_path / "log") > 0
    assert not list((tmp_path / "home" / "runs").iterdir()), "a run that ended well leaves nothing behind"
    if suffix == "jsonl":
        lines = sink.read_bytes().splitlines()
        outcomes = [msgspec.json.encode(next(iter(msgspec.json.decode(line).values()))) for line in lines]
        assert len(set(outcomes)) == len(outcomes), "one line for each outcome"
        whole = tmp_path / "whole.jsonl"
        _run_into_lines(job, rows, whole)
        assert sorted(lines) == sorted(whole.read_bytes().splitlines())
    else:
        assert _digest(sink) == expected[job]


def _run_into_lines(job: str, rows: Path, file: Path) -> None:
    settings = Settings(engine=EngineSettings(partitions=PARTITIONS))
    with JsonLinesSink(file) as sink:
        run_pipeline(Pipeline(job=job, locations=(str(rows),)), sink, settings=settings)


@pytest.mark.parametrize("job", JOBS)
def test_workers_that_are_killed_are_replaced(
    job: str, rows: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    import multiprocessing

    killed: list[int] = []
    done = threading.Event()

    def kill() -> None:
        while not done.wait(0.7) and len(killed) < 3:
            for child in multiprocessing.active_children()[:1]:
                if child.pid is not None:
                    killed.append(child.pid)
                    child.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        settings = Settings(
            engine=EngineSettings(
                workers=2,
                worker_kind="process",
                partitions=PARTITIONS,
                batch_size=200,
                checkpoint_seconds=0.1,
            )
        )
        pipeline = Pipeline(job=job, locations=(str(rows),), options={"milliseconds": "0.3"})
        with SqliteSink(tmp_path / "f.sqlite") as sink:
            report = run_pipeline(pipeline, sink, settings=settings)
    finally:
        done.set()
        killer.join()
    assert killed
    assert report.read == len(rows.read_bytes().splitlines())
    assert _digest(tmp_path / "f.sqlite") == expected[job]


@pytest.mark.parametrize("job", JOBS)
def test_a_record_that_kills_its_worker_costs_itself(job: str, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    write_rows(rows, 300, poisoned=0)
    with rows.open("ab") as file:
        file.write(b'{"id": "row-of-death", "user": "a", "number": 1, "what": "kills"}\n')
    with rows.open("ab") as file:
        file.write(b'{"id": "row-after-it", "user": "a", "number": 7, "what": "fine"}\n')
    report = _run(job, rows, tmp_path / "f.sqlite", workers=2, worker_kind="process")
    (failed,) = SqliteSink(tmp_path / "f.sqlite").failures()
    assert "died of it" in failed.error
    assert "row-of-death" in failed.raw
    assert report.read == 302
    assert report.failures == 1


@pytest.mark.slow
def test_sigterm_finishes_what_is_in_flight_and_the_same_command_goes_on(
    rows: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    arguments = [
        sys.executable, "-m", "icelos", "scan", "marks", str(rows), "--sink", str(tmp_path / "out.sqlite"),
        "-o", "milliseconds=0.5",
    ]  # fmt: skip
    settings = environment(tmp_path / "home", PYTHONPATH=PLUGINS, ICELOS_ENGINE_PARTITIONS="4")
    process = subprocess.Popen(arguments, env=settings, stderr=subprocess.PIPE)
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130, told
    assert b"stopped" in told
    done = subprocess.run(arguments, env=settings, capture_output=True, check=True)
    assert b"going on after" in done.stderr
    assert _digest(tmp_path / "out.sqlite") == expected["marks"]
