"""What failed before, once more: of the same locations only the records with an open failure are scored.

A line that was mended where it stands is another record than the broken one: its place tells that the old
failure is over. In an ordinary run that would not do, since tomorrow's app.log:17 is not today's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from icelos.data.sinks import SqliteSink
from icelos.engine.jobs import items_of, options_of
from icelos.engine.local import Progress, run
from icelos.engine.run import Report
from icelos.findings import Failure
from icelos.records import Record
from icelos.registry import resolve
from icelos.settings import Settings


def retry(
    job: str,
    locations: str | Sequence[str],
    sink: SqliteSink,
    *,
    settings: Settings,
    source_format: str = "",
    job_options: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Score again what `job` has failed at and what stands in these locations: those of the failed run.

    What is not met there stays open; `sink.count("failure", job=job)` tells how much. Raises what `scan`
    raises.
    """
    built = resolve("jobs", job)(settings, dict(job_options or {}))
    items = items_of(job, locations, source_format=source_format, options=job_options)
    again = _Again(items, sink.open_failures(job))
    report = run(built, again, sink, options_of(settings), progress=progress)
    if not report.interrupted:
        sink.resolve(job, again.mended)
    return report


class _Again:
    """Of a source's items those that failed before, by their id or at their place, and what fails now."""

    def __init__(self, items: Iterable[Record | Failure | None], failed: Mapping[str, str]) -> None:
        self._items = items
        self._failed = failed
        self._places = frozenset(failed.values())
        self._met: set[str] = set()
        self._read: set[str] = set()

    @property
    def mended(self) -> list[str]:
        """Records that did not come again, though their place, or all of their file, now can be read."""
        return [one for one, place in self._failed.items() if place in self._read and one not in self._met]

    def __iter__(self) -> Iterator[Record | Failure]:
        file = ""
        for item in self._items:
            if item is None:
                continue
            if isinstance(item, Failure):
                self._met.add(item.record_id)
                yield item
                continue
            name = item.source.rpartition(":")[0]
            if name != file:
                file = name
                self._read.update(self._places.intersection(_files(name)))
            if item.id in self._failed:
                self._met.add(item.id)
                yield item
            elif item.source in self._places:
                self._read.add(item.source)
                yield item


def _files(name: str) -> set[str]:
    """A file and the folders it stands in: one that can be read again shows that they can."""
    return {name, *(str(folder) for folder in PurePosixPath(name).parents)}
