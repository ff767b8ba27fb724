"""The loop of every run: read, score in workers, write, and every so often save where it stands.

A checkpoint is a barrier: what was read is scored and written before states and position are saved, so that
all of them are of one moment. In between, a batch is in one of few places, all of them bounded.

A worker that dies is replaced. Without state, its batches are scored again; with state, the run goes back to
the checkpoint. A record that a worker dies of three times becomes a failure.
"""

from __future__ import annotations

import gc
import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec

from icelos.contracts import Job, Live, Resumable, Scored, Sink, Source, Stateful
from icelos.engine.batching import Items, micro_batches
from icelos.engine.checkpoints import Checkpoints, Standing
from icelos.engine.observing import Observer
from icelos.engine.partitions import partition_of
from icelos.engine.run import Limits, Options, Report
from icelos.engine.stopping import Stop
from icelos.engine.workers import Pending, WorkerDied, Workers, few_searches
from icelos.engine.writing import PatientSink
from icelos.errors import RunError
from icelos.findings import Failure, failure
from icelos.records import Record

_AHEAD = 2
"""Batches in flight for each worker: one that is scored, and one that waits for it."""
_DEATHS = 3
"""Workers that died of a record before it is taken for the reason."""
_TRIES = 10
"""To start workers that die while they take over their state."""
_SHARE = 20.0
"""Checkpoints take no more than one part in so many of the time."""


@dataclass
class _Batch:
    """Items in their order, and who scores its records."""

    items: Items
    partition: int
    worker: int
    records: list[Record] = field(default_factory=list)
    pending: Pending | None = None
    begun: float = 0.0


