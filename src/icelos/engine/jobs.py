"""From names to a run: which source fits a location, which sink a file name, and one call for all engines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from icelos.contracts import Live, Sink, Source
from icelos.data.file_source import is_pattern
from icelos.engine.local import Progress, run
from icelos.engine.run import Options, Report
from icelos.engine.shards import Chain
from icelos.errors import InputError
from icelos.registry import resolve
from icelos.settings import Settings

JOB_SOURCES = {"mail": "mail", "logs": "jsonl", "vulns": "components", "copilot": "questions"}
SUFFIX_SINKS = {".jsonl": "jsonl", ".parquet": "parquet", ".sqlite": "sqlite", ".db": "sqlite"}
OBJECTS = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oss", "oci")
"""Schemes of object stores."""
_STORES = {**dict.fromkeys(OBJECTS, "objects"), "postgresql": "postgres", "postgres": "postgres"}
SCHEME_SINKS = {**_STORES, "kafka": "kafka"}
SCHEME_SOURCES = {"imap": "imap", "imaps": "imap", "syslog": "syslog", "syslog+tls": "syslog", **_STORES}
SUFFIX_SOURCES = {".parquet": "parquet", ".sqlite": "sqlite", ".db": "sqlite"}


def open_sink(location: str | Path, settings: Settings | None = None) -> Any:
    """The sink for a location, by its scheme or suffix; use it as a context manager. Raises InputError.

    `settings` say who signs in, where a sink asks for that.
    """
    name = SCHEME_SINKS.get(scheme_of(str(location))) or SUFFIX_SINKS.get(Path(location).suffix)
    if name is None:
        known = (*SUFFIX_SINKS, *(f"{scheme}://" for scheme in SCHEME_SINKS))
        raise InputError(f"no sink for {Path(location).name!r}", hint=f"use one of {', '.join(known)}")
    kind = resolve("sinks", name)
    return kind(location) if settings is None or name != "kafka" else kind.of(location, settings)


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
