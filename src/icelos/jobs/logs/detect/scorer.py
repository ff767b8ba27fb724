"""Batches of rows to findings, one after the other: alerts, incidents, and what is told of all together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from icelos.findings import Finding
from icelos.jobs.logs.detect.alerts import entity_days
from icelos.jobs.logs.detect.behaviour import DAY, Matrix
from icelos.jobs.logs.detect.columns import NOTHING, Columns, Floats, Reader, code_of
from icelos.jobs.logs.detect.findings import (
    finding,
    held_back,
    incident_of,
    unknown,
    unusual_values,
    values_by_path,
)
from icelos.jobs.logs.detect.model import Detector
from icelos.jobs.logs.detect.reading import Read
from icelos.jobs.logs.detect.table import Arrays
from icelos.records import record_id

_NAMED = 8
"""Characters of an id that names one row and not a kind of them."""
_SAMPLED = 16
"""One row of so many says how scores have shifted."""


class Scorer:
    """Rows to findings; keeps open incidents: alerts of an entity that are less than a day apart are one."""

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self.reader = Reader(detector.settings.layout)
        self._open: dict[int, tuple[float, str]] = {}
        self._clock = 0.0
        self.alert_days: set[int] = set()
        self.days: set[int] = set()
        self.incidents: set[str] = set()
        self.counts, self._rows = detector.settings.calibration.counted(np.empty(0)), 0
        self.begun_at, self.old_rows = detector.behaviour.clock, 0

    def score(self, rows: Sequence[Read]) -> list[Finding | None]:
        """One outcome for each row; None is clear."""
        found = self.findings(self.reader.columns([row.values for row in rows]), rows.__getitem__)
        return [found.get(row) for row in range(len(rows))]

    def findings(self, columns: Columns, read: Callable[[int], Read]) -> dict[int, Finding]:
        """By row, of those that are not clear; `read` gives one of the rows."""
        features = self.detector.behaviour.features(columns)
        self.old_rows += int(np.count_nonzero(columns.moments < self.begun_at))
        self._count_days(columns)
        self._sample(features)
        unjudged = (columns.users == NOTHING) & (columns.facets == NOTHING).all(axis=1)
        found = {row: self._unknown(read(row)) for row in np.flatnonzero(unjudged).tolist()}
        thresholds = np.where(unjudged, np.inf, self._thresholds(columns))
        alerts, scores = self.detector.reaching(features, thresholds)
        if not alerts.size:
            return found
        shares, days = self.detector.shares(features[alerts]), entity_days(columns)
        for place, row in enumerate(alerts.tolist()):
            one = read(row)
            known = values_by_path(self.reader.layout.paths, one.values)
            moment, id = float(columns.moments[row]), self._id(one, known)
            unusual = unusual_values(self.detector, features[row], known)
            said = self.detector.feedback.benign(str(known.get(self.reader.layout.user)), moment, unusual)
            incident = said.incident if said else self._incident(int(columns.users[row]), moment, id)
            made = finding(
                self.detector, features[row], float(scores[place]), shares[place], known,
                id=id, source=one.source, incident=incident,
            )  # fmt: skip
            found[row] = made if said is None else held_back(made, said)
            if said is None:
                self.alert_days.add(int(days[row]))
        return found

    def _unknown(self, row: Read) -> Finding:
        known = values_by_path(self.reader.layout.paths, row.values)
        return unknown(self.detector, id=self._id(row, known), source=row.source)

    def _thresholds(self, columns: Columns) -> Floats:
        """(rows) of each row: lower for entities with a confirmed incident, while that holds."""
        found = np.full(len(columns), self.detector.threshold)
        for entity in self.detector.feedback.watched:
            for row in np.flatnonzero(columns.users == code_of(entity)).tolist():
                if self.detector.feedback.is_watched(entity, float(columns.moments[row])):
                    found[row] = self.detector.watched_threshold
        return found

    def _id(self, row: Read, known: dict[str, object]) -> str:
        """As `icelos scan` has it: the whole text of a row that says its id, else its place and content."""
        if row.id:
            return row.id
        named = known.get(self.reader.layout.id)
        if isinstance(named, str) and len(named) >= _NAMED:
            return record_id("row", row.raw)
        return record_id(row.name, str(row.number), row.raw)

    def _incident(self, user: int, moment: float, id: str) -> str:
        moment = self._clock if math.isnan(moment) else moment
        self._clock = max(self._clock, moment)
        last, name = self._open.get(user, (-math.inf, ""))
        if moment - last > DAY:
            name = incident_of(str(user), id)
        self._open[user] = (max(last, moment), name)
        self.incidents.add(name)
        return name

    def _sample(self, features: Matrix) -> None:
        """Count the scores of some rows, the same ones however rows are cut into batches."""
        some = features[-self._rows % _SAMPLED :: _SAMPLED]
        self._rows += len(features)
        self.counts += self.detector.settings.calibration.counted(self.detector.scores(some))

    def _count_days(self, columns: Columns) -> None:
        days = columns.moments[~np.isnan(columns.moments)] // DAY
        self.days.update(np.unique(days).astype(np.int64).tolist())

    def snapshot(self) -> Arrays:
        """The state, incidents that may go on included."""
        kept = {user: one for user, one in self._open.items() if one[0] >= self._clock - DAY}
        about = {
            "open": [[user, *one] for user, one in kept.items()],
            "clock": self._clock,
            "begun_at": self.begun_at,
            "old_rows": self.old_rows,
            "days": sorted(self.days),
            "alert_days": sorted(self.alert_days),
            "incidents": sorted(self.incidents),
            "counts": self.counts.tolist(),
            "rows": self._rows,
        }
        text = np.frombuffer(msgspec.json.encode(about), np.uint8)
        return {"scorer": text} | {
            f"seen/{name}": array for name, array in self.detector.behaviour.snapshot().items()
        }

    def restore(self, state: Arrays) -> None:
        """Take over a snapshot. Raises ValueError for one that is none."""
        try:
            about = msgspec.json.decode(state["scorer"].tobytes())
            self._open = {int(user): (float(last), str(name)) for user, last, name in about["open"]}
            self._clock = float(about["clock"])
            self.days, self.alert_days = set(about["days"]), set(about["alert_days"])
            self.incidents = set(about["incidents"])
            self.counts = np.array(about.get("counts", self.counts), np.int64)
            self._rows = int(about.get("rows", 0))
            self.begun_at, self.old_rows = float(about["begun_at"]), int(about["old_rows"])
        except (KeyError, TypeError, msgspec.MsgspecError) as error:
            raise ValueError(f"not a state: {error}") from error
        self.detector.behaviour.restore({n[5:]: a for n, a in state.items() if n.startswith("seen/")})
