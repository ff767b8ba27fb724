"""From names to a run: which source fits a location, which sink a file name, and one call for both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from icelos.contracts import Sink
from icelos.engine.local import Progress, run
from icelos.engine.run import Options, Report
from icelos.errors import InputError
from icelos.findings import Failure
from icelos.records import Record
from icelos.registry import resolve
from icelos.settings import Settings

JOB_SOURCES = {"mail": "mail", "logs": "jsonl", "vulns": "components", "copilot": "questions"}
SUFFIX_SINKS = {".jsonl": "jsonl", ".parquet": "parquet", ".sqlite": "sqlite", ".db": "sqlite"}
SCHEME_SOURCES = {"imap": "imap", "imaps": "imap"}
SUFFIX_SOURCES = {".parquet": "parquet", ".sqlite": "sqlite", ".db": "sqlite"}


def open_sink(path: Path) -> Any:
    """The sink for a file name, by its suffix; use it as a context manager. Raises InputError."""
    name = SUFFIX_SINKS.get(path.suffix)
    if name is None:
        raise InputError(f"no sink for {path.name!r}", hint=f"use one of {', '.join(SUFFIX_SINKS)}")
    return resolve("sinks", name)(path)


def open_source(
    location: str, *, job: str, source_format: str = "", options: Mapping[str, str] | None = None
) -> Any:
    """The source for a location: by format if given, else by scheme or suffix, else by what the job reads.

    A source that lists names in its attribute `options` is given those of `options`.
    """
    remote = SCHEME_SOURCES.get(location.partition("://")[0]) if "://" in location else None
    name = source_format or remote or SUFFIX_SOURCES.get(Path(location).suffix)
    if remote is None and location != "-" and not Path(location).exists():
        raise InputError("no such file or folder", source=location)
    kind = resolve("sources", name or JOB_SOURCES.get(job, "jsonl"))
    given = {key: value for key, value in (options or {}).items() if key in getattr(kind, "options", ())}
    return kind(location, **given)


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


def items_of(
    job: str, locations: str | Sequence[str], *, source_format: str, options: Mapping[str, str] | None
) -> Iterable[Record | Failure]:
    """The items of all locations, one after another. Raises InputError at once where one is not there."""
    names = [locations] if isinstance(locations, str) else list(locations)
    return chain.from_iterable(
        [open_source(name, job=job, source_format=source_format, options=options) for name in names]
    )


def options_of(settings: Settings) -> Options:
    """The engine's options that the settings name."""
    return Options(
        batch_size=settings.engine.batch_size,
        workers=settings.engine.workers,
        max_failures=settings.engine.max_failures,
    )
