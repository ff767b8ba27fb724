"""Rules that judge one row by its fields alone, by the published meaning of values; no state, no model.

A schema says which rows are its own and which rules read them. A row of no schema here is not
"clear": nobody looked. Rules over many rows (sprays, travel) belong to the detectors with state, and
rules that users write to Sigma; what stands here are values that their publisher documents as risk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from icelos.data.lazy_fields import LazyFields
from icelos.data.parse.flat import flat_fields
from icelos.findings import Evidence, Finding, How, Verdict
from icelos.jobs.logs.columns import ColumnReader
from icelos.jobs.logs.projection import Projection
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
    """A family of rows. `read` gives the part of the row that the rules read, or None for other rows.

    `paths` are all fields of a row that `read` and `rules` look at, `present` those, top-level ones, of which
    they only look whether they are there.
    """

    name: str
    read: Callable[[Fields], Fields | None]
    rules: Callable[[Fields], Iterator[Match]]
    paths: tuple[str, ...]
    present: tuple[str, ...] = ()


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


@dataclass(frozen=True)
class Said:
    """What the rules say of a row: its schema's name, "" where none knows it, and the rules that it meets,
    the worst first."""

    schema: str
    matches: tuple[Match, ...] = ()


class RuleBook:
    """The rules of some schemas. What they say is remembered by the fields that they look at."""

    def __init__(self, schemas: tuple[Schema, ...]) -> None:
        self._schemas = schemas
        paths = [path for schema in schemas for path in schema.paths]
        self._projection = Projection(paths, [name for schema in schemas for name in schema.present])
        self._said: dict[bytes, Said] = {}

    def said(self, fields: Fields) -> Said:
        """Of a row. Raises InputError where its fields are not decoded yet and cannot be."""
        if not isinstance(fields, LazyFields):
            return self._of(fields)
        try:
            part = self._projection.of(fields.text)
        except (ValueError, RecursionError):
            return self._of(fields)
        said = self._said.get(part)
        if said is None:
            said = self._of(msgspec.json.decode(part))
            if len(part) <= _LONGEST:
                if len(self._said) >= _REMEMBERED:
                    self._said.clear()
                self._said[part] = said
        return said

    def _of(self, fields: Fields) -> Said:
        known = schema_of(fields, self._schemas)
        if known is None:
            return _UNKNOWN
        schema, part = known
        return Said(schema.name, tuple(sorted(schema.rules(part), key=lambda match: -_RANK[match.verdict])))


_UNKNOWN = Said("")
_REMEMBERED = 4096
_LONGEST = 2048


TECHNIQUES: Mapping[str, str] = {
    "account-locked": "T1110", "bad-credentials": "T1110", "no-such-account": "T1110",
    "mfa-failed": "T1621", "compromised": "T1078", "at-risk": "T1078", "root-user": "T1078.004",
    "logging-off": "T1562.008", "logging-changed": "T1562.008", "guard-off": "T1562.001",
    "mailbox-access": "T1098.002", "role-granted": "T1098.003", "consent": "T1528",
    "mail-forwarded": "T1114.003", "mail-flow-changed": "T1114.003",
}  # fmt: skip
"""Label -> the ATT&CK technique (https://attack.mitre.org) whose description names what the rule looks
for."""


def finding_of(record: LogLine, said: Said, columns: ColumnReader, *, job: str) -> Finding | None:
    """One finding with all rules that the row meets; None where it meets none.

    Raises InputError where the row has too many fields, or is nested too deep, to say whom it is of.
    """
    if not said.matches:
        return None
    worst = said.matches[0]
    attributes = columns.of(flat_fields(dict(record.fields or {}))).attributes
    attributes["rule"] = f"{said.schema}/{worst.label}"
    if technique := next((TECHNIQUES[one.label] for one in said.matches if one.label in TECHNIQUES), ""):
        attributes["technique"] = technique
    return Finding(
        record_id=record.id,
        job=job,
        verdict=worst.verdict,
        label=worst.label,
        summary="; ".join(dict.fromkeys(match.meaning for match in said.matches)),
        evidence=tuple(
            Evidence(f"{match.field}={match.value[:200]}", record.source, How.RULE) for match in said.matches
        ),
        made_by={"rules": f"{said.schema}/{VERSION}"},
        source=record.source,
        attributes=attributes,
    )
