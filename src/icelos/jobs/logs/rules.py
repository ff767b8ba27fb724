"""Rules that judge one row by its fields alone, by the published meaning of values; no state, no model.

A schema says which rows are its own and which rules read them. A row of no schema here is not
"clear": nobody looked. Rules over many rows (sprays, travel) belong to the detectors with state, and
rules that users write to Sigma; what stands here are values that their publisher documents as risk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from icelos.findings import Evidence, Finding, How, Verdict
from icelos.records import LogLine

Fields = Mapping[str, object]
VERSION = "1"
_RANK = {Verdict.ALERT: 2, Verdict.REVIEW: 1}


@dataclass(frozen=True)
class Match:
    """A rule that a row meets: the field (dotted) and its value are the evidence, `meaning` the reason."""

    label: str
    verdict: Verdict
    field: str
    value: str
    meaning: str


@dataclass(frozen=True)
class Schema:
    """A family of rows. `read` gives the part of the row that the rules read, or None for other rows."""

    name: str
    read: Callable[[Fields], Fields | None]
    rules: Callable[[Fields], Iterator[Match]]


def value_at(fields: Fields, path: str) -> object:
    """The value at a dotted path ("status.errorCode"), None where it is absent."""
    value: object = fields
    for key in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def text_at(fields: Fields, path: str) -> str:
    """The value at a dotted path as text; empty where it is absent or not a plain value."""
    value = value_at(fields, path)
    return "" if value is None or isinstance(value, Mapping | list) else str(value)


def schema_of(fields: Fields, schemas: tuple[Schema, ...]) -> tuple[Schema, Fields] | None:
    """The first schema that knows the row, and the part of the row that its rules read."""
    for schema in schemas:
        part = schema.read(fields)
        if part is not None:
            return schema, part
    return None


def judge(record: LogLine, schema: Schema, part: Fields, *, job: str) -> Finding | None:
    """One finding with all rules that the row meets, worst first; None where it meets none."""
    matches = sorted(schema.rules(part), key=lambda match: -_RANK[match.verdict])
    if not matches:
        return None
    worst = matches[0]
    return Finding(
        record_id=record.id,
        job=job,
        verdict=worst.verdict,
        label=worst.label,
        summary="; ".join(dict.fromkeys(match.meaning for match in matches)),
        evidence=tuple(
            Evidence(f"{match.field}={match.value[:200]}", record.source, How.RULE) for match in matches
        ),
        made_by={"rules": f"{schema.name}/{VERSION}"},
        source=record.source,
    )
