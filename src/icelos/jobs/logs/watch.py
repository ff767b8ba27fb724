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
from icelos.findings import Finding
from icelos.jobs.logs.detect.model import arrays_of, load
from icelos.jobs.logs.detect.reading import Read
from icelos.jobs.logs.detect.scorer import Scorer
from icelos.records import LogLine


class Watch:
    """A detector and what it has seen."""

    def __init__(self, folder: Path) -> None:
        """Raises MissingExtra without LightGBM, InputError where the folder holds no detector."""
        self._scorer = Scorer(load(folder))
        self._one_at_a_time = threading.Lock()

    def judge(self, batch: Sequence[LogLine]) -> list[Finding | None]:
        """A finding for each row above the threshold, None for the others."""
        rows = [self._read(record) for record in batch]
        with self._one_at_a_time:
            return self._scorer.score(rows)

    def _read(self, record: LogLine) -> Read:
        reader = self._scorer.reader
        raw = record.text.encode("utf-8", "surrogatepass")
        values = reader.decoded(raw)
        if values is None:
            values = reader.values(flat_fields(record.fields or {}))
        name, _, number = record.source.rpartition(":")
        return Read(values, raw, name, int(number) if number.isdigit() else 0, record.id)

    def key(self, record: LogLine) -> str:
        """Whom the state is of: rows of one entity have to go to one detector, in their order."""
        return str(self._read(record).values[0] or "")

    def snapshot(self) -> bytes:
        """What was seen."""
        file = io.BytesIO()
        np.savez(file, **self._scorer.snapshot())  # type: ignore[arg-type]
        return file.getvalue()

    def restore(self, state: bytes) -> None:
        """Take over a snapshot. Raises ValueError for one that is none."""
        self._scorer.restore(arrays_of(state))
