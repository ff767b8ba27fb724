"""Seats at a pool: nothing is lost, whoever dies, and one that does not come holds up nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.contracts import Needs, Scored
from icelos.engine.loop import Loop
from icelos.engine.observing import Observer
from icelos.engine.ray.shared import SharedWorkers
from icelos.engine.run import Options, score_safely
from icelos.engine.workers import Host, Pending, Worker, WorkerDied
from icelos.errors import RunError, SettingsError
from icelos.findings import Finding, Outcome, Verdict
from icelos.records import LogLine, Record


class Marker:
    name = "marker"
    needs = Needs()

    def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
        return [self._one(record) for record in batch]

    def _one(self, record: Record) -> Scored:
        if int(record.id) % 3:
            return None
        return Finding(record_id=record.id, job=self.name, verdict=Verdict.REVIEW, label="l", summary="s")


class Memory:
    def __init__(self) -> None:
        self.stored: list[Outcome] = []

    def write(self, outcomes: Sequence[Outcome]) -> None:
        self.stored += outcomes

    def close(self) -> None:
        """Nothing to close."""


class Mortal:
    """A worker in this process which scores when it is waited for, and ends after so many batches."""

    def __init__(self, life: int, killer: str) -> None:
        self._host = Host(None, Marker())
        self.life, self._killer = life, killer
        self.scored = 0
        self.closed = False

    def submit(self, partition: int, batch: Sequence[Record]) -> Pending:
        return Later(self, partition, batch)

    def score(self, partition: int, batch: Sequence[Record]) -> list[Scored]:
        if any(record.id == self._killer for record in batch):
            self.life = 0
        if self.life <= 0:
            raise WorkerDied("killed")
        self.life -= 1
        self.scored += 1
        return self._host.score(partition, batch)

    def snapshot(self) -> dict[int, bytes]:
        raise AssertionError("a job without state")

    def restore(self, states: Mapping[int, bytes]) -> None:
        raise AssertionError("a job without state")

    def close(self) -> None:
        self.closed = True


class Later:
    """Done when it has been waited for."""

    def __init__(self, worker: Mortal, partition: int, batch: Sequence[Record]) -> None:
        self._worker, self._given = worker, (partition, batch)
        self.waited = False

    def done(self) -> bool:
        return self.waited

    def result(self) -> list[Scored]:
        return self._worker.score(*self._given)


class Makers:
    """As many as there is room for; the first lives are given."""

    name = "here"

    def __init__(self, lives: Sequence[int] = (), room: int = 3, killer: str = "") -> None:
        self._lives, self._room, self._killer = list(lives), room, killer
        self.all: list[Mortal] = []
        self.closed = False
        self.idle = False

    def start(self) -> Worker:
        if not self._room:
            raise RunError("no room")
        self.all.append(Mortal(self._lives.pop(0) if self._lives else 10**9, self._killer))
        return self.all[-1]

    def grown(self, waiting: int, workers: int) -> list[Worker]:
        return [self.start()] if waiting and 0 < workers < self._room else []

    def wanted(self, waiting: int, workers: int) -> int:
        return 1 if self.idle else workers

    def wait(self, pending: Sequence[object]) -> None:
        assert pending
        for one in pending:
            assert isinstance(one, Later)
            one.waited = True

    def close(self) -> None:
        self.closed = True


def _run(makers: Makers, count: int, *, workers: int = 3) -> list[Outcome]:
    source = [LogLine(id=str(n), source=f"a:{n}", text="t") for n in range(count)]
    sink = Memory()
    options = Options(batch_size=4, workers=workers)
    loop = Loop(
        Marker(), source, sink, SharedWorkers(makers), options, observer=Observer(), stop=lambda: False
    )
    report = loop.go()
    assert report.read == count
    assert makers.closed
    assert all(worker.closed for worker in makers.all)
    return sink.stored


def _wanted(count: int) -> list[str]:
    return [str(n) for n in range(0, count, 3)]


def test_all_take_part() -> None:
    makers = Makers()
    assert [one.record_id for one in _run(makers, 300)] == _wanted(300)
    assert len(makers.all) == 3
    assert all(worker.scored > 5 for worker in makers.all)


@given(st.lists(st.integers(0, 9), max_size=2), st.integers(1, 3), st.integers(1, 5))
def test_nothing_is_lost_or_doubled(lives: list[int], room: int, seats: int) -> None:
    stored = _run(Makers(lives, room), 120, workers=seats)
    assert sorted(int(one.record_id) for one in stored) == list(range(0, 120, 3))
    assert all(isinstance(one, Finding) for one in stored)


@given(st.lists(st.integers(0, 9), max_size=20), st.integers(1, 3), st.integers(1, 5))
def test_where_many_die_some_records_may_be_blamed(lives: list[int], room: int, seats: int) -> None:
    """After three ends at one record, which may be chance; nothing is lost or doubled all the same."""
    stored = _run(Makers(lives, room), 120, workers=seats)
    found = [int(one.record_id) for one in stored if isinstance(one, Finding)]
    blamed = [int(one.record_id) for one in stored if not isinstance(one, Finding)]
    assert len(set(found + blamed)) == len(stored)
    assert sorted({*found, *blamed} | set(range(0, 120, 3))) == sorted({*found, *blamed})
    assert len(blamed) <= len(lives) // 3


def test_a_record_that_ends_its_worker_costs_one_record() -> None:
    stored = _run(Makers(killer="50"), 120)
    assert sorted(int(one.record_id) for one in stored) == sorted([*range(0, 120, 3), 50])
    assert [one.record_id for one in stored if not isinstance(one, Finding)] == ["50"]


def test_one_that_does_not_come_holds_up_nobody() -> None:
    makers = Makers(room=1)
    assert len(_run(makers, 60, workers=4)) == 20
    assert len(makers.all) == 1


def test_where_none_comes_the_run_ends() -> None:
    with pytest.raises(RunError, match="no room"):
        _run(Makers(room=0), 4)


def test_an_idle_worker_goes_when_it_is_not_wanted() -> None:
    makers = Makers()
    pool = SharedWorkers(makers)
    seat = pool.start()
    pending = [seat.submit(0, [LogLine(id=str(n), source="a:1", text="t")]) for n in range(20)]
    assert [len(one.result()) for one in pending] == [1] * 20
    assert [worker.closed for worker in makers.all] == [False] * 3
    makers.idle = True
    for _ in range(5):
        pool.move()
    assert sorted(worker.closed for worker in makers.all) == [False, True, True]
    pool.close()


def test_errors_of_a_job_are_told_at_its_result() -> None:
    class Refusing(Mortal):
        def score(self, partition: int, batch: Sequence[Record]) -> list[Scored]:
            raise SettingsError("no such option")

    class Refusers(Makers):
        def start(self) -> Worker:
            return Refusing(5, "")

    pool = SharedWorkers(Refusers())
    pending = pool.start().submit(0, [LogLine(id="1", source="a:1", text="t")])
    with pytest.raises(SettingsError, match="no such option"):
        pending.result()
    assert pending.done()


def test_what_a_closed_seat_had_waiting_is_not_scored() -> None:
    makers = Makers(room=1)
    pool = SharedWorkers(makers)
    first, second = pool.start(), pool.start()
    for n in range(10):
        first.submit(0, [LogLine(id=str(n), source="a:1", text="t")])
    wanted = second.submit(0, [LogLine(id="99", source="a:1", text="t")])
    first.close()
    assert [one.record_id for one in wanted.result() if one] == ["99"]
    assert makers.all[0].scored == 3  # two were with the worker already
    assert score_safely(Marker(), []) == []
