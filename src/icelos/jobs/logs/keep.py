"""Logs of any known format into the store of kept logs, where questions are asked of them.

icelos logs keep signins.jsonl.gz --as signins --group soc --days 90
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from icelos.data.parse.flat import text_of
from icelos.data.query.keeping import TEXT_LIMIT, KeptRow, LogKeeper
from icelos.data.reading import files_below
from icelos.data.row_ids import ROW_ID_FIELDS, RowIds, names_itself
from icelos.errors import InputError
from icelos.findings import Failure
from icelos.jobs.logs.columns import ColumnReader
from icelos.jobs.logs.profile.rows import Row, RowSource, name_below
from icelos.records import record_id

FIELDS, VALUE = 400, 2000
"""Most fields of a row that are kept, and characters of each."""
_TOLD = 10_000
"""Rows between two reports of progress."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has kept: new rows, rows that were there already, and those that could not be read."""

    log: str
    rows: int
    known: int
    failures: tuple[Failure, ...]
    failed: int


def keep(
    locations: Iterable[str],
    folder: Path,
    name: str,
    *,
    groups: Iterable[str] | None = None,
    days: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Kept:
    """Keep files and folders as one log. `groups` who may see it: none given leaves them as they are.

    Raises InputError where there is nothing to read, StoreError.
    """
    failures: list[Failure] = []
    failed = number = 0
    with LogKeeper(folder, name, groups=None if groups is None else tuple(groups), days=days) as keeper:
        for number, row in enumerate(rows_of(locations), 1):
            if isinstance(row, Failure):
                failed += 1
                failures[len(failures) :] = [row] if len(failures) < 100 else []
            else:
                keeper.add(row)
            if number % _TOLD == 0:
                progress(number)
    return Kept(log=name, rows=keeper.kept, known=keeper.known, failures=tuple(failures), failed=failed)


def rows_of(locations: Iterable[str]) -> Iterator[KeptRow | Failure]:
    """The rows of files, folders or standard input ("-") as they are kept."""
    for location in locations:
        if location == "-":
            yield from _Reader(datetime.now(UTC)).rows(RowSource(location))
            continue
        root = Path(location)
        for path in files_below(root):
            # Rows are called by the file's name below the folder, as `icelos scan` calls them.
            name = name_below(path, root)
            changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            yield from _Reader(changed).rows(RowSource(str(path)), name)


class _Reader:
    """Rows of one file; `newest` bounds times without a year."""

    def __init__(self, newest: datetime) -> None:
        self._columns = ColumnReader(newest)
        self._ids = RowIds()

    def rows(self, source: RowSource, name: str = "") -> Iterator[KeptRow | Failure]:
        for row in source:
            if isinstance(row, Failure):
                yield row
                continue
            try:
                yield self._kept(row, name)
            except InputError as error:
                yield _failed(row, error)

    def _kept(self, row: Row, name: str) -> KeptRow:
        file, _, number = row.source.rpartition(":")
        text = row.raw.decode("utf-8", "replace")
        columns, fields = self._columns.of(row.fields), row.fields
        identity = self._ids.of_text(text) if names_itself(map(fields.get, ROW_ID_FIELDS)) else ""
        place = name or file
        return KeptRow(
            row=identity or record_id(place, number, row.raw),
            time=columns.time.strftime("%Y-%m-%d %H:%M:%S.%f") if columns.time else None,
            user=columns.user,
            source_ip=columns.source_ip,
            host=columns.host,
            application=columns.application,
            action=columns.action,
            outcome=columns.outcome,
            text=text[:TEXT_LIMIT],
            source=f"{place}:{number}",
            fields={
                path: text_of(fields[path])[:VALUE] for path in list(fields)[:FIELDS] if fields[path] != ""
            },
        )


def _failed(row: Row, error: InputError) -> Failure:
    return Failure(record_id=record_id(row.source, row.raw), job="logs", error=str(error), source=row.source)
