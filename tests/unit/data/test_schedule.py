from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from icelos.data.schedule import (
    FIRST_RETRY,
    LAST_RETRY,
    STATE,
    Done,
    Schedule,
    Task,
    alone,
    is_kept,
    read_states,
)
from icelos.errors import InputError, RunError

HOUR = 3600.0


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


class Works:
    """Tasks that write down their runs, and fail where they are told to."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.failing: set[str] = set()
        self.wakes: dict[str, tuple[str, ...]] = {}

    def task(self, name: str, every: float = HOUR) -> Task:
        def work(stop: threading.Event) -> Done:
            del stop
            self.runs.append(name)
            if name in self.failing:
                raise InputError("no luck")
            return Done("well", self.wakes.get(name, ()))

        return Task(name, every, work)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def works() -> Works:
    return Works()


def schedule(folder: Path, clock: Clock, *tasks: Task, chance: float = 0.0) -> Schedule:
    return Schedule(folder, tasks, now=clock, chance=lambda: chance)


def run(one: Schedule) -> int:
    return one.run_due(threading.Event())


def test_everything_runs_at_first_in_order_then_by_its_interval(
    tmp_path: Path, clock: Clock, works: Works
) -> None:
    one = schedule(tmp_path, clock, works.task("b", HOUR), works.task("a", 2 * HOUR))
    run(one)
    assert works.runs == ["b", "a"]
    clock.time += HOUR - 1
    assert run(one) == 0
    clock.time += 1
    run(one)
    assert works.runs == ["b", "a", "b"]


def test_the_interval_has_jitter(tmp_path: Path, clock: Clock, works: Works) -> None:
    one = schedule(tmp_path, clock, works.task("a"), chance=1.0)
    run(one)
    assert one.states()["a"].next == clock.time + 1.1 * HOUR


def test_errors_are_kept_and_tried_again_ever_later(tmp_path: Path, clock: Clock, works: Works) -> None:
    one = schedule(tmp_path, clock, works.task("a", 24 * HOUR), works.task("b"))
    works.failing.add("a")
    pauses = []
    for _ in range(9):
        run(one)
        state = one.states()["a"]
        assert state.error == "no luck"
        pauses.append(state.next - clock.time)
        clock.time = state.next
    assert pauses[:3] == [FIRST_RETRY, 2 * FIRST_RETRY, 4 * FIRST_RETRY]
    assert pauses[-1] == LAST_RETRY
    assert "b" in works.runs, "one task's trouble ends no other"
    works.failing.clear()
    run(one)
    state = one.states()["a"]
    assert (state.error, state.failures, state.told) == ("", 0, "well")


def test_any_error_of_a_task_is_its_own(tmp_path: Path, clock: Clock) -> None:
    def bad(stop: threading.Event) -> Done:
        raise ZeroDivisionError("inside")

    one = schedule(tmp_path, clock, Task("a", HOUR, bad))
    run(one)
    assert one.states()["a"].error == "ZeroDivisionError: inside"


def test_missed_runs_are_made_up_for_once(tmp_path: Path, clock: Clock, works: Works) -> None:
    one = schedule(tmp_path, clock, works.task("a"))
    run(one)
    clock.time += 100 * HOUR  # the laptop slept
    run(one)
    run(one)
    assert works.runs == ["a", "a"]


def test_a_clock_that_is_set_back_stops_nothing(tmp_path: Path, clock: Clock, works: Works) -> None:
    one = schedule(tmp_path, clock, works.task("a"))
    run(one)
    clock.time -= 365 * 24 * HOUR
    run(one)
    run(one)
    assert works.runs == ["a", "a"]
    clock.time += HOUR
    run(one)
    assert works.runs == ["a", "a", "a"]


def test_what_came_wakes_what_rests_on_it(tmp_path: Path, clock: Clock, works: Works) -> None:
    works.wakes["feed"] = ("analysis", "no such task", "feed")
    one = schedule(tmp_path, clock, works.task("feed"), works.task("analysis", 24 * HOUR))
    run(one)
    clock.time += HOUR
    run(one)
    assert works.runs == ["feed", "analysis", "feed"]
    run(one)
    assert works.runs[3:] == ["analysis"]


def test_a_broken_state_is_begun_anew(tmp_path: Path, clock: Clock, works: Works) -> None:
    (tmp_path / STATE).write_text('{"a": {"next": "soon"')
    one = schedule(tmp_path, clock, works.task("a"))
    run(one)
    assert works.runs == ["a"]
    assert read_states(tmp_path)["a"].told == "well"


def test_a_stop_ends_it_between_two_tasks(tmp_path: Path, clock: Clock, works: Works) -> None:
    stop = threading.Event()

    def work(stopping: threading.Event) -> Done:
        stopping.set()
        return Done("last")

    one = schedule(tmp_path, clock, Task("a", HOUR, work), works.task("b"))
    one.run(stop)
    assert works.runs == []


def test_one_process_at_a_time(tmp_path: Path) -> None:
    assert not is_kept(tmp_path)
    with alone(tmp_path):
        assert is_kept(tmp_path)
        with pytest.raises(RunError, match="another process") as caught, alone(tmp_path):
            pass
        assert str(os.getpid()) in (caught.value.hint or "")
    assert not is_kept(tmp_path)
    with alone(tmp_path):
        pass


KILLED = """
    import sys, threading, time
    from pathlib import Path
    from icelos.data.schedule import Done, Schedule, Task, alone

    def work(stop):
        print("under way", flush=True)
        time.sleep(60)
        return Done("done")

    with alone(Path(sys.argv[1])):
        Schedule(Path(sys.argv[1]), [Task("a", 3600.0, work)]).run(threading.Event())
"""


def test_a_task_that_kills_its_process_is_tried_later_not_at_once_and_not_never(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "under way\n"
    assert is_kept(tmp_path)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert not is_kept(tmp_path)
    state = read_states(tmp_path)["a"]
    assert state.error == "it did not come to its end"
    assert FIRST_RETRY <= state.next - state.started <= 1.2 * FIRST_RETRY
    runs: list[str] = []

    def again(stop: threading.Event) -> Done:
        del stop
        runs.append("a")
        return Done("well")

    later = Schedule(tmp_path, [Task("a", HOUR, again)], now=lambda: time.time() + 1.2 * FIRST_RETRY)
    assert run(Schedule(tmp_path, [Task("a", HOUR, again)])) == 0
    assert run(later) == 1
