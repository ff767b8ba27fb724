"""The logs job: rules by the published meaning of fields, and a trained model's surprise where one is given.

Each row is judged alone, so that findings do not depend on how rows are batched. What nobody can
judge - a schema without rules, and no model - is UNKNOWN, never clear.

    icelos scan logs signins.jsonl.gz
    icelos scan logs signins.jsonl.gz -o model=models/signins
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from icelos.contracts import Job, Needs, Scored
from icelos.errors import InputError, SettingsError
from icelos.findings import Finding, Verdict
from icelos.jobs.logs import cloudtrail, entra, office365
from icelos.jobs.logs.rules import VERSION, judge, schema_of
from icelos.jobs.logs.surprise import Surprise
from icelos.records import LogLine, Record
from icelos.settings import Settings

SCHEMAS = (entra.SCHEMA, cloudtrail.SCHEMA, office365.SCHEMA)
_CONCERN = {Verdict.ALERT: 3, Verdict.REVIEW: 2, Verdict.UNKNOWN: 1, Verdict.CLEAR: 0}


class LogsJob:
    """Scores `LogLine`s; other records become failures."""

    name = "logs"

    def __init__(self, surprise: Surprise | None = None) -> None:
        self._surprise = surprise
        self.needs = Needs(extras=("train",), memory_mib=2048) if surprise else Needs()

    def score(self, batch: Sequence[Record]) -> list[Scored]:
        """One outcome a row; None where rules and model find nothing."""
        return [self._judge(record) for record in batch]

    def _judge(self, record: Record) -> Scored:
        if not isinstance(record, LogLine):
            raise InputError("not a row of a log", source=record.source)
        known = schema_of(record.fields, SCHEMAS) if record.fields is not None else None
        by_rules = judge(record, *known, job=self.name) if known else None
        if self._surprise is not None:
            return _merged(by_rules, self._surprise.judge(record, job=self.name))
        return by_rules if known else _unjudged(record, self.name)


def _merged(first: Finding | None, second: Finding | None) -> Finding | None:
    """One finding a record: the more concerned verdict and its label, the evidence of both."""
    if first is None or second is None:
        return first or second
    worse = max(first, second, key=lambda finding: _CONCERN[finding.verdict])
    return msgspec.structs.replace(
        worse,
        summary=f"{first.summary}; {second.summary}",
        score=second.score,
        evidence=first.evidence + second.evidence,
        made_by={**first.made_by, **second.made_by},
    )


def _unjudged(record: LogLine, job: str) -> Finding:
    what = "its fields" if record.fields is not None else "text without fields"
    return Finding(
        record_id=record.id,
        job=job,
        verdict=Verdict.UNKNOWN,
        label="unknown-schema",
        summary=f"no rule knows {what}; give a model trained on such rows with -o model=DIR",
        made_by={"rules": VERSION},
        source=record.source,
    )


def build(settings: Settings, options: Mapping[str, str]) -> Job:
    """The job. `options`: model=DIR, a model that `icelos logs train` made.

    Raises SettingsError for an unknown option, InputError for an unusable model, MissingExtra.
    """
    del settings
    unknown = sorted(options.keys() - {"model"})
    if unknown:
        raise SettingsError(f"the logs job has no option {unknown[0]!r}", hint="model=DIR")
    return LogsJob(Surprise(Path(options["model"])) if "model" in options else None)
