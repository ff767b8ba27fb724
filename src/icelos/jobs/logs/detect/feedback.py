"""What analysts said of incidents: benign ones are held back for a while, confirmed ones are watched closer.

    feedback.jsonl   beside the detector: a verdict a line, never changed, only added to

A benign verdict holds for the entity and the values that were unusual, until a day in the log's own time:
other unusual values of it are shown. What is held back is counted and stays in the findings, as clear.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from icelos.data.atomic import atomic_write
from icelos.errors import InputError
from icelos.findings import Finding
from icelos.jobs.logs.profile.formats import seconds_of

NAME = "feedback.jsonl"
FIELD = "field:"
"""Begins the attributes of findings that hold unusual values, by field."""
_MOST = 100_000


class Verdict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was said of an incident: of whom, for which values of fields, until when (ISO 8601), and why."""

    incident: str
    verdict: Literal["benign", "confirmed"]
    entity: str
    values: dict[str, tuple[str, ...]]
    until: str
    note: str = ""


class Feedback:
    """All verdicts of a detector."""

    def __init__(self, verdicts: Iterable[Verdict] = ()) -> None:
        self.verdicts = tuple(verdicts)
        self._by_entity: dict[str, list[tuple[Verdict, float]]] = defaultdict(list)
        for verdict in self.verdicts:
            until = seconds_of(verdict.until)
            self._by_entity[verdict.entity].append((verdict, until if until is not None else 0.0))

    def benign(self, entity: str, moment: float, unusual: Mapping[str, str]) -> Verdict | None:
        """The verdict that holds for all of these values at this moment (seconds since the epoch), if any."""
        for verdict, until in self._by_entity.get(entity, ()):
            if verdict.verdict != "benign" or moment > until or not unusual:
                continue
            if all(value in verdict.values.get(field, ()) for field, value in unusual.items()):
                return verdict
        return None

    def is_watched(self, entity: str, moment: float) -> bool:
        """Whether an incident of the entity was confirmed, and not too long ago."""
        return any(
            verdict.verdict == "confirmed" and moment <= until
            for verdict, until in self._by_entity.get(entity, ())
        )

    @property
    def watched(self) -> tuple[str, ...]:
        """Entities that are watched, or were."""
        return tuple(sorted({one.entity for one in self.verdicts if one.verdict == "confirmed"}))


def load(folder: Path) -> Feedback:
    """The verdicts beside a detector. Raises InputError for a file that is none."""
    path = folder / NAME
    if not path.is_file():
        return Feedback()
    try:
        lines = path.read_bytes().splitlines()[:_MOST]
        return Feedback(msgspec.json.decode(line, type=Verdict) for line in lines)
    except (msgspec.MsgspecError, OSError) as error:
        raise InputError(f"not verdicts: {error}", source=str(path)) from error


def add(
    folder: Path, findings: Iterable[Finding], incident: str, verdict: Literal["benign", "confirmed"], *,
    days: float, note: str,
) -> Verdict:  # fmt: skip
    """Keep what was said of an incident, for so many days after its last row.

    Raises InputError where the findings have no such incident.
    """
    rows = [one for one in findings if one.attributes.get("incident") == incident]
    if not rows:
        raise InputError(f"no incident {incident!r}", hint="`icelos logs detect explain` tells their ids")
    values: dict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        for name, value in row.attributes.items():
            if name.startswith(FIELD):
                values[name.removeprefix(FIELD)][value] = None
    last = max((seconds_of(row.attributes.get("time", "")) or 0.0 for row in rows), default=0.0)
    until = datetime.fromtimestamp(last, UTC) + timedelta(days=days)
    said = Verdict(
        incident=incident, verdict=verdict, entity=rows[0].attributes.get("entity", ""),
        values={field: tuple(found) for field, found in values.items()},
        until=until.isoformat().replace("+00:00", "Z"), note=note,
    )  # fmt: skip
    known = load(folder).verdicts
    with atomic_write(folder / NAME) as file:
        file.write(b"".join(msgspec.json.encode(one) + b"\n" for one in (*known, said)))
    return said
