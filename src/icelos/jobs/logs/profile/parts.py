"""A log in parts, which several processes profile: their profiles are one in the end.

Parts do not depend on the number of processes, and they are put together in their order; so is what is told.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec

from icelos.data.reading import files_below
from icelos.errors import InputError, RunError
from icelos.findings import Failure
from icelos.jobs.logs.processes import deaf_to_interrupts
from icelos.jobs.logs.profile.profile import Profile, Profiler, profile_rows
from icelos.jobs.logs.profile.rows import RowSource, Span, name_below

PART = 1 << 26
"""Bytes of a part, as they are on disk."""
MOST_WORKERS = 8
"""Processes that are started if not told otherwise."""
_BLOCK = 1 << 20


def profile_log(
    source: RowSource, *, workers: int | None = None, progress: Callable[[int], None] = lambda _: None
) -> Profile:
    """The profile of a log by so many processes (None: a processor each).

    `progress` is told how many rows were read, now and then. Raises InputError where there is nothing to read
    at all, RunError where a process ended early.
    """
    parts = cut(source)
    if len(parts) == 1:
        return profile_rows(source, progress)
    whole = Profiler()
    number = min(workers or min(os.cpu_count() or 1, MOST_WORKERS), len(parts))
    with _profiles(parts, number) as profiles:
        for found in profiles:
            whole.merge(found)
            progress(whole.rows)
    return whole.told()


def cut(source: RowSource) -> list[RowSource]:
    """Parts of about `PART` bytes, in order: files, and spans of plain ones that are lines."""
    unlisted: list[Path] = []
    if source.location == "-":
        return [source]
    root = Path(source.location)
    spans = [
        span
        for path in files_below(root, unreadable=lambda folder, _: unlisted.append(folder))
        for span in _spans(source, Span(path, name_below(path, root)))
    ]
    if unlisted:  # reading it as a whole tells of it
        return [source]
    parts: list[list[Span]] = [[]]
    size = 0
    for span in spans:
        if size >= PART:
            parts.append([])
            size = 0
        parts[-1].append(span)
        size += (_size(span.path) if span.end is None else span.end) - span.begin
    return [replace(source, spans=tuple(part)) for part in parts] if len(parts) > 1 else [source]


def _spans(source: RowSource, file: Span) -> list[Span]:
    size = _size(file.path)
    try:
        if size <= PART or not source.is_lines(file.path):
            return [file]
    except (InputError, OSError):  # reading it tells of it
        return [file]
    return [file._replace(begin=begin, end=min(begin + PART, size)) for begin in range(0, size, PART)]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


@contextmanager
def _profiles(parts: Sequence[RowSource], workers: int) -> Iterator[Iterator[Profiler]]:
    """The profiles of all parts, in order."""
    if workers == 1:
        yield map(profiled, parts)
        return
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))
    others = multiprocessing.active_children()
    try:
        with deaf_to_interrupts():
            profiles = pool.map(profiled, parts)
        yield profiles
    except BrokenProcessPool as error:
        raise RunError("a process of the profile ended early", hint="--workers 1 needs none") from error
    except KeyboardInterrupt:
        for process in multiprocessing.active_children():
            if process not in others:
                process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def profiled(part: RowSource) -> Profiler:
    """The rows of one part."""
    profiler, before = Profiler(), 0
    begun = part.spans[0]
    for item in part:
        if begun.begin and isinstance(item, Failure) and item.source.startswith(f"{begun.name}:"):
            before = before or _lines_before(begun)
            item = _renumbered(item, before)
        profiler.add(item)
    profiler.flush()
    return profiler


def _renumbered(item: Failure, before: int) -> Failure:
    """A failure with the number of its line in the whole file."""
    name, _, number = item.source.rpartition(":")
    return msgspec.structs.replace(item, source=f"{name}:{int(number) + before}")


def _lines_before(span: Span) -> int:
    """Lines of the file before the first one of the span, which may end the line that the span begins in."""
    count, left = 1, span.begin - 1
    with span.path.open("rb") as file:
        while left > 0 and (block := file.read(min(left, _BLOCK))):
            count += block.count(b"\n")
            left -= len(block)
    return count
