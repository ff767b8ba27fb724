"""Threads that score. A job without state is in each of them; one with state is there for each partition.

What is submitted for a partition of a job with state is done in that order, snapshots and restoring included.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from icelos.contracts import Scored, Stateful
from icelos.engine.kafka.messages import Message, Parse
from icelos.engine.kafka.states import Snapshot
from icelos.engine.workers import Host, JobSpec
from icelos.errors import RunError
from icelos.findings import Failure


@dataclass(eq=False)
class Owned:
    """A partition from when it is assigned to us until it is not; offsets are those behind a message.

    `submitted`, `snapshotted` and `stored` (durable) say how far it is; -1 is not known.
    """

    number: int
    submitted: int = -1
    snapshotted: int = -1
    stored: int = -1
    gone: bool = False


class Judged(NamedTuple):
    """What became of a message: the record's id, and its outcome, None where it is clear."""

    record_id: str
    outcome: Scored


class Lanes:
    """`name` is the job's; `batch_size` what it likes to score together."""

    def __init__(self, spec: JobSpec, parse: Parse, workers: int) -> None:
        """Builds the job once; raises what that raises."""
        self._spec, self._parse = spec, parse
        first = Host(spec)
        job = first.job(0)
        self.name, self.batch_size, self.stateful = job.name, job.needs.batch_size, isinstance(job, Stateful)
        self._hosts = [] if self.stateful else [first, *(Host(spec) for _ in range(workers - 1))]
        self._of_partition: dict[Owned, tuple[Host, Future[None]]] = {}
        self._threads = [ThreadPoolExecutor(1, thread_name_prefix="score") for _ in range(workers)]
        self._next = 0

    def submit(self, owned: Owned, messages: Sequence[Message]) -> Future[list[Judged]]:
        """Score messages: those of one partition, where the job has state."""
        if self.stateful:
            host, restored = self._of_partition[owned]
            return self._thread(owned).submit(self._judge_for, owned, host, restored, messages)
        lane = self._next = (self._next + 1) % len(self._threads)
        return self._threads[lane].submit(self._judge, self._hosts[lane], 0, messages)

    def _thread(self, owned: Owned) -> ThreadPoolExecutor:
        return self._threads[owned.number % len(self._threads)]

    def _judge_for(
        self, owned: Owned, host: Host, restored: Future[None], messages: Sequence[Message]
    ) -> list[Judged]:
        if owned.gone:
            return [Judged("", None)] * len(messages)  # nobody asks what became of them
        restored.result()
        return self._judge(host, owned.number, messages)

    def _judge(self, host: Host, number: int, messages: Sequence[Message]) -> list[Judged]:
        items = [self._parse(message) for message in messages]
        results = iter(host.score(number, [item for item in items if not isinstance(item, Failure)]))
        return [
            Judged(item.record_id, msgspec.structs.replace(item, job=self.name))
            if isinstance(item, Failure)
            else Judged(item.id, next(results))
            for item in items
        ]

    def restore(self, owned: Owned, snapshot: Snapshot | None) -> None:
        """A job of its own for a partition. What cannot be restored is raised by the first result."""
        host = Host(self._spec)
        restored = self._thread(owned).submit(_restore, host, owned.number, snapshot)
        self._of_partition[owned] = (host, restored)

    def snapshot(self, owned: Owned) -> Future[bytes]:
        """The partition's state when all that was submitted for it is scored."""
        host, _ = self._of_partition[owned]
        return self._thread(owned).submit(lambda: host.snapshot()[owned.number])

    def taken(self, owned: Owned, offset: int, state: Future[bytes]) -> Snapshot:
        """A state that has been taken, with its place."""
        return Snapshot(owned.number, offset, state.result())

    def forget(self, owned: Owned) -> None:
        """The partition is somebody else's: its job goes when its batches are scored."""
        self._of_partition.pop(owned, None)

    def close(self) -> None:
        """What has not begun does not begin; what is being scored is not waited for."""
        for thread in self._threads:
            thread.shutdown(wait=False, cancel_futures=True)


def _restore(host: Host, number: int, snapshot: Snapshot | None) -> None:
    try:
        if snapshot is not None:
            host.restore({number: snapshot.state})
    except ValueError as error:
        raise RunError(
            f"the kept state of partition {number} is none of this job: {error}",
            hint="was its model replaced? Use another group",
        ) from error
