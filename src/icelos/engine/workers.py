"""Where jobs live: in this process, in processes of their own, in actors of a cluster.

Every kind of worker wraps a `Host`, which has one job for each partition that came to it, so that scoring and
states are the same everywhere. A worker scores its batches one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


class Host:
    """The jobs of one worker, built when their first batch comes."""

    def __init__(self, spec: JobSpec) -> None:
        self._spec = spec
        self._jobs: dict[int, Job] = {}

    def job(self, partition: int) -> Job:
        """The job of a partition."""
        if partition not in self._jobs:
            self._jobs[partition] = self._spec.build()
        return self._jobs[partition]

    def score(self, partition: int, batch: Sequence[Record]) -> list[Scored]:
        """One outcome a record; what the job raises of one becomes its failure."""
        return score_safely(self.job(partition), batch)

    def snapshot(self) -> dict[int, bytes]:
        """The states by partition; none of a job without."""
        return {number: job.snapshot() for number, job in self._jobs.items() if isinstance(job, Stateful)}

    def restore(self, states: Mapping[int, bytes]) -> None:
        """Take over states, and forget all others. Raises ValueError for what is none."""
        self._jobs.clear()
        for number, state in states.items():
            job = self.job(number)
            if isinstance(job, Stateful):
                job.restore(state)
