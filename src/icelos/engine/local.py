"""The local engine: one process, threads where asked for, a bounded window, order kept."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import NamedTuple

import msgspec

from icelos.contracts import Job, Scored, Sink
from icelos.engine.run import Options, Report, Resolving, score_safely
from icelos.errors import RunError
from icelos.findings import Failure
from icelos.records import Record

Progress = Callable[[Report], None]


class _Batch(NamedTuple):
    """What became of a batch: an outcome for each item, and the ids of the records that are clear."""

    outcomes: list[Scored]
    clear: list[str]


def run(
    job: Job,
    source: Iterable[Record | Failure],
    sink: Sink,
    options: Options = Options(),
    *,
    progress: Progress | None = None,
) -> Report:
    """Score every record of `source` by `job` into `sink`.

    A record that failed in an earlier run and is scored well in this one is no failure any more.
    Each outcome is durable before its batch is counted. Ctrl-C stops between batches: what is
    counted is stored, `interrupted` is set and KeyboardInterrupt is not raised on. Raises RunError
    after more than `options.max_failures` failures, StoreError where the sink cannot write.
    """
    report = Report(job=job.name)
    started = time.perf_counter()
    try:
        with closing(_scored(job, source, options)) as batches:
            for batch in batches:
                _store(batch, sink, report)
                report.seconds = time.perf_counter() - started
                if progress is not None:
                    progress(report)
                if options.max_failures and report.failures > options.max_failures:
                    raise RunError(f"stopped after {report.failures} failures", hint="see `icelos failures`")
    except KeyboardInterrupt:
        report.interrupted = True
    report.seconds = time.perf_counter() - started
    return report


def _store(batch: _Batch, sink: Sink, report: Report) -> None:
    """Stored first, counted then: what is counted is stored."""
    stored = [outcome for outcome in batch.outcomes if outcome is not None]
    if stored:
        sink.write(stored)
    if batch.clear and isinstance(sink, Resolving):
        sink.resolve(report.job, batch.clear)
    report.count(batch.outcomes)


def _scored(job: Job, source: Iterable[Record | Failure], options: Options) -> Generator[_Batch, None, None]:
    batches = _batches(source, options.batch_size)
    if options.workers == 1:
        for batch in batches:
            yield _score_mixed(job, batch)
        return
    pool = ThreadPoolExecutor(options.workers, thread_name_prefix="score")
    try:
        window: deque[Future[_Batch]] = deque()
        for batch in batches:
            window.append(pool.submit(_score_mixed, job, batch))
            if len(window) > 2 * options.workers:
                yield window.popleft().result()
        while window:
            yield window.popleft().result()
    finally:  # on Ctrl-C, batches that have not begun are not begun
        pool.shutdown(cancel_futures=True)


def _batches(source: Iterable[Record | Failure], size: int) -> Iterator[list[Record | Failure]]:
    batch: list[Record | Failure] = []
    for item in source:
        batch.append(item)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def _score_mixed(job: Job, batch: list[Record | Failure]) -> _Batch:
    """Score the records; Failures of the source pass through under the job's name, in their place."""
    records = [item for item in batch if not isinstance(item, Failure)]
    results = score_safely(job, records)
    clear = [record.id for record, result in zip(records, results, strict=True) if result is None]
    scored = iter(results)
    outcomes = [
        msgspec.structs.replace(item, job=job.name) if isinstance(item, Failure) else next(scored)
        for item in batch
    ]
    return _Batch(outcomes, clear)
