"""A pipeline from its names to its end: which engine, which workers, what is gone on with."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from multiprocessing import current_process
from pathlib import Path

import msgspec

from icelos.contracts import Job, Live, Resumable, Sink, Stateful
from icelos.data.file_source import is_pattern
from icelos.data.reading import files_below
from icelos.engine.checkpoints import Checkpoints, Plan
from icelos.engine.jobs import items_of, options_of, scheme_of
from icelos.engine.loop import Loop
from icelos.engine.observing import Observer
from icelos.engine.partitions import partition_of
from icelos.engine.processes import ProcessWorkers
from icelos.engine.ray.reading_loop import ReadingLoop
from icelos.engine.ray.starting import ray_workers, reading_loop
from icelos.engine.run import Options, Report
from icelos.engine.shards import Shard, ShardSource, parse_shard
from icelos.engine.workers import InlineWorkers, JobSpec, ThreadWorkers, Workers
from icelos.errors import InputError, SettingsError
from icelos.records import Record
from icelos.registry import resolve
from icelos.settings import Settings

_OF_SOURCES_ALONE = ("sqlite", "objects", "postgres", "syslog")
"""Sources whose options no job has."""


class Pipeline(msgspec.Struct, frozen=True, kw_only=True):
    """What is run: a job by its registered name over locations. `shard` is "i/n" or nothing."""

    job: str
    locations: tuple[str, ...]
    source_format: str = ""
    options: dict[str, str] = {}
    engine: str = "local"
    shard: str = ""
    sink: str = ""


def run_pipeline(
    pipeline: Pipeline, sink: Sink, *, settings: Settings, observer: Observer | None = None,
    stop: Callable[[], bool] = lambda: False, runs: Path | None = None, fresh: bool = False,
    idle_s: float = 0.0,
) -> Report:  # fmt: skip
    """Run a pipeline into a sink, which is closed where the run ends well.

    With `runs`, a folder, a run that was stopped or killed is gone on with by the same call, unless it is to
    be `fresh`; a topic knows by itself how far it was read. With `idle_s` a topic's run ends after so many
    seconds without a message. Raises SettingsError, InputError, RunError, StoreError, MissingExtra.
    """
    spec = JobSpec(pipeline.job, settings, _for_job(pipeline))
    options, observer = options_of(settings), observer or Observer()
    if pipeline.engine == "kafka":
        if fresh:
            hint = "give another group, ?group=NAME"
            raise InputError("how far a topic was read is its group's, not this run's", hint=hint)
        return _run_topic(pipeline, spec, sink, options, observer, stop, idle_s)
    job = spec.build()
    shard = parse_shard(pipeline.shard) if pipeline.shard else None
    _check_partitions(job, options, shard)
    source = items_of(
        pipeline.job, pipeline.locations, source_format=pipeline.source_format, options=pipeline.options
    )
    if shard is not None:
        source = ShardSource(source, shard, _part_of(job, options))
    with ExitStack() as stack:
        if isinstance(source, Live):
            stack.enter_context(closing(source))
        checkpoints = None
        if runs is not None:
            plan = _plan(pipeline, job, options)
            checkpoints = stack.enter_context(closing(Checkpoints(runs, plan, fresh=fresh)))
        if _is_read_by_workers(pipeline, job):
            loop: Loop | ReadingLoop = reading_loop(
                spec, pipeline.locations, pipeline.source_format, sink, options,
                observer=observer, stop=stop, checkpoints=checkpoints,
            )  # fmt: skip
        else:
            loop = Loop(
                job, source, sink, _workers(pipeline, spec, job), options,
                observer=observer, stop=stop, checkpoints=checkpoints,
            )  # fmt: skip
        report = loop.go()
        if checkpoints is not None and not report.interrupted:
            sink.close()  # first: killed in between, the same call goes on from the end
            if not getattr(source, "endless", False):  # which goes on where it was whenever it is run
                checkpoints.remove()
    return report


def load_records(pipeline: Pipeline, topic: str, *, settings: Settings, partitions: int) -> int:
    """Write what a pipeline would read into a topic, for its job; how many. Raises InputError, RunError."""
    from icelos.engine.kafka.loading import load_topic
    from icelos.engine.kafka.location import login_of

    job = JobSpec(pipeline.job, settings, _for_job(pipeline)).build()
    source = items_of(
        pipeline.job, pipeline.locations, source_format=pipeline.source_format, options=pipeline.options
    )
    key = job.key if isinstance(job, Stateful) else None
    return load_topic(source, topic, key=key, partitions=partitions, login=login_of(settings))


def _run_topic(
    pipeline: Pipeline, spec: JobSpec, sink: Sink, options: Options, observer: Observer,
    stop: Callable[[], bool], idle_s: float,
) -> Report:  # fmt: skip
    """Messages of a topic, until a stop, which is how such a run ends."""
    from icelos.engine.kafka.running import run_kafka

    if len(pipeline.locations) != 1 or scheme_of(pipeline.locations[0]) != "kafka" or pipeline.shard:
        hint = "kafka://HOST:PORT/TOPIC?group=NAME; more processes of a group share its partitions"
        raise InputError("the engine kafka reads one topic, in no shards", hint=hint)
    if isinstance(sink, Resumable):  # what comes twice must overwrite itself
        hint = "SQLite, postgresql:// or kafka://"
        raise InputError("findings of a topic go where they have a key", source=pipeline.sink, hint=hint)
    report = run_kafka(
        spec, pipeline.locations[0], sink, options, observer=observer, stop=stop, idle_timeout_s=idle_s
    )
    report.interrupted = False
    return report


def _is_read_by_workers(pipeline: Pipeline, job: Job) -> bool:
    """Whether workers on other machines read the files themselves: there are several, and a job without
    state."""
    if pipeline.engine != "ray" or isinstance(job, Stateful) or pipeline.shard:
        return False
    if any(scheme_of(one) or one == "-" for one in pipeline.locations):
        return False
    return len(pipeline.locations) > 1 or not Path(pipeline.locations[0]).is_file()


def _for_job(pipeline: Pipeline) -> dict[str, str]:
    """The options without those of sources that are no job's."""
    kinds = [resolve("sources", name) for name in _OF_SOURCES_ALONE]
    theirs = {name for kind in kinds for name in getattr(kind, "options", ())}
    return {name: value for name, value in pipeline.options.items() if name not in theirs}


