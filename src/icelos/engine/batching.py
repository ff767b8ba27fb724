"""A source cut into micro-batches: by number, by size in memory, and by time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from icelos.engine.run import Options
from icelos.findings import Failure
from icelos.records import LogLine, Mail, Record

Items = list[Record | Failure]
_OTHER = 1024
"""Bytes that a record is taken for whose text is not known."""


def micro_batches(source: Iterable[Record | Failure | None], size: int, options: Options) -> Iterator[Items]:
    """Batches of at most `size` items; an empty one where the source has nothing at the moment.

    What was read waits no longer than `options.batch_seconds`, or until the source says that it waits itself.
    """
    batch: Items = []
    weight, begun = 0, time.monotonic()
    for item in source:
        if item is not None:
            batch.append(item)
            weight += _weight(item)
            late = time.monotonic() - begun >= options.batch_seconds
            if len(batch) < size and weight < options.batch_bytes and not late:
                continue
        yield batch
        batch, weight, begun = [], 0, time.monotonic()
    if batch:
        yield batch


def _weight(item: Record | Failure) -> int:
    if isinstance(item, LogLine):
        return len(item.text)
    if isinstance(item, Mail):
        return len(item.raw)
    return _OTHER
