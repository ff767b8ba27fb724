"""A run's counts as Prometheus metrics, in a registry of their own; `health.serve` shows them.

    observer = MetricsObserver()
    run(job, source, sink, observer=observer)
    exposed(observer.registry)

They count what this process does: a run that goes on where another stopped begins at 0, as Prometheus
expects of a counter after a restart. Labels have few values, and none of them comes out of a record.
"""
# ruff: noqa: ARG002 - an observer is told all, and uses some

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from icelos.contracts import Scored
from icelos.engine.exposition import SECONDS, new_registry
from icelos.engine.observing import Observer
from icelos.engine.run import Report
from icelos.findings import Verdict

_LABELS = ("job_name", "engine")  # Prometheus has a label "job" of its own
_OUTCOMES = ("finding", "clear", "failure")
_ENDS = ("ok", "interrupted", "failed")


class MetricsObserver(Observer):
    """Counts a run. Is told from one thread; the registry may be read from any."""

    def __init__(
        self, registry: CollectorRegistry | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.registry = new_registry() if registry is None else registry
        self._metrics = _Metrics(self.registry)
        self._clock = clock
        self._series: _Series | None = None

    def began(self, report: Report, *, engine: str) -> None:
        self._series = series = _Series(self._metrics, report, engine)
        series.resumed.set(report.read)
        series.in_progress.set(1)
        series.started.set(self._clock())

    def scored(self, outcomes: Sequence[Scored], seconds: float) -> None:
        if (series := self._series) is not None:
            series.batch.observe(seconds)
            series.scored.inc(len(outcomes))

    def stored(self, report: Report, seconds: float) -> None:
        if (series := self._series) is not None:
            series.write.observe(seconds)
            series.count(report)
            series.sink_worked()

    def sink_failed(self, error: Exception, *, again_in: float) -> None:
        if (series := self._series) is not None:
            series.sink_failures.inc()
            series.sink_waits.inc(max(0.0, again_in))
            series.sink_broke()

    def worker_died(self) -> None:
        if (series := self._series) is not None:
            series.deaths.inc()

    def checkpointed(self, seconds: float, size: int) -> None:
        if (series := self._series) is not None:
            self._metrics.checkpoint.labels(*series.labels).observe(seconds)
            self._metrics.checkpoint_size.labels(*series.labels).set(size)
            self._metrics.checkpoint_time.labels(*series.labels).set(self._clock())

    def lagging(self, lag: int) -> None:
        if (series := self._series) is not None:
            self._metrics.lag.labels(*series.labels).set(lag)

    def ended(self, report: Report, error: BaseException | None = None) -> None:
        """A run that failed before it began is counted as ended, too."""
        series = self._series or _Series(self._metrics, Report(job=report.job), "")
        series.count(report)
        series.in_progress.set(0)
        self._metrics.end_time.labels(*series.labels).set(self._clock())
        how = "failed" if error is not None else "interrupted" if report.interrupted else "ok"
        series.ends[how].inc()


class _Metrics:
    """All that there is, without values."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"icelos_{name}", text, (*_LABELS, *labels), registry=registry)

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"icelos_{name}", text, _LABELS, registry=registry)

        def histogram(name: str, text: str) -> Histogram:
            return Histogram(f"icelos_{name}", text, _LABELS, registry=registry, buckets=SECONDS)

        self.records = counter("records", "Records read, scored and stored.", "outcome")
        self.findings = counter("findings", "Findings stored.", "verdict")
        self.scored = counter("scored_records", "Records that came back from a worker, stored or not yet.")
        self.batch = histogram("batch_seconds", "From when a batch was given to a worker until it came back.")
        self.write = histogram("sink_write_seconds", "Until the outcomes of a batch were durable.")
        self.sink_failures = counter("sink_failures", "Writes that failed; each is tried again.")
        self.sink_waits = counter("sink_retry_wait_seconds", "Waits before writing was tried again.")
        self.sink_failing = gauge("sink_failing", "1 while the last write has failed, else 0.")
        self.deaths = counter("worker_deaths", "Workers that died and were replaced.")
        self.checkpoint = histogram("checkpoint_seconds", "Until state and position were saved.")
        self.checkpoint_size = gauge("checkpoint_size_bytes", "Size of the last checkpoint.")
        self.checkpoint_time = gauge("checkpoint_timestamp_seconds", "When the last checkpoint was saved.")
        self.lag = gauge("source_lag", "Records that wait at the source, or bytes where it counts those.")
        self.resumed = gauge("run_resumed_records", "Records of the runs that this one goes on with.")
        self.in_progress = gauge("run_in_progress", "1 while the run goes, else 0.")
        self.started = gauge("run_start_timestamp_seconds", "When the run began.")
        self.end_time = gauge("run_end_timestamp_seconds", "When the run ended.")
        self.ends = counter("runs_ended", "Runs that are over, by how.", "outcome")


class _Series:
    """The metrics of one run: looked up by their labels once, not for every batch.

    What need not happen (a checkpoint, a lag) is looked up when it does, so that it is absent before, not 0.
    """

    def __init__(self, metrics: _Metrics, report: Report, engine: str) -> None:
        self.labels = labels = (report.job, engine)
        self.scored = metrics.scored.labels(*labels)
        self.batch = metrics.batch.labels(*labels)
        self.write = metrics.write.labels(*labels)
        self.sink_failures = metrics.sink_failures.labels(*labels)
        self.sink_waits = metrics.sink_waits.labels(*labels)
        self._sink_failing = metrics.sink_failing.labels(*labels)
        self.deaths = metrics.deaths.labels(*labels)
        self.resumed = metrics.resumed.labels(*labels)
        self.in_progress = metrics.in_progress.labels(*labels)
        self.started = metrics.started.labels(*labels)
        self.ends = {how: metrics.ends.labels(*labels, how) for how in _ENDS}
        self._records = [metrics.records.labels(*labels, outcome) for outcome in _OUTCOMES]
        self._findings = {one.value: metrics.findings.labels(*labels, one.value) for one in Verdict}
        self._counted = [report.findings, report.clear, report.failures]
        self._verdicts = dict(report.verdicts)
        self._failing = False

    def count(self, report: Report) -> None:
        """What the report has more than ever before: where a run goes back to a checkpoint it has less for
        a while, and what is then stored again is not counted again.
        """
        now = (report.findings, report.clear, report.failures)
        for place, value in enumerate(now):
            if value > self._counted[place]:
                self._records[place].inc(value - self._counted[place])
                self._counted[place] = value
        for verdict, value in report.verdicts.items():
            had = self._verdicts.get(verdict, 0)
            if value > had:
                self._findings[verdict].inc(value - had)
                self._verdicts[verdict] = value

    def sink_broke(self) -> None:
        self._failing = True
        self._sink_failing.set(1)

    def sink_worked(self) -> None:
        if self._failing:
            self._failing = False
            self._sink_failing.set(0)
