"""What every engine shares: options, the report, and scoring in which one bad record costs one record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import msgspec

from icelos.contracts import Job, Scored
from icelos.findings import Failure, Finding, failure
from icelos.records import Record


@runtime_checkable
class Resolving(Protocol):
    """A sink that outlives its runs: it forgets the failures of records that have since been found clear."""

    def resolve(self, job: str, record_ids: Sequence[str]) -> int: ...


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a run is cut and when it stops.

    `batch_size` 0 is what the job likes, else 64; a batch is closed after `batch_bytes` of records or
    `batch_seconds`, too. `partitions` are those of a job with state. After more than `max_failures` failures
    (0: never), or `max_consecutive_failures` behind each other, a run stops; so it does where more than
    `max_failure_ratio` of at least a thousand records fail (1: never). `sink_patience_s` is how long a sink
    that cannot write is tried again.
    """

    batch_size: int = 0
    batch_bytes: int = 1 << 24
    batch_seconds: float = 1.0
    workers: int = 1
    partitions: int = 1
    max_failures: int = 0
    max_consecutive_failures: int = 0
    max_failure_ratio: float = 1.0
    sink_patience_s: float = 300.0
    checkpoint_seconds: float = 10.0


@dataclass
class Report:
    """What a run did. `read` is findings + clear + failures, always; seconds on the wall. `resumed` of them
    are of the run that this one went on with."""

    job: str
    findings: int = 0
    clear: int = 0
    failures: int = 0
    seconds: float = 0.0
    resumed: int = 0
    interrupted: bool = False
    verdicts: dict[str, int] = field(default_factory=dict)

    @property
    def read(self) -> int:
        return self.findings + self.clear + self.failures

    @property
    def rate(self) -> float:
        """Records a second, of this run alone."""
        return (self.read - self.resumed) / self.seconds if self.seconds > 0 else 0.0

    def count(self, outcomes: Sequence[Scored]) -> None:
        """Count outcomes that are stored; None is clear."""
        for outcome in outcomes:
            if outcome is None:
                self.clear += 1
            elif isinstance(outcome, Failure):
                self.failures += 1
            else:
                self.findings += 1
                self.verdicts[outcome.verdict.value] = self.verdicts.get(outcome.verdict.value, 0) + 1

    def as_dict(self) -> dict[str, object]:
        """For `--json` and the API."""
        return {
            "job": self.job, "read": self.read, "findings": self.findings, "clear": self.clear,
            "failures": self.failures, "seconds": round(self.seconds, 3), "rate": round(self.rate, 1),
            "resumed": self.resumed, "interrupted": self.interrupted, "verdicts": self.verdicts,
        }  # fmt: skip


ENOUGH = 1000
"""Records before a share of failures says anything."""


class Limits:
    """When a run has failed too often to go on. Counts outcomes in their order."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._read = self._failed = self._row = self._longest = 0

    def count(self, outcomes: Sequence[Scored]) -> str:
        """The reason to stop with these, "" where there is none."""
        self._read += len(outcomes)
        for outcome in outcomes:
            if not isinstance(outcome, Failure):
                self._row = 0
                continue
            self._failed += 1
            self._row += 1
            self._longest = max(self._longest, self._row)
        return self._reason()

    def _reason(self) -> str:
        options = self._options
        if options.max_failures and self._failed > options.max_failures:
            return f"stopped after {self._failed} failures"
        if options.max_consecutive_failures and self._longest > options.max_consecutive_failures:
            return f"stopped after {self._longest} failures one behind the other"
        if self._read >= ENOUGH and self._failed > options.max_failure_ratio * self._read:
            return f"stopped after {self._failed} failures of {self._read} records"
        return ""


def score_safely(job: Job, batch: Sequence[Record]) -> list[Scored]:
    """Score a batch; where that fails, score its halves, so that one bad record costs only itself.

    A job that breaks its contract (wrong length, wrong record, not an outcome) is treated as failing.
    KeyboardInterrupt and the like are not caught.
    """
    if not batch:
        return []
    try:
        return _checked(job, batch, job.score(batch))
    except Exception as error:  # noqa: BLE001 - the dead-letter sink is where any error of one record goes
        if len(batch) == 1:
            return [_failed(job, batch[0], error)]
    middle = len(batch) // 2
    return score_safely(job, batch[:middle]) + score_safely(job, batch[middle:])


def _checked(job: Job, batch: Sequence[Record], outcomes: Sequence[Scored]) -> list[Scored]:
    if len(outcomes) != len(batch):
        raise ValueError(f"job {job.name} gave {len(outcomes)} outcomes for {len(batch)} records")
    for record, outcome in zip(batch, outcomes, strict=True):
        if outcome is None:
            continue
        if not isinstance(outcome, Finding | Failure):
            raise TypeError(f"job {job.name} gave a {type(outcome).__name__}, not a Finding, Failure or None")
        if outcome.record_id != record.id or outcome.job != job.name:
            raise ValueError(f"job {job.name} answered for another record or under another name")
        msgspec.json.encode(outcome)  # what no sink can write must cost this record only, not the run
    return list(outcomes)


def _failed(job: Job, record: Record, error: Exception) -> Failure:
    raw = getattr(record, "text", None) or getattr(record, "raw", None) or ""
    return failure(record_id=record.id, job=job.name, error=error, source=record.source, raw=raw)
