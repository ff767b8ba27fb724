"""From names to a run: which source fits a location, which sink a file name, and one call for all engines."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import msgspec

from icelos.contracts import Job, Live, Sink, Source, Stateful
from icelos.data.file_source import is_pattern
from icelos.data.reading import files_below
from icelos.engine.checkpoints import Checkpoints, Plan
from icelos.engine.local import Progress, run
from icelos.engine.loop import Loop
from icelos.engine.observing import Observer
from icelos.engine.partitions import partition_of
from icelos.engine.processes import ProcessWorkers
from icelos.engine.run import Options, Report
from icelos.engine.shards import Chain, Shard, ShardSource, parse_shard
from icelos.engine.workers import InlineWorkers, JobSpec, ThreadWorkers, Workers
from icelos.errors import InputError, SettingsError
from icelos.records import Record
from icelos.registry import resolve
from icelos.settings import Settings

JOB_SOURCES = {"mail": "mail", "logs": "jsonl", "vulns": "components", "copilot": "questions"}
SUFFIX_SINKS = {".jsonl": "jsonl", ".parquet": "parquet", ".sqlite": "sqlite", ".db": "sqlite"}
OBJECTS = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oss", "oci")
"""Schemes of object stores."""
SCHEME_SINKS = {**dict.fromkeys(OBJECTS, "objects"), "postgresql": "postgres", "postgres": "postgres"}
SCHEME_SOURCES = {
    "imap": "imap", "imaps": "imap", "syslog": "syslog", "syslog+tls": "syslog", **SCHEME_SINKS,
}  # fmt: skip
SUFFIX_SOURCES = {".parquet": "parquet", ".sqlite": "sqlite", ".db": "sqlite"}


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


def open_sink(location: str | Path) -> Any:
    """The sink for a location, by its scheme or suffix; use it as a context manager. Raises InputError."""
    name = SCHEME_SINKS.get(scheme_of(str(location))) or SUFFIX_SINKS.get(Path(location).suffix)
    if name is None:
        known = (*SUFFIX_SINKS, *(f"{scheme}://" for scheme in SCHEME_SINKS))
        raise InputError(f"no sink for {Path(location).name!r}", hint=f"use one of {', '.join(known)}")
    return resolve("sinks", name)(location)


def scheme_of(location: str) -> str:
    """ "imap" of imap://…, "" of a path."""
    return location.partition("://")[0].lower() if "://" in location else ""


def open_source(
    location: str, *, job: str, source_format: str = "", options: Mapping[str, str] | None = None
) -> Any:
    """The source for a location: by format if given, else by scheme or suffix, else by what the job reads.

    A source that lists names in its attribute `options` is given those of `options`.
    """
    remote = SCHEME_SOURCES.get(scheme_of(location))
    if remote == "objects":
        within = source_format or SUFFIX_SOURCES.get(Path(location).suffix) or JOB_SOURCES.get(job, "jsonl")
        options, source_format = {**(options or {}), "format": within}, ""
    name = source_format or remote or SUFFIX_SOURCES.get(Path(location).suffix)
    if remote is None and location != "-" and not _is_there(Path(location)):
        raise InputError("no such file or folder", source=location)
    kind = resolve("sources", name or JOB_SOURCES.get(job, "jsonl"))
    given = {key: value for key, value in (options or {}).items() if key in getattr(kind, "options", ())}
    return kind(location, **given)


def _is_there(path: Path) -> bool:
    return path.exists() or is_pattern(path)


def items_of(
    job: str, locations: str | Sequence[str], *, source_format: str, options: Mapping[str, str] | None
) -> Source:
    """The items of all locations, one after another. Raises InputError at once where one is not there."""
    names = [locations] if isinstance(locations, str) else list(locations)
    sources = [open_source(name, job=job, source_format=source_format, options=options) for name in names]
    if len(sources) > 1 and any(isinstance(source, Live) for source in sources):
        raise InputError("a source that never ends goes with no other", hint="run them side by side")
    source: Source = sources[0] if len(sources) == 1 else Chain(sources)
    return source


