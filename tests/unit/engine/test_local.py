"""Runs: order, counts, durability, interruption, limits, threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.contracts import Needs, Scored
from icelos.data.sinks import SqliteSink
from icelos.engine.local import run
from icelos.engine.run import Options, Report
from icelos.errors import InputError, RunError, StoreError
from icelos.findings import Failure, Finding, Outcome, Verdict
from icelos.records import LogLine, Record


class Marker:
    """A finding for every odd number, clear for even ones; "raises" raises."""

    name = "marker"
    needs = Needs()

    def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
        return [self._one(record) for record in batch]

    def _one(self, record: Record) -> Scored:
        text = getattr(record, "text", "")
        if text == "raises":
            raise ValueError("poison")
        if int(record.id) % 2 == 0:
            return None
        return Finding(record_id=record.id, job=self.name, verdict=Verdict.REVIEW, label="l", summary=text)


class Memory:
    """A sink in memory."""

    def __init__(self) -> None:
        self.stored: list[Outcome] = []

    def write(self, outcomes: Sequence[Outcome]) -> None:
        self.stored += outcomes

    def close(self) -> None:
        """Nothing to close."""


def _record(number: int, text: str = "fine") -> LogLine:
    return LogLine(id=str(number), source=f"a:{number}", text=text)


def _items(kinds: Sequence[str]) -> list[Record | Failure]:
    return [_broken(n) if kind == "broken" else _record(n, kind) for n, kind in enumerate(kinds)]


def _broken(number: int) -> Failure:
    return Failure(record_id=str(number), job="", error="unreadable", source=f"a:{number}")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["fine", "raises", "broken"]), max_size=60),
    st.integers(1, 7), st.integers(1, 3),
)  # fmt: skip
def test_read_is_the_sum_and_order_is_kept(kinds: list[str], batch_size: int, workers: int) -> None:
    sink = Memory()
    report = run(Marker(), _items(kinds), sink, Options(batch_size=batch_size, workers=workers))
    assert report.read == len(kinds) == report.findings + report.clear + report.failures
    assert len(sink.stored) == report.findings + report.failures
    assert report.failures == kinds.count("raises") + kinds.count("broken")
    ids = [int(outcome.record_id) for outcome in sink.stored]
    assert ids == sorted(ids)
    assert all(outcome.job == "marker" for outcome in sink.stored)


class _Failing(Memory):
    """The second write does not come through."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error
        self._writes = 0

    def write(self, outcomes: Sequence[Outcome]) -> None:
        self._writes += 1
        if self._writes == 2:
            raise self._error
        super().write(outcomes)


def test_what_is_counted_is_stored_when_ctrl_c_comes_in_a_write() -> None:
    sink = _Failing(KeyboardInterrupt())
    report = run(Marker(), _items(["fine"] * 10), sink, Options(batch_size=2))
    assert report.interrupted
    assert report.findings == len(sink.stored) == 1
    assert report.read == 2


def test_a_sink_that_cannot_write_ends_the_run() -> None:
    seen: list[int] = []
    once = Options(batch_size=2, sink_patience_s=0)
    with pytest.raises(StoreError):
        run(Marker(), _items(["fine"] * 10), _Failing(StoreError("full")), once,
            progress=lambda report: seen.append(report.read))  # fmt: skip
    assert seen == [2]


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_in_the_source_keeps_what_was_stored(workers: int) -> None:
    def source() -> Iterator[Record]:
        yield from (_record(n) for n in range(200))
        raise KeyboardInterrupt

    sink = Memory()
    report = run(Marker(), source(), sink, Options(batch_size=10, workers=workers))
    assert report.interrupted
    assert report.findings == len(sink.stored)
    assert 0 < report.read <= 200


def test_ctrl_c_does_not_wait_for_what_has_not_begun() -> None:
    begun: list[str] = []
    lock = threading.Lock()

    class Slow(Marker):
        def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
            with lock:
                begun.append(batch[0].id)
            time.sleep(0.05)
            return super().score(batch)

    def source() -> Iterator[Record]:
        yield from (_record(n) for n in range(4))
        raise KeyboardInterrupt

    report = run(Slow(), source(), Memory(), Options(batch_size=1, workers=2))
    assert report.interrupted
    assert len(begun) < 4


def test_too_many_failures_stop_the_run_after_they_are_stored() -> None:
    sink = Memory()
    with pytest.raises(RunError, match="3 failures"):
        run(Marker(), _items(["raises"] * 10), sink, Options(batch_size=1, max_failures=2))
    assert len(sink.stored) == 3


def test_a_source_with_nothing_to_read_ends_the_run() -> None:
    class Nothing:
        def __iter__(self) -> Iterator[Record]:
            raise InputError("no such file")

    with pytest.raises(InputError):
        run(Marker(), Nothing(), Memory())


def test_the_window_is_bounded() -> None:
    """A slow job must not pull a whole source into memory."""
    drawn = 0
    ahead: list[int] = []

    def source() -> Iterator[Record]:
        nonlocal drawn
        for number in range(300):
            drawn += 1
            yield _record(number)

    def progress(report: Report) -> None:
        ahead.append(drawn - report.read)

    run(Marker(), source(), Memory(), Options(batch_size=5, workers=2), progress=progress)
    assert max(ahead) <= 5 * (2 * 2 + 1)


def test_seconds_and_rate_are_those_of_the_run() -> None:
    report = run(Marker(), _items(["fine"] * 4), Memory())
    assert report.seconds > 0
    assert report.rate == pytest.approx(4 / report.seconds)


@pytest.mark.parametrize("later", ["fine", "clear"])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_failure_is_over_when_its_record_is_scored_well(tmp_path: Path, later: str, workers: int) -> None:
    odd = 1 if later == "fine" else 2
    with SqliteSink(tmp_path / "f.sqlite") as sink:
        run(Marker(), [_record(odd, "raises"), _record(3, "raises"), _record(5)], sink)
        assert {failure.source for failure in sink.failures()} == {f"a:{odd}", "a:3"}
        run(Marker(), [_record(odd), _record(4)], sink, Options(batch_size=1, workers=workers))
        assert [failure.source for failure in sink.failures()] == ["a:3"]
        assert sink.count("finding") == (2 if later == "fine" else 1)


def test_a_clear_record_ends_the_failure_of_its_own_job_only(tmp_path: Path) -> None:
    class Other(Marker):
        name = "other"

    with SqliteSink(tmp_path / "f.sqlite") as sink:
        run(Other(), [_record(2, "raises")], sink)
        run(Marker(), [_record(2)], sink)
        assert [failure.job for failure in sink.failures()] == ["other"]
