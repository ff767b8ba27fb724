"""The loop of a run over a topic: one thread that consumes and commits, others that score and write.

    consume -> batch -> score (lanes) -> write (one thread) -> commit

The loop waits for nothing longer than a moment, so that the consumer stays a member of its group while a
batch takes minutes or the sink is away. What is under way is bounded; then the consumer is paused.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from icelos.engine.kafka.batches import Barrier, Batch, Batcher, Full, Group, Row, Taken
from icelos.engine.kafka.lanes import Lanes
from icelos.engine.kafka.membership import Membership
from icelos.engine.kafka.messages import Message
from icelos.engine.kafka.writing import Writer
from icelos.engine.observing import Observer
from icelos.engine.run import Limits, Options, Report
from icelos.errors import RunError

if TYPE_CHECKING:
    from confluent_kafka import Message as Consumed

_MOMENT = 0.05
"""Seconds that the loop waits for something to do."""
_POLL_WITHIN = 1.0
"""Seconds without a poll after which a loop that has no room pauses its partitions and polls."""
_BATCHES_A_LANE = 64
"""Most batches under way, for each lane: enough that one write takes many of them."""
_AT_ONCE = 1000
_AROUND = 500
"""Bytes that a message takes beside its value, roughly."""
_TOLD_EVERY = 1.0
_LEAVE_WITHIN = 60.0
"""Seconds that partitions which somebody else gets are waited for: then what is under way is given up."""


class Stream:
    """A run. What goes wrong in a thread or a callback is raised by `run`."""

    def __init__(
        self, membership: Membership, lanes: Lanes, writer: Writer, options: Options, *, observer: Observer,
        report: Report, told: queue.SimpleQueue[tuple[Exception, float]],
    ) -> None:  # fmt: skip
        self._membership, self._lanes, self._writer = membership, lanes, writer
        self._options, self._observer, self._report, self._told = options, observer, report, told
        size = options.batch_size or lanes.batch_size or 64
        self._batcher = Batcher(
            rows=size, size=options.batch_bytes, seconds=options.batch_seconds, apart=lanes.stateful
        )
        self._limits = Limits(options)
        self._window: deque[Batch | Barrier] = deque()
        self._bytes = 0
        self._average = 1000.0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="write")
        self._writing: Future[tuple[Group, float]] | None = None
        self._wake = threading.Event()
        self._began = self._told_at = self._barrier_at = self._last = time.monotonic()
        membership.leaving = self._let_go

    def run(self, stop: Callable[[], bool], idle_s: float) -> None:
        """Until `stop`, or until nothing has come for `idle_s` seconds (0: never); what was taken is stored.

        Raises RunError.
        """
        self._membership.join()
        try:
            while not self._is_over(stop, idle_s):
                self._turn()
            self._drain()
        finally:
            self._lanes.close()
            self._thread.shutdown(wait=False, cancel_futures=True)

    def _is_over(self, stop: Callable[[], bool], idle_s: float) -> bool:
        if stop():
            self._report.interrupted = True
            return True
        if not idle_s or self._window or self._writing or len(self._batcher):
            return False
        since = max(self._last, self._membership.changed_at)
        if not self._membership.owned or not self._membership.changed_at or time.monotonic() - since < idle_s:
            return False  # who has no partitions waits: they come when another one ends
        if not self._membership.reachable():  # silence of a cluster that is away says nothing
            self._last = time.monotonic()
            return False
        return True

    def _turn(self) -> None:
        if self._is_full():
            self._wait()
        else:
            self._membership.go_on()
            self._take(self._number_to_take(), _MOMENT)
        for batch in self._batcher.due():
            self._submit(batch)
        if self._lanes.stateful and self._is_barrier_due():
            self._barrier()
        self._advance()
        self._tell()

    def _number_to_take(self) -> int:
        return int(min(max(self._options.batch_bytes / self._average, 1), _AT_ONCE))

    def _is_full(self) -> bool:
        lanes = self._options.workers
        return (
            len(self._window) >= _BATCHES_A_LANE * lanes
            or self._bytes >= 2 * lanes * self._options.batch_bytes
        )

    def _wait(self) -> None:
        """Until a batch is scored or written; the group is polled often enough."""
        self._wake.wait(_MOMENT)
        self._wake.clear()
        self._last = time.monotonic()  # nothing comes because nothing is taken: that is no idleness
        if self._membership.silent_for() > _POLL_WITHIN:
            self._membership.hold()
            self._take(1, 0)

    def _take(self, number: int, seconds: float) -> None:
        messages = self._membership.consume(number, seconds)
        size = 0
        for consumed in messages:
            if taken := self._taken(consumed):
                size += taken.size
                if full := self._batcher.add(taken):
                    self._submit(full)
        if messages:
            self._last = time.monotonic()
            self._average = 0.8 * self._average + 0.2 * size / len(messages)

    def _taken(self, consumed: Consumed) -> Taken | None:
        """None for what came by a partition that is not ours any more."""
        number, offset, topic = consumed.partition(), consumed.offset(), consumed.topic()
        if number is None or offset is None or topic is None:
            return None
        owned = self._membership.owned.get(number)
        if owned is None:
            return None
        value, key, headers = consumed.value(), consumed.key(), consumed.headers()
        message = Message(topic, number, offset, value, key, tuple(headers or ()))  # type: ignore[arg-type]
        return Taken(owned, message, len(value or b"") + _AROUND)

    def _submit(self, batch: Full) -> None:
        rows = batch.rows
        result = self._lanes.submit(rows[0].owned, [taken.message for taken in rows])
        result.add_done_callback(lambda _: self._wake.set())
        ends = {taken.owned: taken.message.offset + 1 for taken in rows}
        for owned, end in ends.items():
            owned.submitted = end
        self._window.append(Batch(rows, ends, result, batch.size, time.perf_counter()))
        self._bytes += batch.size

    def _is_barrier_due(self) -> bool:
        waited = time.monotonic() - self._barrier_at >= self._options.checkpoint_seconds
        held_up = (
            self._writer.commits and self._is_full() and not any(isinstance(e, Barrier) for e in self._window)
        )
        return waited or held_up

    def _barrier(self) -> None:
        """States are taken behind what has been submitted, while scoring goes on."""
        self._barrier_at = time.monotonic()
        states = []
        for owned in self._membership.owned.values():
            if owned.submitted > owned.snapshotted:
                owned.snapshotted = owned.submitted
                state = self._lanes.snapshot(owned)
                state.add_done_callback(lambda _: self._wake.set())
                states.append((owned, owned.submitted, state))
        if states:
            self._window.append(Barrier(states, time.perf_counter()))

    def _advance(self) -> None:
        """From scored to written, from written to committed; raises what went wrong."""
        while not self._told.empty():
            error, again_in = self._told.get()
            self._observer.sink_failed(error, again_in=again_in)
        if self._writing is not None and self._writing.done():
            self._written()
        if self._writing is None and (group := self._next_group()):
            self._writing = self._thread.submit(_timed, self._writer, group)
            self._writing.add_done_callback(lambda _: self._wake.set())
        self._membership.commit()

    def _next_group(self) -> Group | None:
        """All that is scored, in order. Offsets of a job with state are those of its snapshots."""
        ready = 0
        for ready, entry in enumerate(self._window):  # noqa: B007 - how far it got
            if not entry.done():
                break
        else:
            ready = len(self._window)
        if self._writer.commits and self._lanes.stateful:
            ready = 1 + max((n for n in range(ready) if isinstance(self._window[n], Barrier)), default=-1)
        if not ready:
            return None
        group = Group(began=time.perf_counter())
        for entry in [self._window.popleft() for _ in range(ready)]:
            self._bytes -= entry.size
            self._add(entry, group)
        group.reason = self._limits.count([row.judged.outcome for row in group.rows])
        return group

    def _add(self, entry: Batch | Barrier, group: Group) -> None:
        if isinstance(entry, Barrier):
            group.began = entry.began
            for owned, offset, state in entry.states:
                if not owned.gone:
                    group.snapshots[owned] = self._lanes.taken(owned, offset, state)
                    group.offsets[owned] = offset
            return
        judged = entry.result.result()
        self._observer.scored([one.outcome for one in judged], time.perf_counter() - entry.began)
        rows = map(Row, entry.rows, judged)
        gone = any(owned.gone for owned in entry.ends)
        group.rows.extend(row for row in rows if not row.taken.owned.gone) if gone else group.rows.extend(
            rows
        )
        ends = {owned: end for owned, end in entry.ends.items() if not owned.gone}
        group.ends.update(ends)
        if not self._lanes.stateful:
            group.offsets.update(ends)

    def _written(self) -> None:
        assert self._writing is not None  # noqa: S101 - for the type checker
        writing, self._writing = self._writing, None
        group, seconds = writing.result()
        self._report.count([row.judged.outcome for row in group.rows])
        self._report.seconds = time.monotonic() - self._began
        self._observer.stored(self._report, seconds)
        if group.reason:
            self._membership.commit(now=True)  # what was good before
            hint = "offsets behind the last good batch are not committed; see `icelos failures`"
            raise RunError(group.reason, hint=hint)
        for owned, end in group.ends.items():
            owned.stored = end
        if group.snapshots:
            size = sum(len(one.state) for one in group.snapshots.values())
            self._observer.checkpointed(time.perf_counter() - group.began, size)
        if not self._writer.commits:
            self._membership.may_commit(group.offsets)

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told_at >= _TOLD_EVERY:
            self._told_at = now
            self._observer.lagging(self._membership.lag())

    def _let_go(self, numbers: list[int], may_store: bool) -> None:
        """Somebody else gets these partitions: finish what is under way, or give it up."""
        for number in numbers:
            if number in self._membership.owned:
                self._batcher.drop(self._membership.owned[number])
        if may_store:
            if self._lanes.stateful:
                self._barrier()
            self._finish(time.monotonic() + _LEAVE_WITHIN)
            self._membership.commit(now=True)

    def _finish(self, deadline: float) -> None:
        while (self._window or self._writing) and time.monotonic() < deadline:
            self._wake.wait(_MOMENT)
            self._wake.clear()
            self._advance()

    def _drain(self) -> None:
        """All that was taken is scored and stored, and committed."""
        self._membership.hold()
        for batch in self._batcher.due(all_of_them=True):
            self._submit(batch)
        if self._lanes.stateful:
            self._barrier()
        while self._window or self._writing:
            self._finish(time.monotonic() + _POLL_WITHIN)
            if self._window or self._writing:
                self._membership.consume(1, 0)
        self._membership.commit_all()
        self._tell()


def _timed(writer: Writer, group: Group) -> tuple[Group, float]:
    """What was written, and the seconds that it took."""
    began = time.perf_counter()
    written = writer.write(group)
    return written, time.perf_counter() - began
