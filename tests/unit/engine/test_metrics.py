"""A run's metrics: they agree with its report, keep to few labels, and read as Prometheus reads."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from icelos.engine.exposition import exposed
from icelos.engine.metrics import MetricsObserver
from icelos.engine.run import Report
from icelos.findings import Failure, Finding, Verdict

ALERT = Finding(record_id="r1", job="logs", verdict=Verdict.ALERT, label="odd", summary="secret-in-a-record")
FAILED = Failure(record_id="r2", job="logs", error="secret-in-a-record", source="a.log:2")
RUN = {"job_name": "logs", "engine": "threads"}


def value(observer: MetricsObserver, name: str, **labels: str) -> float | None:
    return observer.registry.get_sample_value(f"icelos_{name}", {**RUN, **labels})


def told(observer: MetricsObserver, report: Report, batches: int = 3) -> None:
    for _ in range(batches):
        outcomes = [ALERT, None, FAILED, None]
        observer.scored(outcomes, 0.25)
        report.count(outcomes)
        observer.stored(report, 0.002)


def everything() -> MetricsObserver:
    """An observer that was told of all there is."""
    observer, report = MetricsObserver(), Report(job="logs")
    observer.began(report, engine="threads")
    told(observer, report)
    observer.sink_failed(OSError("secret-in-a-record"), again_in=0.5)
    observer.worker_died()
    observer.checkpointed(0.1, 1234)
    observer.lagging(77)
    observer.waiting()
    observer.draining()
    observer.ended(report)
    return observer


def test_it_agrees_with_the_report() -> None:
    observer, report = MetricsObserver(), Report(job="logs")
    observer.began(report, engine="threads")
    told(observer, report)
    counted = {one: value(observer, "records_total", outcome=one) for one in ("finding", "clear", "failure")}
    assert counted == {"finding": report.findings, "clear": report.clear, "failure": report.failures}
    assert value(observer, "findings_total", verdict="alert") == report.verdicts["alert"]
    assert value(observer, "scored_records_total") == report.read
    assert value(observer, "batch_seconds_count") == 3
    assert value(observer, "batch_seconds_sum") == pytest.approx(0.75)
    assert value(observer, "sink_write_seconds_sum") == pytest.approx(0.006)


def test_a_run_that_goes_on_counts_from_0() -> None:
    observer, report = MetricsObserver(), Report(job="logs", findings=10, clear=80, verdicts={"alert": 10})
    observer.began(report, engine="threads")
    told(observer, report, batches=1)
    assert value(observer, "run_resumed_records") == 90
    assert value(observer, "records_total", outcome="clear") == 2
    assert value(observer, "findings_total", verdict="alert") == 1


def test_what_is_stored_again_after_going_back_is_counted_once() -> None:
    observer, report = MetricsObserver(), Report(job="logs")
    observer.began(report, engine="threads")
    told(observer, report, batches=5)
    report.findings, report.clear, report.failures, report.verdicts = 2, 4, 2, {"alert": 2}
    told(observer, report, batches=4)
    assert value(observer, "records_total", outcome="finding") == report.findings == 6
    assert value(observer, "findings_total", verdict="alert") == 6


def test_the_sink_fails_and_works_again() -> None:
    observer, report = MetricsObserver(), Report(job="logs")
    observer.began(report, engine="threads")
    observer.sink_failed(OSError("down"), again_in=0.5)
    observer.sink_failed(OSError("down"), again_in=1.5)
    assert value(observer, "sink_failing") == 1
    assert value(observer, "sink_failures_total") == 2
    assert value(observer, "sink_retry_wait_seconds_total") == 2
    told(observer, report, batches=1)
    assert value(observer, "sink_failing") == 0


@pytest.mark.parametrize(
    ("report", "error", "outcome"),
    [
        (Report(job="logs"), None, "ok"),
        (Report(job="logs", interrupted=True), None, "interrupted"),
        (Report(job="logs", interrupted=True), OSError("full"), "failed"),
    ],
)
def test_how_it_ended(report: Report, error: Exception | None, outcome: str) -> None:
    observer = MetricsObserver(clock=lambda: 1234.5)
    observer.began(report, engine="threads")
    assert value(observer, "run_in_progress") == 1
    assert value(observer, "run_end_timestamp_seconds") is None
    observer.ended(report, error)
    assert value(observer, "run_in_progress") == 0
    assert value(observer, "run_end_timestamp_seconds") == 1234.5
    ends = {one: value(observer, "runs_ended_total", outcome=one) for one in ("ok", "interrupted", "failed")}
    assert {one for one, number in ends.items() if number} == {outcome}


def test_a_run_that_fails_before_it_begins() -> None:
    observer = MetricsObserver()
    observer.scored([None], 0.1)
    observer.ended(Report(job="logs"), OSError("no such file"))
    labels = {"job_name": "logs", "engine": "", "outcome": "failed"}
    assert observer.registry.get_sample_value("icelos_runs_ended_total", labels) == 1


def test_what_has_not_happened_is_absent() -> None:
    observer = MetricsObserver()
    observer.began(Report(job="logs"), engine="threads")
    for name in ("source_lag", "checkpoint_timestamp_seconds", "checkpoint_seconds_count"):
        assert value(observer, name) is None
    assert value(observer, "worker_deaths_total") == 0


def test_labels_are_few_and_no_record_is_in_them() -> None:
    observer = everything()
    text = exposed(observer.registry).decode()
    assert "secret-in-a-record" not in text
    labels = {
        name
        for family in text_string_to_metric_families(text)
        for one in family.samples
        for name in one.labels
    }
    assert labels == {"job_name", "engine", "outcome", "verdict", "kind", "version", "le"}
    assert text.count("\n") < 200


def test_two_runs_share_nothing() -> None:
    one, other = everything(), MetricsObserver()
    assert one.registry is not other.registry
    assert "logs" not in exposed(other.registry).decode()


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool (Debian: prometheus)")
def test_prometheus_finds_nothing_to_say_of_it() -> None:
    text = exposed(everything().registry)
    lines = b"\n".join(line for line in text.splitlines() if b"_created" not in line) + b"\n"
    checked = subprocess.run(["promtool", "check", "metrics"], input=lines, capture_output=True)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
