"""Runs on this machine: in this thread, in threads that share a job, or in processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from icelos.contracts import Job, Sink
from icelos.engine.loop import Loop
from icelos.engine.observing import Observer
from icelos.engine.run import Options, Report
from icelos.engine.workers import InlineWorkers, ThreadWorkers, Workers
from icelos.findings import Failure
from icelos.records import Record

Progress = Callable[[Report], None]


def run(
    job: Job,
    source: Iterable[Record | Failure | None],
    sink: Sink,
    options: Options = Options(),
    *,
    workers: Workers | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Report:
    """Score every record of `source` by `job` into `sink`.

    With several workers and none given, threads share the job, which has to have no state then.

    A record that failed in an earlier run and is scored well in this one is no failure any more.
    Each outcome is durable before its batch is counted. Ctrl-C stops between batches: what is
    counted is stored, `interrupted` is set and KeyboardInterrupt is not raised on. Raises RunError
    after more failures than the options allow, StoreError where the sink cannot write.
    """
    if workers is None:
        workers = InlineWorkers(job) if options.workers == 1 else ThreadWorkers(job)
    observer = _Telling(progress) if progress is not None else Observer()
    return Loop(job, source, sink, workers, options, observer=observer, stop=stop).go()


class _Telling(Observer):
    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def stored(self, report: Report, seconds: float) -> None:  # noqa: ARG002
        self._progress(report)
