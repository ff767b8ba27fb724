"""A run over a topic as a process of its own, to be killed, and the jobs that it runs.

python worker.py JOB LOCATION SINK '{"idle": 3, "batch_size": 16}'
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from icelos.contracts import Job, Needs, Scored
from icelos.data.sinks import SqliteSink
from icelos.engine.kafka import KafkaSink, run_kafka
from icelos.engine.run import Options
from icelos.engine.workers import JobSpec
from icelos.findings import Finding, Verdict
from icelos.records import LogLine, Record
from icelos.settings import Settings


class Thirds:
    """Without state: every third row is a finding, and one of a hundred cannot be scored."""

    name = "logs"
    needs = Needs()

    def score(self, batch: Sequence[Record]) -> list[Scored]:
        return [self._judge(record) for record in batch]

    def _judge(self, record: Record) -> Finding | None:
        number = _fields(record)["n"]
        if number % 100 == 7:
            raise ValueError(f"row {number} cannot be scored")
        return _finding(record, f"row {number}") if number % 3 == 0 else None


class Visits:
    """With state: every third visit of a user is a finding that tells how often and when they came before."""

    name = "logs"
    needs = Needs()

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._last: dict[str, int] = {}

    def score(self, batch: Sequence[Record]) -> list[Scored]:
        return [self._judge(record) for record in batch]

    def _judge(self, record: Record) -> Finding | None:
        user, number = self.key(record), _fields(record)["n"]
        before = self._last.get(user)
        self._seen[user] += 1
        self._last[user] = number
        if self._seen[user] % 3:
            return None
        return _finding(record, f"visit {self._seen[user]} of {user}, after row {before}")

    def key(self, record: Record) -> str:
        return str(_fields(record)["user"])

    def snapshot(self) -> bytes:
        return json.dumps([self._seen, self._last]).encode()

    def restore(self, state: bytes) -> None:
        seen, last = json.loads(state)
        self._seen, self._last = Counter(seen), last


class PacedThirds(Thirds):
    """A millisecond a record, so that there is time to be killed."""

    def score(self, batch: Sequence[Record]) -> list[Scored]:
        time.sleep(0.001 * len(batch))
        return super().score(batch)


class PacedVisits(Visits):
    """A millisecond a record."""

    def score(self, batch: Sequence[Record]) -> list[Scored]:
        time.sleep(0.001 * len(batch))
        return super().score(batch)


class Slow:
    """Takes eight seconds for a batch, in which all is clear."""

    name = "logs"
    needs = Needs()

    def score(self, batch: Sequence[Record]) -> list[Scored]:
        time.sleep(8)
        return [None] * len(batch)


def _fields(record: Record) -> Any:
    assert isinstance(record, LogLine)
    return record.fields


def _finding(record: Record, summary: str) -> Finding:
    return Finding(
        record_id=record.id, job="logs", verdict=Verdict.ALERT, label="third", summary=summary,
        source=record.source,
    )  # fmt: skip


JOBS: dict[str, type[Any]] = {
    "thirds": Thirds, "visits": Visits, "slow": Slow, "paced-thirds": PacedThirds,
    "paced-visits": PacedVisits,
}  # fmt: skip


class Spec(JobSpec, frozen=True):
    """One of the jobs above."""

    def build(self) -> Job:
        job: Job = JOBS[self.name]()
        return job


def main(name: str, location: str, target: str, given: str) -> None:
    options = json.loads(given)
    idle = options.pop("idle", 0)
    sink = KafkaSink(target) if target.startswith("kafka://") else SqliteSink(Path(target))
    with sink:
        report = run_kafka(Spec(name, Settings()), location, sink, Options(**options), idle_timeout_s=idle)
    print(json.dumps(report.as_dict()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
