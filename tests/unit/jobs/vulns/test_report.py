"""The report of an analysis: what concerns first, nothing hidden."""

from __future__ import annotations

import json

from icelos.findings import Failure, Finding, Outcome, Verdict
from icelos.jobs.vulns.report import as_rows, rendered


def _finding(verdict: Verdict) -> Finding:
    return Finding(
        record_id=verdict.value, job="vulns", verdict=verdict, label="l", summary="two\nlines", source="s"
    )


OUTCOMES: list[Outcome] = [
    _finding(Verdict.CLEAR), Failure(record_id="f", job="vulns", error="bad", source="s"),
    _finding(Verdict.UNKNOWN), _finding(Verdict.ALERT),
]  # fmt: skip


def test_rows_by_concern_and_failures_last() -> None:
    assert [row[0] for row in as_rows(OUTCOMES)] == ["alert", "unknown", "failure"]
    assert [row[0] for row in as_rows(OUTCOMES, show_clear=True)] == ["alert", "unknown", "clear", "failure"]


def test_json_has_everything() -> None:
    lines = [json.loads(line) for line in rendered(OUTCOMES, "json").splitlines()]
    assert [next(iter(line)) for line in lines] == ["finding", "failure", "finding", "finding"]


def test_a_table_in_a_file_is_a_row_a_line() -> None:
    lines = rendered(OUTCOMES, "table").decode().splitlines()
    assert lines[1] == "alert\t\tl\ttwo lines\ts"
    assert len(lines) == 4
