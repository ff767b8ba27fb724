"""Generated rows in the order of their times: a model makes them in any."""

from __future__ import annotations

import math
from collections.abc import Iterator

from icelos.jobs.logs.profile.formats import seconds_of
from icelos.jobs.logs.row_formats import objects
from icelos.jobs.logs.staging import Staging


class ByTime:
    """Rows in the order of the time that the first of their fields with one says; those without one first.

    What is kept of each row is its number and time: rows are read again, one after the other.
    """

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    def __iter__(self) -> Iterator[bytes]:
        starts, moments = [0], []
        for row in self._staging:
            starts.append(starts[-1] + len(row) + 1)
            moments.append(time_of(row))
        order = sorted(range(len(moments)), key=moments.__getitem__)
        with self._staging.rows_path.open("rb") as file:
            for number in order:
                file.seek(starts[number])
                yield file.read(starts[number + 1] - starts[number] - 1)


def time_of(row: bytes) -> float:
    """The first time within a row of JSON, in seconds since the epoch; minus infinity where it has none."""
    for value in next(objects([row]), {}).values():
        found = seconds_of(value) if isinstance(value, str) else None
        if found is not None:
            return found
    return -math.inf
