"""Generated rows in the order of their times: a model makes them in any."""

from __future__ import annotations

import math
from collections.abc import Iterator

from icelos.data.parse.flat import Value, flat_fields
from icelos.errors import InputError
from icelos.jobs.logs.profile.formats import seconds_of
from icelos.jobs.logs.roles import kind_of, paths_of
from icelos.jobs.logs.row_formats import objects
from icelos.jobs.logs.staging import Staging


class ByTime:
    """Rows in the order of their times (`time_of`); those without one first, as they came.

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
    """When a row of JSON happened, in seconds since the epoch: by the field that its kind of log has for it,
    else by the first time in it; minus infinity where it has none."""
    try:
        fields = flat_fields(next(objects([row]), {}))
    except InputError:
        return -math.inf
    named: list[Value] = [fields[path] for path in paths_of("time", kind_of(fields)) if path in fields]
    moments = (seconds_of(value, numbers=True) for value in named)
    found = next((moment for moment in moments if moment is not None), None)
    if found is None:
        texts = (seconds_of(value) for value in fields.values() if isinstance(value, str))
        found = next((moment for moment in texts if moment is not None), -math.inf)
    return found
