"""Every row of a log through a detector: findings and failures into a file, no row lost or counted twice.

    .NAME.scoring/plan.json    what is scored by what, which another command must not go on with
    .NAME.scoring/outcomes     findings and failures so far, a line each
    .NAME.scoring/state.npz    what the detector has seen, and how many rows and bytes that is

The state and the place in the source are one file: after kill -9 both are those of the same moment, and what
stands behind it in the outcomes is cut off.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from icelos.data.atomic import atomic_write, full_disk_named, open_alone
from icelos.errors import InputError
from icelos.findings import Failure, Finding
from icelos.jobs.logs.detect.apart import read_apart, saves_time
from icelos.jobs.logs.detect.findings import (
    HELD_BACK,
    LABEL,
    UNKNOWN,
)
from icelos.jobs.logs.detect.model import Detector, load_arrays
from icelos.jobs.logs.detect.reading import BATCH, read_batches
from icelos.jobs.logs.detect.scorer import Scorer
from icelos.jobs.logs.outputs import check_output, open_output, write_meta

_SECONDS = 10.0
"""Between two checkpoints."""


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the rows: `rows` is alerts + clear + unknown, `failures` could not be read. `drift` is
    alerts a day as a multiple of the budget; `shift` how far the scores are from those that the threshold was
    set by (`Calibration.shift`). `held_back` rows are clear by an analyst's verdict, `old_rows`
    are from before what the detector had seen, `unknown` ones have none of the fields that are watched."""

    generator: str = "icelos logs detect score"
    detector: str
    source: str
    rows: int
    alerts: int
    clear: int
    failures: int
    incidents: int
    days: int
    alerts_per_day: float
    above_threshold: float
    drift: float
    shift: float
    old_rows: int
    held_back: int
    unknown: int


@dataclass
class _Place:
    items: int = 0
    bytes: int = 0
    rows: int = 0
    alerts: int = 0
    failures: int = 0
    held_back: int = 0
    unknown: int = 0


def score_log(
    source: str, output: Path, detector: Detector, *, processes: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Scored:  # fmt: skip
    """Score a file or folder into FILE.jsonl: a finding or a failure a line, nothing for clear rows.

    A run that was stopped is gone on with by the same call. With two `processes` one of them reads; None:
    where that saves time. Raises InputError where there is nothing to read, or where another run of other
    things is under way; RunError where the other process ended early.
    """
    check_output(output)
    if source != "-" and not Path(source).exists():
        raise InputError("no such file or folder", source=source)
    apart = saves_time(source) if processes is None else processes > 1
    detector.threads = 2 if apart else 1
    run = _Run(source, output, detector)
    try:
        with closing(run.outcomes(apart=apart)) as batches:
            for outcomes, count in batches:
                run.add(outcomes, count)
                progress(run.place.items)
        scored = run.finish()
    finally:
        run.close()
    run.remove()
    return scored


class _Run:
    """One run and its folder."""

    def __init__(self, source: str, output: Path, detector: Detector) -> None:
        self._source, self._output = source, output
        self._scorer = Scorer(detector)
        self.place = _Place()
        self._saved = time.monotonic()
        self._folder = output.with_name(f".{output.name}.scoring")
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock = open_alone(self._folder / "lock")
        except BlockingIOError as error:
            raise InputError("another run is writing this file", source=str(output)) from error
        try:
            self._begin({"source": str(Path(source).absolute()), "detector": detector.version})
        except BaseException:
            self._lock.close()
            raise

    def _begin(self, plan: dict[str, str]) -> None:
        encoded, saved = msgspec.json.encode(plan), self._folder / "plan.json"
        state = self._folder / "state.npz"
        if saved.is_file() and saved.read_bytes() != encoded:
            raise InputError(
                "a run of something else has not ended", source=str(self._folder),
                hint="give the same source and model, or remove this folder",
            )  # fmt: skip
        with atomic_write(saved) as file:
            file.write(encoded)
        if state.is_file():
            arrays = load_arrays(state)
            self.place = _Place(*arrays.pop("place").tolist())
            self._scorer.restore(arrays)
        self._file = (self._folder / "outcomes").open("ab")
        if self._file.tell() < self.place.bytes:
            raise InputError("outcomes of an earlier run are gone", source=str(self._folder))
        self._file.truncate(self.place.bytes)

    def outcomes(self, *, apart: bool) -> Generator[tuple[list[Finding | Failure], int]]:
        """Findings and failures of what is left of the source, in its order, and how many rows and failures
        they are of; in batches."""
        reader, done = self._scorer.reader, self.place.items
        if apart:
            batches = read_apart(self._source, reader.layout, size=BATCH, skipped=done)
        else:
            batches = read_batches(self._source, reader, size=BATCH, skipped=done)
        with closing(batches):
            for batch in batches:
                found = self._scorer.findings(batch.columns, partial(batch.read, reader=reader))
                yield batch.in_order(found), batch.items

    def add(self, outcomes: list[Finding | Failure], count: int) -> None:
        """Write the outcomes of a batch; every so often they become certain."""
        stored = [msgspec.json.encode(one) + b"\n" for one in outcomes]
        with full_disk_named(self._folder):
            self._file.write(b"".join(stored))
        labels = Counter("" if isinstance(one, Failure) else one.label for one in outcomes)
        self.place.items += count
        self.place.bytes += sum(map(len, stored))
        self.place.rows += count - labels[""]
        self.place.failures += labels[""]
        self.place.held_back += labels[HELD_BACK]
        self.place.unknown += labels[UNKNOWN]
        self.place.alerts += labels[LABEL]
        if time.monotonic() - self._saved >= _SECONDS:
            self._save()

    def _save(self) -> None:
        self._saved = time.monotonic()
        with full_disk_named(self._folder):
            self._file.flush()
            os.fsync(self._file.fileno())
        at = self.place
        place = np.array(
            [at.items, at.bytes, at.rows, at.alerts, at.failures, at.held_back, at.unknown], np.int64
        )
        with atomic_write(self._folder / "state.npz") as file:
            np.savez(file, **(self._scorer.snapshot() | {"place": place}))  # type: ignore[arg-type]

    def finish(self) -> Scored:
        """The file with its side file, once all is scored. Raises InputError where there was nothing."""
        if not self.place.items:
            raise InputError("has no rows", source=self._source)
        self._save()
        with open_output(self._output) as target, (self._folder / "outcomes").open("rb") as outcomes:
            shutil.copyfileobj(outcomes, target)
        scorer, calibration = self._scorer, self._scorer.detector.settings.calibration
        days = max(1, len(scorer.days))
        per_day = len(scorer.alert_days) / days
        scored = Scored(
            detector=scorer.detector.version, source=self._source, rows=self.place.rows,
            alerts=self.place.alerts, unknown=self.place.unknown,
            clear=self.place.rows - self.place.alerts - self.place.unknown,
            failures=self.place.failures, incidents=len(scorer.incidents), days=days,
            alerts_per_day=round(per_day, 2),
            above_threshold=round(self.place.alerts / max(1, self.place.rows), 6),
            drift=round(per_day / calibration.budget, 2) if calibration.budget else 0.0,
            shift=round(calibration.shift(scorer.counts), 3), old_rows=scorer.old_rows,
            held_back=self.place.held_back,
        )  # fmt: skip
        write_meta(self._output, scored)
        return scored

    def close(self) -> None:
        """Leave the folder as it is."""
        self._file.close()
        self._lock.close()

    def remove(self) -> None:
        """The run has ended."""
        shutil.rmtree(self._folder, ignore_errors=True)