def scan(
    job: str,
    locations: str | Sequence[str],
    sink: Sink,
    *,
    settings: Settings,
    source_format: str = "",
    job_options: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Run a registered job over locations, one after another, into a sink, with the engine's settings.

    `job_options` go to the job, and those that a source asks for to the source as well. Raises
    SettingsError for an unknown name, InputError for what cannot be read at all.
    """
    built = resolve("jobs", job)(settings, dict(job_options or {}))
    items = items_of(job, locations, source_format=source_format, options=job_options)
    return run(built, items, sink, options_of(settings), progress=progress)


def run_pipeline(
    pipeline: Pipeline, sink: Sink, *, settings: Settings, observer: Observer | None = None,
    stop: Callable[[], bool] = lambda: False, runs: Path | None = None, fresh: bool = False,
) -> Report:  # fmt: skip
    """Run a pipeline into a sink, which is closed where the run ends well.

    With `runs`, a folder, a run that was stopped or killed is gone on with by the same call, unless it is to
    be `fresh`. Raises SettingsError, InputError, RunError, StoreError, MissingExtra.
    """
    spec = JobSpec(pipeline.job, settings, _for_job(pipeline))
    options, observer = options_of(settings), observer or Observer()
    job = spec.build()
    shard = parse_shard(pipeline.shard) if pipeline.shard else None
    _check_partitions(job, options, shard)
    source = items_of(
        pipeline.job, pipeline.locations, source_format=pipeline.source_format, options=pipeline.options
    )
    if shard is not None:
        source = ShardSource(source, shard, _part_of(job, options))
    workers = _workers(pipeline, spec, job, settings)
    with ExitStack() as stack:
        if isinstance(source, Live):
            stack.enter_context(closing(source))
        checkpoints = None
        if runs is not None:
            plan = _plan(pipeline, job, options)
            checkpoints = stack.enter_context(closing(Checkpoints(runs, plan, fresh=fresh)))
        loop = Loop(
            job, source, sink, workers, options, observer=observer, stop=stop, checkpoints=checkpoints
        )
        report = loop.go()
        if checkpoints is not None and not report.interrupted:
            sink.close()  # first: killed in between, the same call goes on from the end
            if not getattr(source, "endless", False):  # which goes on where it was whenever it is run
                checkpoints.remove()
    return report


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
        data=str(getattr(job, "version", "")),
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
_LARGE = 1 << 25
"""Bytes of input from which on a second process saves more than its start takes."""


def _gains(job: Job, locations: Sequence[str]) -> bool:
    """Whether one process that reads and one that scores are faster than one that does both."""
    if job.needs.batch_size < _LIGHT or (os.cpu_count() or 1) == 1:
        return False
    size = 0
    for location in locations:
        if scheme_of(location) or location == "-" or is_pattern(Path(location)):
            return True
        for path in files_below(Path(location), unreadable=lambda *_: None):
            size += path.stat().st_size
            if size >= _LARGE:
                return True
    return False


def _workers(pipeline: Pipeline, spec: JobSpec, job: Job, settings: Settings) -> Workers:
    engine = pipeline.engine
    kind, locations = settings.engine.worker_kind, pipeline.locations
    if engine != "local":
        raise SettingsError(f"no engine {engine!r}", hint="local, ray or kafka")
    if settings.engine.workers == 1 and kind != "process" and not (kind == "auto" and _gains(job, locations)):
        return InlineWorkers(job, spec)
    threads = kind == "thread" or (kind == "auto" and job.needs.network)
    return ThreadWorkers(job) if threads and not isinstance(job, Stateful) else ProcessWorkers(spec)


def options_of(settings: Settings) -> Options:
    """The engine's options that the settings name."""
    engine = settings.engine
    return Options(
        batch_size=engine.batch_size,
        batch_bytes=engine.batch_mib << 20,
        batch_seconds=engine.batch_seconds,
        workers=engine.workers,
        partitions=engine.partitions,
        max_failures=engine.max_failures,
        max_consecutive_failures=engine.max_consecutive_failures,
        max_failure_ratio=engine.max_failure_ratio,
        sink_patience_s=engine.sink_patience_s,
        checkpoint_seconds=engine.checkpoint_seconds,
    )
