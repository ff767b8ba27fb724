from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from icelos.data.casework.model import Reason, State, Step
from icelos.data.casework.renewal import ACTOR, renew
from icelos.data.casework.store import CaseStore
from icelos.data.sinks import SqliteSink
from icelos.findings import Finding, Verdict

LIBWEBP = Finding(
    record_id="web-01/libwebp/CVE-2023-4863", job="vulns", verdict=Verdict.REVIEW, label="uncertain",
    summary="libwebp 1.2.4", score=0.4,
)  # fmt: skip


@pytest.fixture
def findings(tmp_path: Path) -> Iterator[SqliteSink]:
    with SqliteSink(tmp_path / "findings.sqlite") as sink:
        sink.write([LIBWEBP])
        yield sink


@pytest.fixture
def cases(tmp_path: Path, findings: SqliteSink) -> Iterator[CaseStore]:
    with CaseStore(tmp_path / "casework.sqlite") as store:
        renew(store, findings.path)
        yield store


def again(**changes: object) -> Finding:
    return msgspec.structs.replace(LIBWEBP, **changes)


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (again(verdict=Verdict.ALERT, label="vulnerable"), "the verdict was review and is alert"),
        (again(score=0.6), "the score was 0.40 and is 0.60"),
    ],
)
def test_what_is_worse_is_opened_again(
    cases: CaseStore, findings: SqliteSink, now: Finding, why: str
) -> None:
    cases.close_case(LIBWEBP, Reason.ACCEPTED_RISK, by="ann")
    findings.write([now])
    assert renew(cases, findings.path) == 1
    event = cases.events(LIBWEBP.id)[-1]
    assert (event.step, event.actor, event.text) == (Step.REOPENED, ACTOR, why)
    assert cases.case(LIBWEBP).state is State.OPEN
    assert renew(cases, findings.path) == 0


@pytest.mark.parametrize(
    "now", [again(), again(score=0.45), again(verdict=Verdict.UNKNOWN), again(summary="new")]
)
def test_what_is_no_worse_stays_closed(cases: CaseStore, findings: SqliteSink, now: Finding) -> None:
    cases.close_case(LIBWEBP, Reason.ACCEPTED_RISK, by="ann")
    findings.write([now])
    assert renew(cases, findings.path) == 0
    assert cases.case(LIBWEBP).reason is Reason.ACCEPTED_RISK


def test_what_is_clear_now_is_closed(cases: CaseStore, findings: SqliteSink) -> None:
    cases.assign(LIBWEBP, "bob", by="ann")
    findings.write([again(verdict=Verdict.CLEAR, summary="version 1.3.2 is fixed")])
    assert renew(cases, findings.path) == 1
    case = cases.case(LIBWEBP)
    assert (case.state, case.reason, case.assignee) == (State.CLOSED, Reason.CLEARED, "bob")
    findings.write([LIBWEBP])
    assert renew(cases, findings.path) == 1
    assert cases.case(LIBWEBP).is_open


def test_a_merged_finding_stays_merged(cases: CaseStore, findings: SqliteSink) -> None:
    first = again(record_id="web-01/libwebp/GHSA-x")
    findings.write([first])
    cases.merge(LIBWEBP, first, by="ann")
    findings.write([again(verdict=Verdict.ALERT)])
    assert renew(cases, findings.path) == 0


def test_before_anything_was_found(tmp_path: Path) -> None:
    with CaseStore(tmp_path / "casework.sqlite") as store:
        assert renew(store, tmp_path / "findings.sqlite") == 0


def test_rows_that_take_the_numbers_of_deleted_ones_are_seen(cases: CaseStore, findings: SqliteSink) -> None:
    cases.close_case(LIBWEBP, Reason.ACCEPTED_RISK, by="ann")
    findings.write([again(record_id=f"other-{number}") for number in range(10)])
    renew(cases, findings.path)
    findings._database.execute("DELETE FROM outcomes WHERE record_id LIKE 'other-%'")
    findings.write([again(verdict=Verdict.ALERT)])
    assert renew(cases, findings.path) == 1
