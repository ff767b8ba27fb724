"""A detector as part of the logs job: each row against what was before it, findings as they come.

The state is that of one stream: rows are to come in their order, from one thread at a time.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from icelos.data.parse.flat import flat_fields
from icelos.errors import InputError
from icelos.findings import Finding
from icelos.jobs.logs.detect.columns import Columns, Layout, Reader
from icelos.jobs.logs.detect.model import arrays_of, load
from icelos.jobs.logs.detect.reading import Read
from icelos.jobs.logs.detect.scorer import Scorer
from icelos.records import LogLine

_FEW = 256
"""Rows whose values are there at a time."""


class Watch:
    """A detector and what it has seen."""

    def __init__(self, folder: Path) -> None:
        """Raises MissingExtra without LightGBM, InputError where the folder holds no detector."""
        self._scorer = Scorer(load(folder))
        self._users = Reader(Layout(user=self._scorer.reader.layout.user, time="", facets=()))
        self._one_at_a_time = threading.Lock()

    def judge(self, batch: Sequence[LogLine]) -> dict[int, Finding | InputError]:
        """By their places in the batch: findings of rows above the threshold, and what is wrong with rows
        whose fields cannot be read."""
        with self._one_at_a_time:
            columns, places, refused = self._columns(batch)
            found = self._scorer.findings(columns, lambda row: self._read(batch[places[row]]))
        return {places[row]: finding for row, finding in found.items()} | refused

    def _columns(self, batch: Sequence[LogLine]) -> tuple[Columns, list[int], dict[int, InputError]]:
        """The rows that can be read, with their places, and the others.

        A few at a time: their values are let go before the next ones come, while they are in the processor's
        cache.
        """
        reader, parts = self._scorer.reader, []
        places: list[int] = []
        refused: dict[int, InputError] = {}
        for begin in range(0, len(batch), _FEW):
            some = batch[begin : begin + _FEW]
            values = reader.all_decoded([record.text for record in some])
            if values is not None:
                places += range(begin, begin + len(some))
            else:
                values = []
                for place, record in enumerate(some, begin):
                    try:
                        values.append(self._read(record).values)
                        places.append(place)
                    except InputError as error:
                        refused[place] = error
            parts.append(reader.columns(values))
        return Columns.joined(parts) if parts else reader.columns([]), places, refused

    def _read(self, record: LogLine) -> Read:
        reader = self._scorer.reader
        raw = record.text.encode("utf-8", "surrogatepass")
        values = reader.decoded(raw)
        if values is None:
            values = reader.values(flat_fields(record.fields or {}))
        name, _, number = record.source.rpartition(":")
        return Read(values, raw, name, int(number) if number.isdigit() else 0, record.id)

    def key(self, record: LogLine) -> str:
        """Whom the state is of: rows of one entity have to go to one detector, in their order.

        Raises InputError for a row whose fields cannot be read.
        """
        values = self._users.decoded(record.text.encode("utf-8", "surrogatepass"))
        return str((values or self._read(record).values)[0] or "")

    @property
    def version(self) -> str:
        """The detector's."""
        return self._scorer.detector.version

    def snapshot(self) -> bytes:
        """What was seen."""
        file = io.BytesIO()
        np.savez(file, **self._scorer.snapshot())  # type: ignore[arg-type]
        return file.getvalue()

    def restore(self, state: bytes) -> None:
        """Take over a snapshot. Raises ValueError for one that is none."""
        self._scorer.restore(arrays_of(state))
