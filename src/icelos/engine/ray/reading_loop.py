"""The loop of a run whose workers read for themselves: what comes is written, counted, and its place saved.

Position, sink and counts are of one moment behind every batch, so that no barrier is needed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

from icelos.contracts import Resumable, Sink
from icelos.engine.checkpoints import Checkpoints, Standing
from icelos.engine.observing import Observer
from icelos.engine.ray.distributed import Reading, ScoredBatch
from icelos.engine.run import Limits, Options, Report, Resolving
from icelos.engine.writing import PatientSink
from icelos.errors import RunError


class ReadingLoop:
    """One run of a job without state. `close` is called at its end, whatever that is."""

    def __init__(
        self, job: str, reading: Reading, sink: Sink, options: Options, *,
        observer: Observer, stop: Callable[[], bool], checkpoints: Checkpoints | None = None,
        close: Callable[[], None] = lambda: None, engine: str = "ray",
    ) -> None:  # fmt: skip
        self._reading, self._options, self._sink_itself = reading, options, sink
        self._sink = PatientSink(sink, options.sink_patience_s, observer, stop=stop)
        self._observer, self._stop, self._checkpoints = observer, stop, checkpoints
        self._close, self._engine = close, engine
        self._limits = Limits(options)
        self._next_checkpoint, self._died = 0.0, 0
        self.report = Report(job=job)

    def go(self) -> Report:
        """Run it. Raises RunError where a limit is passed or no worker comes, StoreError, and what sources
        raise."""
        begun = time.perf_counter()
        error: BaseException | None = None
        try:
            self._begin()
            self._pass()
        except KeyboardInterrupt:
            self.report.interrupted = True
        except BaseException as raised:
            error = raised
            raise
        finally:
            self.report.seconds = time.perf_counter() - begun
            self._close()
            self._observer.ended(self.report, error)
        return self.report

    def _begin(self) -> None:
        standing = self._checkpoints.standing if self._checkpoints else None
        if standing is not None:
            self._reading.resume(standing.source)
            if isinstance(self._sink_itself, Resumable) and standing.sink is not None:
                self._sink_itself.resume(standing.sink)
            self.report.findings, self.report.clear, self.report.failures = standing.counts
            self.report.verdicts = dict(standing.verdicts)
            self.report.resumed = self.report.read
        self._observer.began(self.report, engine=self._engine)
        self._next_checkpoint = time.monotonic() + self._options.checkpoint_seconds

    def _pass(self) -> None:
        with closing(iter(self._reading)) as batches:
            for batch in batches:
                self._take(batch)
                if self._stop():
                    self._observer.draining()
                    self.report.interrupted = True
                    break
        if self.report.interrupted:
            self._save()

    def _take(self, batch: ScoredBatch) -> None:
        while self._died < self._reading.died:
            self._died += 1
            self._observer.worker_died()
        if batch.outcomes:
            self._observer.scored(batch.outcomes, batch.seconds)
            self._store(batch)
        else:
            self._observer.waiting()
        if time.monotonic() >= self._next_checkpoint:
            self._save()

    def _store(self, batch: ScoredBatch) -> None:
        """Stored first, counted then."""
        begun = time.perf_counter()
        stored = [outcome for outcome in batch.outcomes if outcome is not None]
        if stored:
            self._sink.write(stored)
        if batch.clear and isinstance(self._sink_itself, Resolving):
            self._sink.resolve(self.report.job, batch.clear)
        self.report.count(batch.outcomes)
        self._observer.stored(self.report, time.perf_counter() - begun)
        if reason := self._limits.count(batch.outcomes):
            raise RunError(reason, hint="see `icelos failures`")

    def _save(self) -> None:
        """A full disk leaves the checkpoint before in force."""
        begun, size = time.monotonic(), 0
        if self._checkpoints is not None:
            sink = self._sink_itself.position() if isinstance(self._sink_itself, Resumable) else None
            counts = (self.report.findings, self.report.clear, self.report.failures)
            standing = Standing(
                source=self._reading.position(), sink=sink, counts=counts,
                verdicts=dict(self.report.verdicts), states={},
            )  # fmt: skip
            try:
                size = self._checkpoints.save(standing)
            except OSError as error:
                self._observer.sink_failed(error, again_in=self._options.checkpoint_seconds)
        self._observer.checkpointed(time.monotonic() - begun, size)
        self._next_checkpoint = time.monotonic() + self._options.checkpoint_seconds
