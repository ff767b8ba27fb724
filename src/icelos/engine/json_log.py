"""What happens in a run as JSON, one object a line, for whatever collects logs.

Names are those of the Elastic Common Schema (https://www.elastic.co/docs/reference/ecs), as its logging
specification has them: `@timestamp`, `log.level` and `message` first, names with dots, and our own under
`icelos.`. A SIEM reads it as it is; OpenTelemetry's log model, to whose semantic conventions ECS was given,
has no form of lines that people can read. No record and no finding is told, only counts, and of an error only
what cannot hold one.
"""
# ruff: noqa: ARG002 - an observer is told all, and uses some

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from icelos import __version__
from icelos.contracts import Scored
from icelos.engine.observing import Observer
from icelos.engine.pace import Pace
from icelos.engine.run import Report
from icelos.errors import IcelosError, InputError
from icelos.llm.redact import Vault

PROGRESS_SECONDS = 10.0
"""Between two lines of progress."""
ECS_VERSION = "8.17.0"
_MESSAGE_LIMIT = 500

Level = Literal["debug", "info", "warn", "error"]
_LEVELS: tuple[Level, ...] = ("debug", "info", "warn", "error")


class JsonLogObserver(Observer):
    """Writes lines to `write`: `to_stderr`, or `to_file(path)`. `secrets` are hidden wherever they stand."""

    def __init__(
        self,
        write: Callable[[bytes], object],
        *,
        level: Level = "info",
        secrets: Sequence[str] = (),
        run_id: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._lowest = _LEVELS.index(level)
        self._secrets = tuple(secrets)
        self._clock = clock
        self._pace = Pace(clock)
        self._next = 0.0
        self._report: Report | None = None
        self._lag: int | None = None
        self._base: dict[str, object] = {
            "ecs.version": ECS_VERSION, "service.name": "icelos", "service.version": __version__,
            "event.dataset": "icelos.run", "process.pid": os.getpid(),
            "icelos.run.id": run_id or uuid.uuid4().hex,
        }  # fmt: skip

    def began(self, report: Report, *, engine: str) -> None:
        self._report = report
        self._base |= {"icelos.job": report.job, "icelos.engine": engine}
        self._pace.begin(report.read)
        self._next = self._clock() + PROGRESS_SECONDS
        on = f", going on after {report.read} records" if report.read else ""
        self._say("info", "run-started", f"{report.job} started{on}", self._counts(report))

    def scored(self, outcomes: Sequence[Scored], seconds: float) -> None:
        self._pace.scored(seconds)

    def stored(self, report: Report, seconds: float) -> None:
        self._progress()

    def waiting(self) -> None:
        self._progress()

    def lagging(self, lag: int) -> None:
        self._lag = lag
        self._progress()

    def sink_failed(self, error: Exception, *, again_in: float) -> None:
        more = {**self._error(error), "icelos.sink.retry_seconds": round(again_in, 3)}
        self._say("warn", "sink-failed", f"the sink cannot write, next try in {again_in:.1f} s", more)

    def worker_died(self) -> None:
        self._say("warn", "worker-died", "a worker died and is replaced", {})

    def checkpointed(self, seconds: float, size: int) -> None:
        more = {"event.duration": _nanoseconds(seconds), "icelos.checkpoint.bytes": size}
        self._say("debug", "checkpoint-saved", "state and position are saved", more)

    def draining(self) -> None:
        self._say("info", "run-draining", "asked to stop: what is under way is finished", {})

    def ended(self, report: Report, error: BaseException | None = None) -> None:
        more = {**self._counts(report), "event.duration": _nanoseconds(self._pace.seconds)}
        self._base["icelos.job"] = report.job
        if error is not None:
            more |= {"event.outcome": "failure", **self._error(error)}
            self._say("error", "run-ended", f"{report.job} failed", more)
        elif report.interrupted:
            self._say("info", "run-ended", f"{report.job} was stopped", {**more, "event.outcome": "unknown"})
        else:
            self._say("info", "run-ended", f"{report.job} is done", {**more, "event.outcome": "success"})

    def _progress(self) -> None:
        if self._report is not None and self._clock() >= self._next:
            self._next = self._clock() + PROGRESS_SECONDS
            said = f"{self._report.job}: {self._report.read} records"
            self._say("info", "run-progress", said, self._counts(self._report))

    def _counts(self, report: Report) -> dict[str, object]:
        counts: dict[str, object] = {
            "icelos.records.read": report.read, "icelos.records.findings": report.findings,
            "icelos.records.clear": report.clear, "icelos.records.failures": report.failures,
            "icelos.verdicts": dict(report.verdicts),
            "icelos.rate.now": round(self._pace.now(report.read), 1),
            "icelos.rate.mean": round(self._pace.mean(report.read), 1),
        }  # fmt: skip
        for name, share in (("p50", 0.5), ("p95", 0.95)):
            if (seconds := self._pace.quantile(share)) is not None:
                counts[f"icelos.batch.{name}_seconds"] = round(seconds, 6)
        return counts if self._lag is None else {**counts, "icelos.lag": self._lag}

    def _error(self, error: BaseException) -> dict[str, object]:
        """Its type, and its words where they are known to be clean of records: our own errors', one line."""
        told: dict[str, object] = {"error.type": type(error).__name__}
        if isinstance(error, IcelosError):
            line = " ".join(str(error).split())
            told["error.message"] = Vault(known=self._secrets).hide(line)[:_MESSAGE_LIMIT]
        elif isinstance(error, OSError) and error.strerror:
            told["error.message"] = error.strerror
        return told

    def _say(self, level: Level, action: str, message: str, more: Mapping[str, object]) -> None:
        """A log that cannot be written never ends a run."""
        if _LEVELS.index(level) < self._lowest:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"@timestamp": now, "log.level": level, "message": message, "event.action": action}
        with suppress(OSError, ValueError):
            self._write(msgspec.json.encode({**line, **self._base, **more}) + b"\n")


def to_stderr(line: bytes) -> None:
    """Standard error, one write for a line."""
    sys.stderr.flush()
    os.write(sys.stderr.fileno(), line)


def to_file(path: Path) -> Callable[[bytes], object]:
    """Appends to a file that is opened anew for each line, so that it may be rotated at any time; only owner
    and group may read it. Raises InputError where that cannot be done.
    """

    def append(line: bytes) -> None:
        # a pipe that nobody reads must not hold up the run
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(path, flags, 0o640)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    try:
        append(b"")
    except OSError as error:
        raise InputError(f"cannot write the log: {error.strerror}", source=str(path)) from error
    return append


def _nanoseconds(seconds: float) -> int:
    """The unit that ECS gives durations."""
    return round(seconds * 1e9)
