"""Limits, batches, and patience with a store."""

from __future__ import annotations

import pytest

from icelos.engine.kafka.batches import Batcher, Group, Row, Taken
from icelos.engine.kafka.lanes import Judged, Owned
from icelos.engine.kafka.messages import Message
from icelos.engine.kafka.states import Snapshot
from icelos.engine.kafka.writing import Patience
from icelos.engine.run import Limits, Options
from icelos.errors import RunError, StoreError
from icelos.findings import Failure

BAD = Failure(record_id="x", job="logs", error="e", source="s")


def taken(owned: Owned, offset: int, value: bytes = b"") -> Taken:
    return Taken(owned, Message("t", owned.number, offset, value), len(value))


def test_limits_count_in_order() -> None:
    assert Limits(Options()).count([BAD] * 5000) == ""
    limits = Limits(Options(max_failures=2))
    assert limits.count([BAD, BAD]) == ""
    assert "3 failures" in limits.count([BAD])
    row = Limits(Options(max_consecutive_failures=2))
    assert row.count([BAD, BAD, None, BAD]) == ""
    assert "3 failures one behind" in row.count([BAD, BAD])
    ratio = Limits(Options(max_failure_ratio=0.5))
    assert ratio.count([BAD] * 999) == ""
    assert "1000 failures of 1000" in ratio.count([BAD])


def test_batches_close_by_rows_and_bytes_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Owned(0)
    batcher = Batcher(rows=2, size=10_000, seconds=5, apart=False)
    assert batcher.add(taken(one, 0)) is None
    assert batcher.add(taken(Owned(1), 0)) is not None
    assert batcher.add(taken(one, 1, b"x" * 20_000)) is not None
    assert batcher.add(taken(one, 2)) is None
    assert list(batcher.due()) == []
    now = __import__("time").monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now + 6)
    assert [len(batch.rows) for batch in batcher.due()] == [1]
    assert len(batcher) == 0


def test_partitions_with_state_are_apart_and_can_be_dropped() -> None:
    one, other = Owned(0), Owned(1)
    batcher = Batcher(rows=2, size=10_000, seconds=5, apart=True)
    assert batcher.add(taken(one, 0)) is None
    assert batcher.add(taken(other, 0)) is None
    batcher.drop(one)
    full = batcher.add(taken(other, 1))
    assert full is not None
    assert {row.owned for row in full.rows} == {other}
    assert len(batcher) == 0


def test_a_group_forgets_what_is_somebody_elses() -> None:
    one, other = Owned(0), Owned(1, gone=True)
    rows = [Row(taken(owned, 0), Judged("x", None)) for owned in (one, other)]
    snapshots = {owned: Snapshot(owned.number, 1, b"") for owned in (one, other)}
    group = Group(rows, snapshots, {one: 1, other: 1}, {one: 1, other: 1}).owned()
    assert [row.taken.owned for row in group.rows] == [one]
    assert list(group.snapshots) == list(group.offsets) == list(group.ends) == [one]


def test_patience_ends() -> None:
    waits: list[float] = []
    patience = Patience(0.3, lambda _, again_in: waits.append(again_in))
    tries = iter([StoreError("away"), None])

    def once() -> None:
        if error := next(tries):
            raise error

    patience.keep(once)
    assert len(waits) == 1

    def never() -> None:
        raise StoreError("away")

    with pytest.raises(RunError, match="nothing could be stored for 0 s: away"):
        patience.keep(never)


def test_other_errors_are_not_waited_for() -> None:
    def broken() -> None:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        Patience(10, lambda *_: None).keep(broken)
