"""Runs whose workers read: stopped, killed and gone on with at any place, each outcome counted once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from icelos import registry
from icelos.contracts import Needs, Scored
from icelos.data.sinks import SqliteSink
from icelos.engine.checkpoints import Checkpoints, Plan
from icelos.engine.observing import Observer
from icelos.engine.ray.distributed import PendingPiece, Reading
from icelos.engine.ray.parts import Group, PartReader, Piece, Readings
from icelos.engine.ray.reading_loop import ReadingLoop
from icelos.engine.run import Options, Report
from icelos.engine.workers import Host, JobSpec
from icelos.errors import RunError, StoreError
from icelos.findings import Finding, Outcome, Verdict
from icelos.records import Record
from icelos.settings import Settings


class Marker:
    name = "marker-job"
    needs = Needs()

    def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
        return [self._one(record) for record in batch]

    def _one(self, record: Record) -> Scored:
        text = getattr(record, "text", "")
        if "poison" in text:
            raise ValueError("poison")
        if len(text) % 2:
            return None
        return Finding(record_id=record.id, job=self.name, verdict=Verdict.REVIEW, label="l", summary=text)


def build(settings: Settings, options: Mapping[str, str]) -> Marker:
    return Marker()


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {group: dict(registry.names(group)) for group in ("jobs", "sources", "sinks")}
    known["jobs"]["marker"] = f"{__name__}:build"
    monkeypatch.setattr(registry, "names", known.__getitem__)


class Here:
    """Readers in this process, one at a time."""

    def __init__(self, readings: Readings) -> None:
        self._readings = readings

    def start(self) -> Seat:
        return Seat(PartReader(Host(JobSpec("marker", Settings())), self._readings))

    def grown(self, waiting: int, workers: int) -> list[Seat]:
        return []

    def wait(self, pending: Sequence[PendingPiece]) -> None:
        """All are done."""


class Seat:
    def __init__(self, reader: PartReader) -> None:
        self._reader = reader

    def read(self, group: Group) -> PendingPiece:
        return Done(self._reader.read(group))

    def more(self) -> PendingPiece:
        return Done(self._reader.more())

    def close(self) -> None:
        """Nothing."""


class Done:
    def __init__(self, piece: Piece) -> None:
        self._piece = piece

    def done(self) -> bool:
        return True

    def result(self) -> Piece:
        return self._piece


LINES = 12 * 25


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    for file in range(12):
        lines = [f"file {file} line {n}" + " poison" * (n == file) for n in range(25)]
        (folder / f"{file:02}.log").write_text("\n".join(lines) + "\n")
    return folder


def _run(
    logs: Path, sink: object, *, stop: Callable[[], bool] = lambda: False, runs: Path | None = None,
    observer: Observer | None = None, close: Callable[[], None] = lambda: None, **options: float,
) -> Report:  # fmt: skip
    readings = Readings("marker", (str(logs),), source_format="lines", batch_size=4)
    given = Options(checkpoint_seconds=1e-9, **options)  # type: ignore[arg-type]
    plan = Plan(job="marker", locations=(str(logs),), sink="")

    def go(checkpoints: Checkpoints | None) -> Report:
        return ReadingLoop(
            "marker-job", Reading(Here(readings), readings), sink, given,  # type: ignore[arg-type]
            observer=observer or Observer(), stop=stop, checkpoints=checkpoints, close=close,
        ).go()  # fmt: skip

    if runs is None:
        return go(None)
    with closing(Checkpoints(runs, plan)) as checkpoints:
        return go(checkpoints)


def test_all_of_it(logs: Path, tmp_path: Path) -> None:
    closed: list[bool] = []
    with SqliteSink(tmp_path / "f.sqlite") as sink:
        report = _run(logs, sink, close=lambda: closed.append(True))
        assert (report.read, report.failures, report.resumed) == (LINES, 12, 0)
        assert sink.count("finding") == report.findings > 0
        assert sink.count("failure") == 12
    assert closed == [True]
    assert not report.interrupted


@pytest.mark.parametrize("after", [0, 1, 7, 30, 70])
def test_stopped_and_gone_on_with(logs: Path, tmp_path: Path, after: int) -> None:
    whole = _run(logs, Memory())
    calls = iter(range(10_000))
    with SqliteSink(tmp_path / "f.sqlite") as sink:
        first = _run(logs, sink, runs=tmp_path / "runs", stop=lambda: next(calls) >= after)
        assert first.interrupted
        assert first.read < LINES
        again = _run(logs, sink, runs=tmp_path / "runs")
        assert again.resumed == first.read
        assert (again.read, again.findings, again.failures) == (LINES, whole.findings, whole.failures)
        assert again.verdicts == whole.verdicts
        assert sink.count("finding") == whole.findings


class Memory:
    def __init__(self, breaks_at: int = 10**9) -> None:
        self.stored: list[Outcome] = []
        self._breaks_at = breaks_at
        self.lock = threading.Lock()

    def write(self, outcomes: Sequence[Outcome]) -> None:
        if len(self.stored) + len(outcomes) > self._breaks_at:
            raise StoreError("the disk is full")
        self.stored += outcomes

    def close(self) -> None:
        """Nothing."""


def test_a_sink_that_stays_down_loses_nothing(logs: Path, tmp_path: Path) -> None:
    broken = Memory(breaks_at=40)
    with pytest.raises(StoreError, match="disk is full"):
        _run(logs, broken, runs=tmp_path / "runs", sink_patience_s=0.0)
    sink = Memory()
    report = _run(logs, sink, runs=tmp_path / "runs")
    assert report.read == LINES
    ids = [one.record_id for one in [*broken.stored, *sink.stored]]
    assert len(ids) == len(set(ids)) == report.findings + report.failures


def test_limits_stop_it(logs: Path) -> None:
    with pytest.raises(RunError, match="stopped after 6 failures"):
        _run(logs, Memory(), max_failures=5)


def test_what_is_told(logs: Path, tmp_path: Path) -> None:
    told: list[str] = []

    class Listening(Observer):
        def began(self, report: Report, *, engine: str) -> None:
            told.append(f"began {engine}")

        def scored(self, outcomes: Sequence[Scored], seconds: float) -> None:
            assert seconds >= 0
            told.append("scored")

        def stored(self, report: Report, seconds: float) -> None:
            told.append("stored")

        def checkpointed(self, seconds: float, size: int) -> None:
            assert size > 0
            told.append("checkpointed")

        def ended(self, report: Report, error: BaseException | None = None) -> None:
            told.append(f"ended {error}")

    _run(logs, Memory(), observer=Listening(), runs=tmp_path / "runs")
    assert told[0] == "began ray"
    assert told[-1] == "ended None"
    assert told[1:4] == ["scored", "stored", "checkpointed"]
    assert told.count("scored") == told.count("stored") >= LINES // 4
