"""Rules over rows, by both engines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from sigma.rule import SigmaRule
from tests.unit.jobs.logs.sigma.evaluator import Evaluator

from icelos.data.parse.flat import flat_fields, text_of
from icelos.findings import Failure, Finding
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.sigma.compiling import Compiler
from icelos.jobs.logs.sigma.matching import Matcher
from icelos.jobs.logs.sigma.rules import Rule, compiled

SYSMON = {"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational"}
_compiler = Compiler()


def document(detection: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A rule for processes on Windows."""
    return {
        "title": "a rule",
        "logsource": {"product": "windows", "category": "process_creation"},
        "detection": {"condition": "sel", **detection},
        "level": "high",
        **more,
    }


def rule_of(whole: dict[str, Any], place: str = "rules.yml:1") -> Rule:
    return compiled(whole, place, _compiler)


def row_of(fields: Mapping[str, Any], number: int = 1) -> Row:
    raw = json.dumps(fields, ensure_ascii=False).encode()
    return Row(raw, flat_fields(fields), f"log.jsonl:{number}")


def process(fields: Mapping[str, Any], number: int = 1) -> Row:
    """A row of a new process, as Sysmon tells it."""
    return row_of({**SYSMON, **fields}, number)


def findings(rules: Sequence[Rule], rows: Sequence[Row]) -> list[Finding]:
    outcomes = list(Matcher(rules).run(rows))
    assert not any(isinstance(one, Failure) for one in outcomes), outcomes
    return [one for one in outcomes if isinstance(one, Finding)]


def matched(whole: dict[str, Any], rows: Sequence[Row]) -> list[bool]:
    """Which rows a rule matches; their numbers count from 1."""
    found = {one.source for one in findings([rule_of(whole)], rows)}
    return [row.source in found for row in rows]


def expected(whole: dict[str, Any], row: Row) -> bool:
    """What the second engine says."""
    there = {name.replace("\\.", "."): value for name, value in row.fields.items() if value is not None}
    values = {name.lower(): text_of(value) for name, value in there.items()}
    text = "\n".join([row.raw.decode(), *values.values()])
    rule = SigmaRule.from_dict(whole)
    return Evaluator(rule).matches(lambda field: values.get(field.lower()), text)


def snippet(text: str) -> dict[str, Any]:
    """Detections as they are written in a rule."""
    loaded = yaml.safe_load(text)
    assert isinstance(loaded, dict)
    return loaded
