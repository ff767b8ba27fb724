"""Sinks that are down: tried again, with patience, and not beyond a stop."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from icelos.engine.observing import Observer
from icelos.engine.writing import PatientSink
from icelos.errors import StoreError
from icelos.findings import Failure, Outcome

ONE = [Failure(record_id="1", job="j", error="e", source="s")]


class Down:
    """Cannot write so many times."""

    def __init__(self, times: int, error: Exception) -> None:
        self.left, self.error = times, error
        self.stored: list[Outcome] = []

    def write(self, outcomes: Sequence[Outcome]) -> None:
        if self.left:
            self.left -= 1
            raise self.error
        self.stored += outcomes

    def close(self) -> None:
        """Nothing to close."""


class Told(Observer):
    def __init__(self) -> None:
        self.pauses: list[float] = []

    def sink_failed(self, error: Exception, *, again_in: float) -> None:
        self.pauses.append(again_in)


@pytest.mark.parametrize("error", [StoreError("down"), OSError(28, "No space left on device", "/data")])
def test_it_is_tried_again_ever_later(error: Exception) -> None:
    sink, told = Down(12, error), Told()
    PatientSink(sink, 300, told, wait=lambda _: None).write(ONE)
    assert sink.stored == ONE
    assert len(told.pauses) == 12
    assert 0.1 <= told.pauses[0] <= 0.2
    assert max(told.pauses) <= 10


def test_patience_ends() -> None:
    with pytest.raises(StoreError, match=r"/data: cannot write: No space left"):
        PatientSink(Down(3, OSError(28, "No space left", "/data")), 0, Told()).write(ONE)


def test_a_stop_is_not_kept_waiting() -> None:
    asked: list[float] = []
    sink = PatientSink(Down(99, StoreError("down")), 300, Told(), stop=lambda: bool(asked), wait=asked.append)
    with pytest.raises(StoreError, match="down"):
        sink.write(ONE)
    assert len(asked) == 1


def test_other_errors_are_defects_and_told_at_once() -> None:
    with pytest.raises(ZeroDivisionError):
        PatientSink(Down(1, ZeroDivisionError()), 300, Told()).write(ONE)
