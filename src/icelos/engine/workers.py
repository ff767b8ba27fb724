"""Where jobs live: in this process, in processes of their own, in actors of a cluster.

Every kind of worker wraps a `Host`, which has one job for each partition that came to it, so that scoring and
states are the same everywhere. A worker scores its batches one after the other.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import msgspec

from icelos.contracts import Job, Scored, Stateful
from icelos.engine.run import score_safely
from icelos.records import Record
from icelos.registry import resolve
from icelos.settings import Settings


class JobSpec(msgspec.Struct, frozen=True):
    """What a job is built from, wherever that is."""

    name: str
    settings: Settings
    options: dict[str, str] = {}

    def build(self) -> Job:
        """Raises SettingsError for an unknown name or option, and what the job raises."""
        job: Job = resolve("jobs", self.name)(self.settings, dict(self.options))
        return job


def few_searches() -> tuple[int, int, int]:
    """Search for cycles rarely: records are many, and in none. What was in force before, for
    `gc.set_threshold`."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 20, 100)
    return before


class WorkerDied(Exception):
    """A worker ended while it had work: killed, out of memory, or its machine is gone."""


class Pending(Protocol):
    """A batch that is being scored."""

    def done(self) -> bool: ...

    def result(self) -> list[Scored]:
        """Waits for it. Raises WorkerDied."""
        ...


class Worker(Protocol):
    """Scores batches in the order in which they are submitted."""

    def submit(self, partition: int, batch: Sequence[Record]) -> Pending:
        """Does not wait, and raises nothing: what goes wrong is told by the result."""
        ...

    def snapshot(self) -> dict[int, bytes]:
        """The states by partition, once what was submitted is scored. Raises WorkerDied."""
        ...

    def restore(self, states: Mapping[int, bytes]) -> None:
        """Take over states; before the first batch. Raises WorkerDied, ValueError for what is no state."""
        ...

    def close(self) -> None:
        """End at once; what is not scored is not."""
        ...


class Workers(Protocol):
    """Starts workers of one kind."""

    name: str

    def start(self) -> Worker:
        """Raises what the job raises where it cannot be built."""
        ...

    def close(self) -> None: ...


class Host:
    """The jobs of one worker, built when their first batch comes; `built` is one that is there already."""

    def __init__(self, spec: JobSpec | None, built: Job | None = None) -> None:
        self._spec = spec
        self._built = built
        self._jobs: dict[int, Job] = {}

    def job(self, partition: int) -> Job:
        """The job of a partition."""
        if partition not in self._jobs:
            self._jobs[partition] = self._new()
        return self._jobs[partition]

    def _new(self) -> Job:
        """The built one first: nothing was scored by it."""
        if self._built is not None:
            built, self._built = self._built, None
            return built
        if self._spec is None:
            raise RuntimeError("a second partition needs a job that can be built")
        return self._spec.build()

    def score(self, partition: int, batch: Sequence[Record]) -> list[Scored]:
        """One outcome a record; what the job raises of one becomes its failure."""
        return score_safely(self.job(partition), batch)

    def snapshot(self) -> dict[int, bytes]:
        """The states by partition; none of a job without."""
        return {number: job.snapshot() for number, job in self._jobs.items() if isinstance(job, Stateful)}

    def restore(self, states: Mapping[int, bytes]) -> None:
        """Take over states, and forget all others. Raises ValueError for what is none."""
        if self._jobs:
            self._jobs.clear()
        for number, state in states.items():
            job = self.job(number)
            if isinstance(job, Stateful):
                job.restore(state)


class InlineWorkers:
    """One worker in this thread: what is submitted is scored there and then."""

    name = "inline"

    def __init__(self, job: Job | None = None, spec: JobSpec | None = None) -> None:
        self._job, self._spec = job, spec

    def start(self) -> Worker:
        """The worker."""
        job, self._job = self._job, None
        return _Inline(Host(self._spec, job))

    def close(self) -> None:
        """Nothing is left of it."""


class _Inline:
    def __init__(self, host: Host) -> None:
        self._host = host

    def submit(self, partition: int, batch: Sequence[Record]) -> Pending:
        return _Ready(self._host.score(partition, batch))

    def snapshot(self) -> dict[int, bytes]:
        return self._host.snapshot()

    def restore(self, states: Mapping[int, bytes]) -> None:
        self._host.restore(states)

    def close(self) -> None:
        """Nothing to close."""


class _Ready:
    def __init__(self, outcomes: list[Scored]) -> None:
        self._outcomes = outcomes

    def done(self) -> bool:
        return True

    def result(self) -> list[Scored]:
        return self._outcomes


class ThreadWorkers:
    """Workers that are threads and share one job without state, which has to bear that."""

    name = "threads"

    def __init__(self, job: Job) -> None:
        self._job = job

    def start(self) -> Worker:
        """A worker."""
        return _Threaded(self._job)

    def close(self) -> None:
        """Nothing is left of them."""


class _Threaded:
    def __init__(self, job: Job) -> None:
        self._job = job
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="score")

    def submit(self, partition: int, batch: Sequence[Record]) -> Pending:
        del partition
        return self._pool.submit(score_safely, self._job, batch)

    def snapshot(self) -> dict[int, bytes]:
        return {}

    def restore(self, states: Mapping[int, bytes]) -> None:
        """There is no state."""

    def close(self) -> None:
        """Batches that have not begun are not begun."""
        self._pool.shutdown(cancel_futures=True)
