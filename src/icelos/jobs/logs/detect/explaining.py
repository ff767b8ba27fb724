"""Alerts as incidents: whom, when, why, what it resembles, and what the same entity usually does.

A second pass over the rows finds what was usual before: an entity's commonest values of the fields that were
unusual.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from icelos.data.feeds.attack import bundled_techniques
from icelos.data.reading import open_input, read_lines
from icelos.errors import InputError
from icelos.findings import Finding
from icelos.jobs.logs.detect.columns import Layout, Reader
from icelos.jobs.logs.detect.findings import HELD_BACK, UNKNOWN
from icelos.jobs.logs.detect.reading import read_rows

_COMMONEST = 3
_REASONS = 5
_VALUES = 2000
"""Values of one field that are counted for one entity."""


class Usual(msgspec.Struct, frozen=True):
    """An entity's commonest values of a field, each with its rows."""

    field: str
    rows: int
    values: tuple[tuple[str, int], ...]


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts of one entity, less than a day apart. `alerts` are record ids in the order of the log."""

    id: str
    entity: str
    first: str
    last: str
    alerts: tuple[str, ...]
    score: float
    techniques: tuple[tuple[str, str, int], ...]
    reasons: tuple[str, ...]
    sources: tuple[str, ...]
    usual: tuple[Usual, ...] = ()


def explain(alerts: Path, layout: Layout, rows: str = "") -> list[Incident]:
    """The incidents of a file of findings, the most unusual first; what was usual, where `rows` are given.

    Raises InputError for a file that is none.
    """
    findings = read_findings(alerts)
    by_incident: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.label in (HELD_BACK, UNKNOWN):
            continue
        by_incident[_of(finding, "incident") or finding.record_id].append(finding)
    found = [_incident(name, some) for name, some in by_incident.items()]
    found.sort(key=lambda one: (-one.score, one.id))
    return _with_usual(found, layout, rows) if rows else found


def read_findings(path: Path) -> list[Finding]:
    """The findings of a file. Raises InputError for a line that is none."""
    found = []
    with open_input(path) as stream:
        for line in read_lines(stream):
            try:
                value = msgspec.json.decode(line.data)
                if isinstance(value, dict) and "verdict" in value:
                    found.append(msgspec.convert(value, Finding))
            except (msgspec.MsgspecError, ValueError) as error:
                raise InputError(f"not a finding: {error}", source=f"{path}:{line.number}") from error
    return found


def _of(finding: Finding, name: str) -> str:
    return str(finding.attributes.get(name, ""))


def _incident(name: str, findings: list[Finding]) -> Incident:
    techniques = Counter(technique for one in findings if (technique := _of(one, "resembles")))
    reasons = Counter(evidence.quote for one in findings for evidence in one.evidence)
    known = bundled_techniques()
    return Incident(
        id=name,
        entity=_of(findings[0], "entity"),
        first=_of(findings[0], "time"),
        last=_of(findings[-1], "time"),
        alerts=tuple(one.record_id for one in findings),
        score=max(one.score or 0.0 for one in findings),
        techniques=tuple(
            (technique, known[technique].name if technique in known else technique, count)
            for technique, count in techniques.most_common(_COMMONEST)
        ),
        reasons=tuple(reason for reason, _ in reasons.most_common(_REASONS)),
        sources=tuple(one.source for one in findings),
    )


def _with_usual(incidents: list[Incident], layout: Layout, rows: str) -> list[Incident]:
    """What each entity did in the rows that are no alerts."""
    reader = Reader(layout)
    fields = {one.entity: _named(one, layout) for one in incidents}
    alerts = {source for one in incidents for source in one.sources}
    counts: dict[str, dict[str, Counter[str]]] = {entity: defaultdict(Counter) for entity in fields}
    for row in read_rows(rows, reader):
        values = dict(zip(layout.paths, row.values, strict=True))
        entity = str(values.get(layout.user))
        if entity in counts and row.source not in alerts:
            _count(counts[entity], fields[entity], values)
    return [msgspec.structs.replace(one, usual=_usual(counts[one.entity])) for one in incidents]


def _named(incident: Incident, layout: Layout) -> list[str]:
    """The fields that its reasons speak of."""
    return [path for path in layout.facets if any(one.startswith(f"{path} ") for one in incident.reasons)]


def _count(counts: dict[str, Counter[str]], fields: Iterable[str], values: Mapping[str, object]) -> None:
    for path in fields:
        value = values.get(path)
        text = "(none)" if value is None or value == "" else str(value)[:120]
        if text in counts[path] or len(counts[path]) < _VALUES:
            counts[path][text] += 1


def _usual(counts: Mapping[str, Counter[str]]) -> tuple[Usual, ...]:
    return tuple(
        Usual(path, values.total(), tuple(values.most_common(_COMMONEST))) for path, values in counts.items()
    )
