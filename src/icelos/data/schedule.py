"""Work that is done again and again: when each task is due, what came of it, and one process that does it.

A state is written before a task begins and after it ends. Who is killed in between tries again after the
pause of a failure, not at once and not never; runs that were missed while a machine slept are made up for
once. Times are seconds since 1970 by the wall clock, looked at anew at least every `LOOK`: a clock that was
set is noticed. The lock goes with its process.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from icelos.data.atomic import atomic_write, open_alone
from icelos.errors import IcelosError, RunError, StoreError

STATE, LOCK = "schedule.json", ".schedule.lock"
LOOK = 20.0
JITTER = 0.1
"""Share of an interval by which a run may come later, so that not everybody asks at the full hour."""
FIRST_RETRY, LAST_RETRY = 300.0, 6 * 3600.0
SHORTEST = 60


class Done(NamedTuple):
    """What came of a run, in one line; `wakes` names tasks that are due now because of it."""

    told: str
    wakes: tuple[str, ...] = ()


class Task(NamedTuple):
    """Something to do every so many seconds. `work` is given what says that it should end."""

    name: str
    every: float
    work: Callable[[threading.Event], Done]


class TaskState(msgspec.Struct, frozen=True, kw_only=True):
    """How a task stands. Times are seconds since 1970, 0 where there is none.

    `error` is that of the last run, "" where it went well; `failures` counts those since the last good one.
    """

    every: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    good: float = 0.0
    next: float = 0.0
    told: str = ""
    error: str = ""
    failures: int = 0
    runs: int = 0


class Schedule:
    """The tasks of one workspace folder. `now` and `chance` (0 to 1) are there for tests."""

    def __init__(
        self, folder: Path, tasks: Sequence[Task], *, now: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random, changed: Callable[[str, TaskState], None] | None = None,
    ) -> None:  # fmt: skip
        self._path = folder / STATE
        self._tasks = {task.name: task for task in tasks}
        self._now, self._chance, self._changed = now, chance, changed

    def states(self) -> dict[str, TaskState]:
        """Every task's state, those of tasks that are no longer there left out."""
        known = read_states(self._path.parent)
        return {name: known.get(name, TaskState(every=task.every)) for name, task in self._tasks.items()}

    def due(self) -> list[str]:
        """The tasks whose time has come, the longest due first; of those that never ran, in their order."""
        now, states = self._now(), self.states()
        found = [name for name, task in self._tasks.items() if _is_due(states[name], task, now)]
        return sorted(found, key=lambda name: states[name].next)

    def run_due(self, stop: threading.Event) -> int:
        """Run what is due, one after another; how many. Raises StoreError where no state can be written."""
        count = 0
        for name in self.due():
            if stop.is_set():
                break
            self._run(self._tasks[name], stop)
            count += 1
        return count

    def run(self, stop: threading.Event) -> None:
        """Run what comes due until `stop` is set. The caller holds the lock."""
        while not stop.is_set():
            if not self.run_due(stop):
                stop.wait(self._pause())

    def _pause(self) -> float:
        states = self.states()
        if not states:
            return LOOK
        first = min(state.next for state in states.values())
        return min(LOOK, max(0.05, first - self._now()))

    def _run(self, task: Task, stop: threading.Event) -> None:
        before = self.states()[task.name]
        failures, now = before.failures + 1, self._now()
        begun = msgspec.structs.replace(
            before, every=task.every, started=now, failures=failures, runs=before.runs + 1,
            error="it did not come to its end", next=now + self._retry(task, failures),
        )  # fmt: skip
        self._write(task.name, {task.name: begun})
        try:
            done = task.work(stop)
        except IcelosError as error:
            self._failed(task, begun, str(error))
        except Exception as error:  # noqa: BLE001 - one task's trouble must not end the others
            self._failed(task, begun, f"{type(error).__name__}: {error}")
        else:
            self._succeeded(task, begun, done)

    def _failed(self, task: Task, begun: TaskState, reason: str) -> None:
        now = self._now()
        state = msgspec.structs.replace(
            begun,
            ended=now,
            next=now + self._retry(task, begun.failures),
            error=" ".join(reason.split())[:500],
        )
        self._write(task.name, {task.name: state})

    def _succeeded(self, task: Task, begun: TaskState, done: Done) -> None:
        now = self._now()
        state = msgspec.structs.replace(
            begun, ended=now, good=now, failures=0, error="", told=done.told[:500],
            next=now + task.every * (1 + JITTER * self._chance()),
        )  # fmt: skip
        states = self.states()
        woken = {
            name: msgspec.structs.replace(states[name], next=now)
            for name in done.wakes
            if name in states and name != task.name
        }
        self._write(task.name, {task.name: state, **woken})

    def _retry(self, task: Task, failures: int) -> float:
        """Seconds until the next try: twice as many each time, with jitter, and no more than hours."""
        first = min(FIRST_RETRY, task.every)
        most = max(first, min(LAST_RETRY, task.every))
        return min(first * 2.0 ** min(failures - 1, 20), most) * (1 + JITTER * self._chance())

    def _write(self, name: str, changed: dict[str, TaskState]) -> None:
        states = read_states(self._path.parent) | changed
        try:
            with atomic_write(self._path, mode=0o600) as file:
                file.write(msgspec.json.format(msgspec.json.encode(states), indent=1) + b"\n")
        except OSError as error:
            raise StoreError(f"cannot write: {error.strerror}", source=str(self._path)) from error
        if self._changed is not None:
            self._changed(name, changed[name])


def _is_due(state: TaskState, task: Task, now: float) -> bool:
    """Also where its time is further off than any pause: the clock was set back, or the interval changed."""
    longest = max(task.every, LAST_RETRY) * (1 + JITTER)
    return state.next <= now or state.next > now + longest or state.started > now + LOOK


def read_states(folder: Path) -> dict[str, TaskState]:
    """What is written down; nothing where that cannot be read: everything is due then."""
    try:
        return msgspec.json.decode((folder / STATE).read_bytes(), type=dict[str, TaskState])
    except (OSError, msgspec.MsgspecError):
        return {}


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process at a time over a workspace. Raises RunError where another one has it, StoreError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _lock(folder / LOCK)
    except BlockingIOError as error:
        holder = ""
        with suppress(OSError, UnicodeDecodeError):
            holder = (folder / LOCK).read_text("ascii")
        raise RunError(
            "another process keeps this workspace up to date", hint=f"process {holder}" if holder else None
        ) from error
    except OSError as error:
        raise StoreError(f"cannot write: {error.strerror}", source=str(folder)) from error
    with lock:
        lock.write(str(os.getpid()).encode())
        lock.flush()
        yield


def _lock(path: Path) -> IO[bytes]:
    """Tried a few times: who only looks whether it is taken has it for a moment."""
    for _ in range(5):
        with suppress(BlockingIOError):
            return open_alone(path)
        time.sleep(0.1)
    return open_alone(path)


def is_kept(folder: Path) -> bool:
    """Whether a process has the lock now."""
    if not (folder / LOCK).exists():
        return False
    try:
        with open_alone(folder / LOCK, keep=True):
            return False
    except BlockingIOError:
        return True
    except OSError:
        return False
