"""Pages and counts: the same as a plain sort gives, and by index alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from icelos.data import listing
from icelos.data.sinks import SqliteSink
from icelos.findings import Finding, Outcome, Verdict, failure

JOBS = ("mail", "logs")
VERDICTS = tuple(Verdict)


def outcome(number: int) -> Outcome:
    if number % 7 == 0:
        return failure(record_id=str(number), job=JOBS[number % 2], error="bad", source=f"a:{number}")
    verdict = VERDICTS[number % 3]
    return Finding(
        record_id=str(number), job=JOBS[number % 2], verdict=verdict, label="x", summary=str(number)
    )


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SqliteSink]:
    with SqliteSink(tmp_path / "findings.sqlite") as opened:
        for begin in range(0, 200, 40):
            opened.write([outcome(number) for number in range(begin, begin + 40)])
        opened.write([outcome(number) for number in (5, 3)])  # written again: the newest now
        yield opened


def expected(job: str, verdict: str) -> list[str]:
    order = [number for number in range(200) if number not in (5, 3)] + [5, 3]
    outcomes = [outcome(number) for number in reversed(order)]
    return [
        one.summary
        for one in outcomes
        if isinstance(one, Finding) and job in ("", one.job) and verdict in ("", one.verdict)
    ]


@pytest.mark.parametrize(("job", "verdict"), list(product(("", *JOBS, "none"), ("", *VERDICTS))))
def test_pages_follow_each_other_without_gap_or_repeat(sink: SqliteSink, job: str, verdict: str) -> None:
    found, before = sink.page(job=job, verdict=verdict, limit=9)
    walked = [one.summary for one in found]
    while before is not None:
        found, before = sink.page(job=job, verdict=verdict, limit=9, before=before)
        walked += [one.summary for one in found]
    wanted = expected(job, verdict)
    assert walked == wanted
    assert [one.summary for one in sink.findings(job=job, verdict=verdict, limit=9, offset=11)] == wanted[
        11:20
    ]


def test_failures_have_pages_too(sink: SqliteSink) -> None:
    assert [one.record_id for one in sink.failures(job="mail", limit=2, offset=1)] == ["182", "168"]


@pytest.mark.parametrize(
    ("jobs", "verdicts", "audiences"),
    list(product((None, ("mail",), JOBS), (1, len(VERDICTS)), ((0,), (0, 1, 2)))),
)
def test_no_page_reads_more_than_its_rows(
    sink: SqliteSink, jobs: tuple[str, ...] | None, verdicts: int, audiences: tuple[int, ...]
) -> None:
    values: dict[str, object] = {"kind": "finding", "before": 99, "limit": 9, "offset": 0}
    values |= {f"verdict{number}": str(one) for number, one in enumerate(VERDICTS)}
    values |= {f"job{number}": one for number, one in enumerate(jobs or ())}
    query = listing.select(jobs, verdicts, audiences)
    with sqlite3.connect(sink.path) as database:
        plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {query}", values)]
    searches = [step for step in plan if "outcomes" in step]
    wanted = verdicts * len(audiences) * len(jobs or (1,))
    assert len(searches) == wanted + 1
    runs = [step for step in searches if "COVERING INDEX" in step and "rowid<?" in step]
    assert len(runs) == wanted
    assert all(step.startswith("SEARCH") for step in searches)
    # The one sort there is comes last and sees the rows of the page only.
    assert [step for step in plan if "TEMP B-TREE" in step] in ([], [plan[-1]])


@pytest.mark.parametrize("job", ["", "mail"])
def test_counts_are_by_index(sink: SqliteSink, job: str) -> None:
    query = f"SELECT count(*) FROM outcomes WHERE kind = ?{' AND job = ?' if job else ''}"
    with sqlite3.connect(sink.path) as database:
        plan = database.execute(
            f"EXPLAIN QUERY PLAN {query}", ("finding", job) if job else ("finding",)
        ).fetchall()
    assert "COVERING INDEX" in plan[0][3]


def test_counts_follow_what_is_written_here(sink: SqliteSink) -> None:
    assert sink.count("finding") == len(expected("", ""))
    assert sink.count("failure", job="mail") == 15
    sink.write([Finding(record_id="0", job="mail", verdict=Verdict.ALERT, label="x", summary="now good")])
    assert sink.count("failure", job="mail") == 14
    assert sink.count("finding") == len(expected("", "")) + 1
    assert sink.resolve("logs", ["7"]) == 1
    assert sink.count("failure") == 27


def test_counts_follow_what_others_write(sink: SqliteSink, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    sink._database.set_trace_callback(lambda text: counted.append(text) if "count(*)" in text else None)
    monkeypatch.setattr(listing, "LONGEST", 0.0)
    before = sink.count("finding")
    assert sink.count("finding") == before
    assert len(counted) == 1
    with SqliteSink(sink.path) as other:
        other.write([Finding(record_id="new", job="mail", verdict=Verdict.ALERT, label="x", summary="s")])
    assert sink.count("finding") == before + 1
    assert len(counted) == 2


def test_a_store_of_before_gets_the_indexes(tmp_path: Path) -> None:
    path = tmp_path / "findings.sqlite"
    with SqliteSink(path) as sink:
        sink.write([outcome(number) for number in range(1, 7)])
    with sqlite3.connect(path) as database:
        database.executescript(
            "DROP INDEX outcomes_by_job; DROP INDEX outcomes_by_verdict; DROP INDEX outcomes_restricted;"
            "DROP TRIGGER facts_added; DROP TRIGGER facts_changed;"
            "ALTER TABLE outcomes DROP COLUMN audience; DROP TABLE audiences; DROP TABLE cursor_key;"
            "CREATE INDEX outcomes_listed ON outcomes (kind, job, verdict, seen);"
            "CREATE INDEX outcomes_of_job ON outcomes (kind, job, verdict);"
        )
    with SqliteSink(path) as sink:
        assert len(sink.findings()) == 6
        names = {
            row[0] for row in sink._database.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
        }
    assert {"outcomes_by_job", "outcomes_by_verdict"} <= names
    assert not {"outcomes_listed", "outcomes_of_job"} & names