def _plan(pipeline: Pipeline, job: Job, options: Options) -> Plan:
    return Plan(
        job=pipeline.job, locations=tuple(map(_absolute, pipeline.locations)), sink=_absolute(pipeline.sink),
        source_format=pipeline.source_format,
        options=pipeline.options, partitions=options.partitions, shard=pipeline.shard,
        data=str(getattr(job, "version", "")), engine=pipeline.engine,
    )  # fmt: skip


def _absolute(location: str) -> str:
    """The same from whatever folder it is said."""
    return location if location in ("", "-") or scheme_of(location) else str(Path(location).absolute())


def _check_partitions(job: Job, options: Options, shard: Shard | None) -> None:
    """What belongs together must not be torn apart without anybody having said so. Raises SettingsError."""
    wanted = max(options.workers, shard.of if shard else 1)
    if isinstance(job, Stateful) and options.partitions < wanted:
        raise SettingsError(
            f"job {job.name} has state: {wanted} workers or shards need at least as many partitions",
            hint=f"--partitions {wanted}, and the same number wherever findings are to be the same",
        )


def _part_of(job: Job, options: Options) -> Callable[[Record], int] | None:
    """Of a job with state, which partition a record is in."""
    if not isinstance(job, Stateful):
        return None

    def part(record: Record) -> int:
        try:
            return partition_of(job.key(record), options.partitions)
        except Exception:  # noqa: BLE001 - a record without a key is the job's to refuse, wherever it goes
            return 0

    return part


_LIGHT = 1024
"""Records that a job likes together for which reading takes about as long as scoring."""
_LARGE = 1 << 28
"""Bytes of input from which on a second process saves more than its start takes."""


def _gains(job: Job, locations: Sequence[str]) -> bool:
    """Whether one process that reads and one that scores are faster than one that does both."""
    if job.needs.batch_size < _LIGHT or (os.cpu_count() or 1) == 1 or current_process().daemon:
        return False
    size = 0
    for location in locations:
        if location == "-" or scheme_of(location) == "syslog":
            return False
        if scheme_of(location) or is_pattern(Path(location)):
            return True
        for path in files_below(Path(location), unreadable=lambda *_: None):
            size += path.stat().st_size
            if size >= _LARGE:
                return True
    return False


def _workers(pipeline: Pipeline, spec: JobSpec, job: Job) -> Workers:
    settings, locations = spec.settings, pipeline.locations
    kind = settings.engine.worker_kind
    if pipeline.engine == "ray":
        return ray_workers(spec, stateful=isinstance(job, Stateful))
    if pipeline.engine != "local":
        raise SettingsError(f"no engine {pipeline.engine!r}", hint="local, ray or kafka")
    if settings.engine.workers == 1 and kind != "process" and not (kind == "auto" and _gains(job, locations)):
        return InlineWorkers(job, spec)
    threads = kind == "thread" or (kind == "auto" and job.needs.network)
    return ThreadWorkers(job) if threads and not isinstance(job, Stateful) else ProcessWorkers(spec)