class Loop:
    """One run. `job` tells names and keys here; what scores are the workers."""

    def __init__(
        self, job: Job, source: Source, sink: Sink, workers: Workers, options: Options, *,
        observer: Observer, stop: Callable[[], bool], checkpoints: Checkpoints | None = None,
    ) -> None:  # fmt: skip
        self._job, self._source, self._options = job, source, options
        self._observer, self._stop, self._checkpoints = observer, stop, checkpoints
        self._makers = workers
        try:
            self._workers = [workers.start() for _ in range(options.workers)]
        except BaseException:
            workers.close()  # as a cluster that was started for this run
            raise
        self._sink_itself = sink
        self._sink = PatientSink(sink, options.sink_patience_s, observer, stop=stop)
        self._live = source if isinstance(source, Live) and source.endless else None
        self._stateful = job if isinstance(job, Stateful) else None
        self._size = options.batch_size or job.needs.batch_size or 64
        self._in_flight: deque[_Batch] = deque()
        self._gathered: dict[int, Items] = {}
        self._deaths: Counter[str] = Counter()
        self._turn = 0
        self._standing: Standing | None = None
        self._next_checkpoint = 0.0
        self.report = Report(job=job.name)
        self._limits = Limits(options)

    # ---- from beginning to end

    def go(self) -> Report:
        """Run it. Raises RunError where a limit is passed or a worker's work is lost, StoreError."""
        begun, thresholds = time.perf_counter(), few_searches()
        error: BaseException | None = None
        try:
            self._begin()
            while not self._passed():
                pass
        except KeyboardInterrupt:
            self.report.interrupted = True
        except BaseException as raised:
            error = raised
            raise
        finally:
            gc.set_threshold(*thresholds)
            self.report.seconds = time.perf_counter() - begun
            for worker in self._workers:
                worker.close()
            self._makers.close()
            self._observer.ended(self.report, error)
        return self.report

    def _begin(self) -> None:
        standing = self._checkpoints.standing if self._checkpoints else None
        if standing is not None:
            self._take(standing)
            self.report.resumed = self.report.read
        else:
            self._standing = self._here({})
        self._observer.began(self.report, engine=self._makers.name)
        self._next_checkpoint = time.monotonic() + self._options.checkpoint_seconds

    def _passed(self) -> bool:
        """Read on to the end; whether that was reached, and not a point to go back from."""
        try:
            for items in self._read():
                self._add(items)
                if self._stop():
                    self._observer.draining()
                    break
            self._drain()
            if self._stop():
                self.report.interrupted = self._live is None
                self._save()
        except WorkerDied as died:
            self._go_back(died)
            return False
        return True

    def _read(self) -> Iterator[Items]:
        """Batches; a source that may wait for ever, and says nothing meanwhile, can be cut short."""
        batches = micro_batches(self._source, self._size, self._options)
        if not (getattr(self._source, "blocking", False) and isinstance(self._stop, Stop)):
            yield from batches
            return
        while True:
            with self._stop.cut_short():
                items = next(batches, None)
            if items is None:
                return
            yield items

    def _add(self, items: Items) -> None:
        if not items:
            self._observer.waiting()
            self._drain()
        elif self._stateful is None or self._options.partitions == 1:
            self._submit(items, 0)
        else:
            self._gather(items, self._stateful)
        while len(self._in_flight) > _AHEAD * len(self._workers) or self._is_head_done():
            self._collect()
        if time.monotonic() >= self._next_checkpoint:
            self._drain()
            self._save()

    def _gather(self, items: Items, job: Stateful) -> None:
        """Into the batches of their partitions, which are submitted as they fill."""
        for item in items:
            partition = 0 if isinstance(item, Failure) else self._partition(job, item)
            batch = self._gathered.setdefault(partition, [])
            batch.append(item)
            if len(batch) >= self._size:
                self._submit(self._gathered.pop(partition), partition)

    def _partition(self, job: Stateful, record: Record) -> int:
        try:
            return partition_of(job.key(record), self._options.partitions)
        except Exception:  # noqa: BLE001 - a record without a key is the job's to refuse, wherever it goes
            return 0

    # ---- batches

    def _submit(self, items: Items, partition: int) -> None:
        for piece in self._pieces(items):
            if self._stateful is None:
                worker, self._turn = self._turn % len(self._workers), self._turn + 1
            else:
                worker = partition % len(self._workers)
            batch = _Batch(piece, partition, worker)
            self._give(batch)
            self._in_flight.append(batch)

    def _pieces(self, items: Items) -> Iterator[Items]:
        """One, but for records of which workers may have died: these come alone."""
        if not self._deaths:
            yield items
            return
        piece: Items = []
        for item in items:
            if isinstance(item, Failure) or item.id not in self._deaths:
                piece.append(item)
                continue
            if piece:
                yield piece
            yield [item if self._deaths[item.id] < _DEATHS else self._condemned(item)]
            piece = []
        if piece:
            yield piece

    def _condemned(self, record: Record) -> Failure:
        raw = getattr(record, "text", None) or getattr(record, "raw", None) or ""
        reason = f"a worker died of it {_DEATHS} times"
        return failure(record_id=record.id, job=self._job.name, error=reason, source=record.source, raw=raw)

    def _give(self, batch: _Batch) -> None:
        batch.records = [item for item in batch.items if not isinstance(item, Failure)]
        batch.begun = time.perf_counter()
        if batch.records:
            batch.pending = self._workers[batch.worker].submit(batch.partition, batch.records)

    def _is_head_done(self) -> bool:
        head = self._in_flight[0] if self._in_flight else None
        return head is not None and (head.pending is None or head.pending.done())

    def _drain(self) -> None:
        for partition in sorted(self._gathered):
            self._submit(self._gathered.pop(partition), partition)
        while self._in_flight:
            self._collect()

    def _collect(self) -> None:
        """The oldest batch: stored first, counted then."""
        batch = self._in_flight[0]
        try:
            scored = batch.pending.result() if batch.pending else []
        except WorkerDied:
            self._deaths.update(record.id for record in batch.records)
            if self._stateful is not None:
                raise
            self._observer.worker_died()
            self._replace(batch.worker)
            return
        self._in_flight.popleft()
        if batch.records:
            self._observer.scored(scored, time.perf_counter() - batch.begun)
        self._store(batch, scored)

    def _store(self, batch: _Batch, scored: list[Scored]) -> None:
        begun = time.perf_counter()
        outcomes = scored if len(scored) == len(batch.items) else self._in_order(batch, scored)
        stored = [outcome for outcome in outcomes if outcome is not None]
        if stored:
            self._sink.write(stored)
        if len(stored) < len(outcomes) and hasattr(self._sink_itself, "resolve"):
            clear = [one.id for one, outcome in zip(batch.records, scored, strict=True) if outcome is None]
            self._sink.resolve(self._job.name, clear)
        self.report.count(outcomes)
        if self._live is not None:
            self._observer.lagging(self._live.lag())
        self._observer.stored(self.report, time.perf_counter() - begun)
        if reason := self._limits.count(outcomes):
            raise RunError(reason, hint="see `icelos failures`")

    def _in_order(self, batch: _Batch, scored: list[Scored]) -> list[Scored]:
        """Failures of the source pass through under the job's name, in their place."""
        left = iter(scored)
        return [
            msgspec.structs.replace(item, job=self._job.name) if isinstance(item, Failure) else next(left)
            for item in batch.items
        ]

    # ---- workers that die

    def _replace(self, number: int) -> None:
        """A new worker for what the dead one had: its first batch in pieces, since that may be the reason."""
        self._workers[number].close()
        self._workers[number] = self._makers.start()
        waiting, self._in_flight = self._in_flight, deque()
        for batch in waiting:
            if batch.worker != number or (batch.pending is not None and _is_good(batch.pending)):
                self._in_flight.append(batch)
                continue
            for piece in self._pieces(batch.items):
                again = _Batch(piece, batch.partition, number)
                self._give(again)
                self._in_flight.append(again)

    def _go_back(self, died: WorkerDied) -> None:
        """To the last checkpoint, with new workers. Raises RunError where the source cannot."""
        self._observer.worker_died()
        if self._standing is None:
            hint = "run it without processes of its own, or from files"
            raise RunError("a worker with state died, and this source cannot go back", hint=hint) from died
        self._in_flight.clear()
        self._gathered.clear()
        for tries in range(_TRIES):
            for worker in self._workers:
                worker.close()
            self._workers = [self._makers.start() for _ in self._workers]
            try:
                self._take(self._standing)
                return
            except WorkerDied:
                time.sleep(0.1 * tries)
        raise RunError("workers die as soon as they start", hint="see the system's log") from died

    # ---- checkpoints

    def _here(self, states: dict[int, bytes]) -> Standing | None:
        """Where the run stands, None where its source cannot be gone on with."""
        position = self._source.position() if isinstance(self._source, Resumable) else None
        if position is None:
            return None
        sink = self._sink_itself.position() if isinstance(self._sink_itself, Resumable) else None
        counts = (self.report.findings, self.report.clear, self.report.failures)
        return Standing(
            source=position, sink=sink, counts=counts, verdicts=dict(self.report.verdicts), states=states
        )

    def _take(self, standing: Standing) -> None:
        """Go on from there."""
        if isinstance(self._source, Resumable):
            self._source.resume(standing.source)
        if isinstance(self._sink_itself, Resumable) and standing.sink is not None:
            self._sink_itself.resume(standing.sink)
        for number, worker in enumerate(self._workers):
            count = len(self._workers)
            worker.restore({one: state for one, state in standing.states.items() if one % count == number})
        self.report.findings, self.report.clear, self.report.failures = standing.counts
        self.report.verdicts = dict(standing.verdicts)
        self._standing = standing

    def _save(self) -> None:
        """Once nothing is in flight. A full disk leaves the checkpoint before in force."""
        if self._standing is None:  # the source cannot be gone on with, wherever it stands
            self._next_checkpoint = math.inf
            return
        begun = time.monotonic()
        states: dict[int, bytes] = {}
        for worker in self._workers if self._stateful is not None else ():
            states |= worker.snapshot()
        self._standing, size = self._here(states), 0
        self._deaths.clear()
        if self._checkpoints is not None and self._standing is not None:
            try:
                size = self._checkpoints.save(self._standing)
            except OSError as error:
                self._observer.sink_failed(error, again_in=self._options.checkpoint_seconds)
        if self._live and self._standing and (size or self._checkpoints is None):
            self._live.confirm(self._standing.source)
        took = time.monotonic() - begun
        if size:
            self._observer.checkpointed(took, size)
        self._next_checkpoint = time.monotonic() + max(self._options.checkpoint_seconds, _SHARE * took)


def _is_good(pending: Pending) -> bool:
    """Whether its result is there, though its worker is not."""
    if not pending.done():
        return False
    try:
        pending.result()
    except WorkerDied:
        return False
    return True
