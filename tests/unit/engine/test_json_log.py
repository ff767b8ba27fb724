"""One JSON object a line, in ECS names; no record and no secret in it; a log that fails harms no run."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.engine.json_log import JsonLogObserver, Level, to_file, to_stderr
from icelos.engine.run import Report
from icelos.errors import InputError, StoreError
from icelos.findings import Finding, Verdict

ALERT = Finding(record_id="r1", job="logs", verdict=Verdict.ALERT, label="odd", summary="raw-record")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Log:
    """A run's log in memory."""

    def __init__(self, level: Level = "info", secrets: tuple[str, ...] = ()) -> None:
        self.written: list[bytes] = []
        self.clock = Clock()
        self.observer = JsonLogObserver(self.written.append, level=level, secrets=secrets, clock=self.clock)
        self.report = Report(job="logs")

    @property
    def lines(self) -> list[dict[str, Any]]:
        assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in self.written)
        return [json.loads(line) for line in self.written]

    def begin(self) -> None:
        self.observer.began(self.report, engine="threads")

    def batch(self, seconds: float = 1.0) -> None:
        self.clock.now += seconds
        outcomes = [ALERT, None, None, None]
        self.observer.scored(outcomes, 0.25)
        self.report.count(outcomes)
        self.observer.stored(self.report, 0.01)


def actions(log: Log) -> list[str]:
    return [line["event.action"] for line in log.lines]


def test_a_run_from_beginning_to_end() -> None:
    log = Log()
    log.begin()
    for _ in range(35):
        log.batch()
    log.observer.ended(log.report)
    assert actions(log) == ["run-started", *["run-progress"] * 3, "run-ended"]
    assert len({line["icelos.run.id"] for line in log.lines}) == 1
    progress, last = log.lines[2], log.lines[-1]
    assert progress["icelos.records.read"] == 80
    assert progress["icelos.rate.now"] == progress["icelos.rate.mean"] == 4.0
    assert progress["icelos.batch.p95_seconds"] == 0.25
    assert last["event.outcome"] == "success"
    assert last["event.duration"] == 35_000_000_000
    assert (last["icelos.records.findings"], last["icelos.verdicts"]) == (35, {"alert": 35})
    assert "raw-record" not in str(log.written)


def test_the_fields_that_ecs_wants() -> None:
    log = Log()
    log.begin()
    assert list(log.lines[0])[:3] == ["@timestamp", "log.level", "message"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", log.lines[0]["@timestamp"])
    wanted = {
        "log.level": "info",
        "icelos.job": "logs",
        "icelos.engine": "threads",
        "process.pid": os.getpid(),
    }
    assert wanted.items() <= log.lines[0].items()
    assert {"ecs.version", "service.name", "service.version", "event.dataset"} <= set(log.lines[0])


def test_waiting_tells_progress_too_and_no_more_often() -> None:
    log = Log()
    log.begin()
    for _ in range(30):
        log.clock.now += 1
        log.observer.waiting()
        log.observer.lagging(17)
    assert actions(log).count("run-progress") == 3
    assert log.lines[-1]["icelos.lag"] == 17


def test_what_goes_wrong_is_told_each_time() -> None:
    log = Log(level="debug")
    log.begin()
    log.observer.sink_failed(OSError(28, "No space left on device", "/secret/path"), again_in=1.25)
    log.observer.worker_died()
    log.observer.checkpointed(0.5, 4096)
    log.observer.draining()
    _, sink, worker, checkpoint, draining = log.lines
    assert (sink["log.level"], sink["error.type"], sink["icelos.sink.retry_seconds"]) == (
        "warn",
        "OSError",
        1.25,
    )
    assert sink["error.message"] == "No space left on device"
    assert worker["event.action"] == "worker-died"
    assert (checkpoint["log.level"], checkpoint["icelos.checkpoint.bytes"]) == ("debug", 4096)
    assert checkpoint["event.duration"] == 500_000_000
    assert draining["event.action"] == "run-draining"


@pytest.mark.parametrize(("level", "wanted"), [("debug", 4), ("info", 3), ("warn", 2), ("error", 1)])
def test_levels(level: Level, wanted: int) -> None:
    log = Log(level=level)
    log.begin()
    log.observer.checkpointed(0.5, 4096)
    log.observer.worker_died()
    log.observer.ended(log.report, RuntimeError("x"))
    assert len(log.lines) == wanted


def test_how_it_ended() -> None:
    for report, error, outcome in (
        (Report(job="logs", interrupted=True), None, "unknown"),
        (Report(job="logs"), StoreError("cannot write", source="findings.sqlite"), "failure"),
    ):
        log = Log()
        log.begin()
        log.observer.ended(report, error)
        assert log.lines[-1]["event.outcome"] == outcome
    assert log.lines[-1]["error.message"] == "findings.sqlite: cannot write"


def test_a_run_that_never_began() -> None:
    log = Log()
    log.observer.ended(Report(job="logs"), InputError("no such file", source="a.log"))
    assert log.lines[0]["icelos.job"] == "logs"
    assert log.lines[0]["error.type"] == "InputError"


def test_secrets_are_hidden_and_words_of_others_not_told() -> None:
    log = Log(secrets=("hunter2-the-key",))
    log.begin()
    for error in (
        StoreError("cannot reach postgres://icelos:Tr0ub4dor@db/x with hunter2-the-key"),
        ValueError("raw-record: login by ann from 10.0.0.1"),
        RuntimeError("Tr0ub4dor"),
    ):
        log.observer.sink_failed(error, again_in=1)
    log.observer.ended(log.report, StoreError("hunter2-the-key\nis wrong"))
    text = b"".join(log.written).decode()
    for secret in ("Tr0ub4dor", "hunter2-the-key", "raw-record"):
        assert secret not in text
    assert "db/x" in text


@given(st.text())
def test_whatever_an_error_says_it_is_one_line_of_bounded_length(said: str) -> None:
    log = Log()
    log.observer.ended(log.report, StoreError(said))
    assert len(log.lines) == 1
    assert len(log.lines[0]["error.message"]) <= 500


def test_a_file_may_be_rotated_and_is_not_for_everyone(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write = to_file(path)
    write(b"one\n")
    path.rename(tmp_path / "run.json.1")
    write(b"two\n")
    assert (tmp_path / "run.json.1").read_bytes() == b"one\n"
    assert path.read_bytes() == b"two\n"
    assert stat.S_IMODE(path.stat().st_mode) & 0o007 == 0


def test_a_file_that_cannot_be_written_is_said_at_once(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none" / "run.json"):
        with pytest.raises(InputError, match="cannot write the log"):
            to_file(path)


def test_a_log_that_fails_later_harms_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    observer = JsonLogObserver(to_file(folder / "run.json"))
    (folder / "run.json").unlink()
    folder.rmdir()
    observer.began(Report(job="logs"), engine="threads")
    folder.mkdir()
    observer.worker_died()
    assert json.loads((folder / "run.json").read_text())["event.action"] == "worker-died"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_harms_nobody() -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        JsonLogObserver(full.write).began(Report(job="logs"), engine="threads")


def test_a_pipe_that_nobody_reads_holds_up_nobody(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    observer = JsonLogObserver(to_file(path))
    for _ in range(1000):
        observer.worker_died()
    os.close(reader)
    observer.worker_died()


def test_standard_error_has_whole_lines(capfd: pytest.CaptureFixture[str]) -> None:
    JsonLogObserver(to_stderr).began(Report(job="logs"), engine="threads")
    assert json.loads(capfd.readouterr().err)["event.action"] == "run-started"
