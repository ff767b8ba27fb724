"""One bad record costs one record; the report adds up."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.contracts import Needs, Scored
from icelos.engine.run import Report, score_safely
from icelos.findings import Failure, Finding, Verdict
from icelos.records import LogLine, Record

WAYS = (
    "clear", "finding", "failure", "raises", "recursion", "other id", "other job", "no outcome", "surrogate",
)  # fmt: skip
POISON = frozenset(WAYS[3:])


class ScriptedJob:
    """Does with each record what its text says; `whole` breaks the whole batch in some way."""

    name = "scripted"
    needs = Needs()

    def __init__(self, whole: str = "") -> None:
        self.whole = whole
        self.calls = 0

    def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
        self.calls += 1
        outcomes = [self._one(record) for record in batch]
        return outcomes[1:] if self.whole == "short" else outcomes

    def _one(self, record: Record) -> Scored:
        way = getattr(record, "text", "")
        if way == "raises":
            raise KeyError("missing")
        if way == "recursion":
            raise RecursionError("too deep")
        if way == "no outcome":
            return "clear"  # type: ignore[return-value]
        if way == "failure":
            return Failure(record_id=record.id, job=self.name, error="bad", source=record.source)
        if way == "clear":
            return None
        return Finding(
            record_id="x" if way == "other id" else record.id,
            job="other" if way == "other job" else self.name,
            verdict=Verdict.ALERT, label="l", summary="\ud800" if way == "surrogate" else "s",
        )  # fmt: skip


def _records(ways: Sequence[str]) -> list[LogLine]:
    return [LogLine(id=str(n), source=f"a:{n}", text=way) for n, way in enumerate(ways)]


@given(st.lists(st.sampled_from(WAYS), max_size=40))
def test_every_record_has_its_own_outcome(ways: list[str]) -> None:
    records = _records(ways)
    outcomes = score_safely(ScriptedJob(), records)
    assert len(outcomes) == len(records)
    for record, outcome in zip(records, outcomes, strict=True):
        assert (outcome is None) == (record.text == "clear")
        assert isinstance(outcome, Finding) == (record.text == "finding")
        if outcome is not None:
            assert (outcome.record_id, outcome.job) == (record.id, "scripted")
            assert msgspec.json.encode(outcome)


@given(st.lists(st.sampled_from(WAYS), max_size=40))
def test_the_report_adds_up(ways: list[str]) -> None:
    report = Report(job="scripted")
    report.count(score_safely(ScriptedJob(), _records(ways)))
    assert report.read == report.findings + report.clear + report.failures == len(ways)
    assert report.findings == ways.count("finding") == report.verdicts.get("alert", 0)
    assert report.clear == ways.count("clear")
    assert report.as_dict()["read"] == len(ways)


def test_one_poisoned_record_costs_few_calls() -> None:
    job = ScriptedJob()
    outcomes = score_safely(job, _records(["clear"] * 31 + ["raises"] + ["clear"] * 32))
    assert sum(outcome is not None for outcome in outcomes) == 1
    assert job.calls <= 13


def test_a_failure_says_which_error_and_keeps_the_record() -> None:
    (outcome,) = score_safely(ScriptedJob(), _records(["raises"]))
    assert isinstance(outcome, Failure)
    assert (outcome.error, outcome.source, outcome.raw) == ("KeyError: 'missing'", "a:0", "raises")


def test_a_job_of_the_wrong_length_fails_every_record() -> None:
    outcomes = score_safely(ScriptedJob("short"), _records(["clear"] * 3))
    assert all(isinstance(o, Failure) and "0 outcomes for 1 records" in o.error for o in outcomes)


def test_an_empty_batch_is_not_scored() -> None:
    job = ScriptedJob()
    assert score_safely(job, []) == []
    assert job.calls == 0


def test_ctrl_c_is_not_a_failure_of_a_record() -> None:
    class Stopped(ScriptedJob):
        def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_safely(Stopped(), _records(["clear"]))


def test_rate() -> None:
    assert Report(job="j").rate == 0
    assert Report(job="j", clear=10, seconds=2).rate == 5
