"""The order and the sections of reports for people."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from icelos.errors import InputError
from icelos.findings import Failure, Finding
from icelos.jobs.vulns.documents.people import number, report_of
from icelos.jobs.vulns.verdicts import Label

Make = Callable[..., Finding]


def _named(report: object) -> dict[str, list[str]]:
    return {s.title: [e.vulnerability for e in s.entries] for s in report.sections}  # type: ignore[attr-defined]


def test_by_risk_then_severity_then_cvss_in_sections(finding: Make) -> None:
    until = {"excepted": "r", "excepted_until": "2999-01-01"}
    findings = [
        finding("code_not_present", vulnerability="ruled"), finding("uncertain", vulnerability="asked"),
        finding(vulnerability="d", cvss_score="5.0"), finding(vulnerability="c", cvss_score="9.8"),
        finding(vulnerability="b", severity="HIGH"), finding(vulnerability="a", risk="0.7"),
        finding(vulnerability="taken", **until),
        finding(vulnerability="left", **until, ignored="r", ignored_until="2999-01-01"),
        finding(vulnerability="over", **{**until, "excepted_until": "2020-01-01"}),
    ]  # fmt: skip
    assert _named(report_of(findings)) == {
        "Act on these": ["a", "b", "c", "d", "over"], "Undecided": ["asked"],
        "Accepted for now": ["taken"], "Ignored": ["left"], "Ruled out": ["ruled"],
    }  # fmt: skip


@pytest.mark.parametrize("label", list(Label))
def test_every_verdict_says_what_would_change_it(finding: Make, label: Label) -> None:
    entries = [e for s in report_of([finding(label.value)]).sections for e in s.entries]
    assert entries[0].change
    own = [e for s in report_of([finding(label.value, would_change="x")]).sections for e in s.entries]
    assert own[0].change == "x"


def test_the_fix_and_the_layer(finding: Make) -> None:
    (entry,) = report_of([finding()]).sections[0].entries
    assert entry.fix == "move to 2.11.3"
    assert ("Image layer that brought it", "sha256:aa") in entry.facts
    assert report_of([finding(fixed_in="")]).sections[0].entries[0].fix == "no fixed version is known"


def test_what_judged_it(finding: Make) -> None:
    made = msgspec.structs.replace(finding(), made_by={"job": "vulns 1", "data": "osv 2026-01-01"})
    assert report_of([made, made]).made_by == ("job: vulns 1", "data: osv 2026-01-01")


def test_failures_and_findings_of_others(finding: Make) -> None:
    failure = Failure(record_id="1", job="vulns", error="bad\u202eword", source="s")
    assert report_of([failure]).failures == (("s", "badword"),)
    with pytest.raises(InputError, match="no verdict about a vulnerability"):
        report_of([msgspec.structs.replace(finding(), label="phishing")])


@pytest.mark.parametrize(
    ("text", "found"),
    [("9.8 CRITICAL", 9.8), ("0.3", 0.3), ("", 0.0), ("nan", 0.0), ("inf", 0.0), ("-1", 0.0), ("x", 0.0)],
)
def test_numbers(text: str, found: float) -> None:
    assert number(text) == found
