"""The logs job: rules by the published meaning of fields, and where given a model's surprise and a detector.

Rules and surprise judge each row alone, a detector against all rows before it; findings do not depend on how
rows are batched. What nobody can judge - a schema without rules, no model and no detector - is UNKNOWN, never
clear.

    icelos scan logs signins.jsonl.gz
    icelos scan logs signins.jsonl.gz -o model=models/signins
    icelos scan logs signins.jsonl.gz -o detector=models/watch
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from icelos.contracts import Job, Needs, Scored
from icelos.errors import InputError, SettingsError
from icelos.findings import Failure, Finding, Verdict, failure
from icelos.jobs.logs import cloudtrail, entra, office365
from icelos.jobs.logs.columns import ColumnReader
from icelos.jobs.logs.detect.reading import BATCH
from icelos.jobs.logs.rules import VERSION, RuleBook, finding_of
from icelos.jobs.logs.surprise import Surprise
from icelos.jobs.logs.watch import Watch
from icelos.records import LogLine, Record
from icelos.settings import Settings

SCHEMAS = (entra.SCHEMA, cloudtrail.SCHEMA, office365.SCHEMA)
_CONCERN = {Verdict.ALERT: 3, Verdict.REVIEW: 2, Verdict.UNKNOWN: 1, Verdict.CLEAR: 0}


class LogsJob:
    """Scores `LogLine`s; other records become failures."""

    name = "logs"

    def __init__(self, surprise: Surprise | None = None, watch: Watch | None = None) -> None:
        self._surprise, self._watch = surprise, watch
        self._rules, self._columns = RuleBook(SCHEMAS), ColumnReader()
        self.needs = Needs(
            extras=("train",) if surprise else (), memory_mib=2048 if surprise else 256,
            batch_size=BATCH if watch else 0,
        )  # fmt: skip

    def score(self, batch: Sequence[Record]) -> list[Scored]:
        """One outcome a row; None where rules, model and detector find nothing, a Failure where the row's
        fields cannot be decoded."""
        rows = [_row(record) for record in batch]
        found = [self._judge(row) for row in rows]
        if self._watch is None:
            return found
        # Last: what fails before is scored again in smaller batches, and the detector is to see it once.
        seen = [place for place, outcome in enumerate(found) if not isinstance(outcome, Failure)]
        for number, outcome in self._watch.judge([rows[place] for place in seen]).items():
            place = seen[number]
            if isinstance(outcome, InputError):
                found[place] = self._failed(rows[place], outcome)
            else:
                found[place] = _merged(found[place], outcome)
        return found

    def _failed(self, record: LogLine, error: InputError) -> Failure:
        return failure(record_id=record.id, job=self.name, error=error, source=record.source, raw=record.text)

    def _judge(self, record: LogLine) -> Scored:
        said = found = None
        if record.fields is not None:
            try:
                said = self._rules.said(record.fields)
                found = finding_of(record, said, self._columns, job=self.name)
            except InputError as error:
                return self._failed(record, error)
        if self._surprise is not None:
            return _merged(found, self._surprise.judge(record, job=self.name))
        known = said is not None and said.schema
        return found if known or self._watch is not None else _unjudged(record, self.name)


class WatchingLogsJob(LogsJob):
    """The job with a detector: rows of an entity belong together, and what was seen can be saved."""

    def __init__(self, watch: Watch, surprise: Surprise | None = None) -> None:
        super().__init__(surprise, watch)
        self._seen = watch

    @property
    def version(self) -> str:
        """What judges: a state is of one detector."""
        return self._seen.version

    def key(self, record: Record) -> str:
        """Whom a row is of."""
        return self._seen.key(_row(record))

    def snapshot(self) -> bytes:
        """What the detector has seen."""
        return self._seen.snapshot()

    def restore(self, state: bytes) -> None:
        """Take over a snapshot. Raises ValueError for one that is none."""
        self._seen.restore(state)


def _row(record: Record) -> LogLine:
    if not isinstance(record, LogLine):
        raise InputError("not a row of a log", source=record.source)
    return record


def _merged(first: Scored, second: Finding | None) -> Scored:
    """One finding a record: the more concerned verdict and its label, the evidence of both."""
    if second is None or not isinstance(first, Finding):
        return first or second
    worse = max(first, second, key=lambda finding: _CONCERN[finding.verdict])
    return msgspec.structs.replace(
        worse,
        summary=f"{first.summary}; {second.summary}",
        score=second.score,
        evidence=first.evidence + second.evidence,
        made_by={**first.made_by, **second.made_by},
        attributes={**first.attributes, **second.attributes},
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
    """The job. `options`: model=DIR of `icelos logs train`, detector=DIR of `icelos logs detect train`.

    Raises SettingsError for an unknown option, InputError for an unusable model, MissingExtra.
    """
    del settings
    unknown = sorted(options.keys() - {"model", "detector"})
    if unknown:
        raise SettingsError(f"the logs job has no option {unknown[0]!r}", hint="model=DIR, detector=DIR")
    surprise = Surprise(Path(options["model"])) if "model" in options else None
    if "detector" not in options:
        return LogsJob(surprise)
    return WatchingLogsJob(Watch(Path(options["detector"])), surprise)
