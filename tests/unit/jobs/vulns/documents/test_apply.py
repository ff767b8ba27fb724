"""Statements on findings: which applies, which wins, and what is said of those that do not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from icelos.findings import Finding, How, Verdict
from icelos.jobs.vulns.documents.apply import apply
from icelos.jobs.vulns.documents.model import Statement
from icelos.jobs.vulns.verdicts import Label, Status

Make = Callable[..., Finding]


def _statement(label: Label = Label.CODE_NOT_REACHABLE, **fields: Any) -> Statement:
    given = {
        "vulnerability": "CVE-2020-28493", "subject": "pkg:pypi/jinja2@2.11.0", "label": label,
        "status": Status.NOT_AFFECTED, "impact": "urlize is not called", "source": "v.json:statements[0]",
    }  # fmt: skip
    return Statement(**{**given, **fields})


def test_the_statement_decides_and_is_evidence(finding: Make) -> None:
    before = msgspec.structs.replace(finding(), score=0.5)
    (after,) = apply([before], [_statement(evidence=("tool app.py:3: urlize",))]).findings
    assert (after.label, after.verdict) == ("code_not_reachable", Verdict.CLEAR)
    assert after.attributes["status"] == "not_affected"
    assert after.score is None
    assert after.attributes["before"] == "affected (vulnerable)"
    assert after.evidence[:1] == before.evidence
    assert [(e.source, e.how) for e in after.evidence[1:]] == [("v.json:statements[0]", How.RETRIEVAL)] * 2
    assert "urlize is not called" in after.evidence[1].quote
    assert after.id == before.id


def test_what_agrees_changes_nothing_and_twice_is_once(finding: Make) -> None:
    once = apply([finding()], [_statement()])
    twice = apply(once.findings, [_statement()])
    assert twice.findings == once.findings
    assert twice.changed == []
    assert twice.unapplied == []


@pytest.mark.parametrize(
    ("fields", "applies"),
    [
        ({"subject": "pkg:pypi/jinja2"}, True),
        ({"subject": "pkg:pypi/jinja2@2.11.1"}, False),
        ({"subject": "pkg:pypi/jinja2", "version_range": "vers:pypi/<2.11.3"}, True),
        ({"subject": "pkg:pypi/jinja2", "version_range": "vers:pypi/>=3"}, False),
        ({"vulnerability": "GHSA-1"}, True),
        ({"vulnerability": "ghsa-1"}, True),
        ({"vulnerability": "X", "aliases": ("GHSA-1",)}, True),
        ({"vulnerability": "CVE-2020-1", "aliases": ("GHSA-1",)}, False),
        ({"vulnerability": "CVE-2020-1"}, False),
        ({"products": ("pkg:oci/web?tag=7",)}, True),
        ({"products": ("pkg:oci/web",)}, True),
        ({"products": ("shop/web:7",)}, True),
        ({"products": ("pkg:oci/other?tag=7",)}, False),
        ({"subject": "pkg:oci/web?tag=7"}, True),
        ({"subject": "pkg:oci/web?tag=8"}, False),
    ],
)
def test_what_a_statement_is_about(finding: Make, fields: dict[str, Any], applies: bool) -> None:
    result = apply([finding()], [_statement(**fields)])
    assert (len(result.changed), len(result.unapplied)) == ((1, 0) if applies else (0, 1))


def test_a_product_that_the_user_names(finding: Make) -> None:
    statement = _statement(products=("pkg:oci/other?tag=7",))
    assert apply([finding()], [statement], products=["pkg:oci/other?tag=7"]).changed


def test_the_latest_wins_and_at_one_time_the_one_of_most_concern(finding: Make) -> None:
    early, late = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    old = _statement(timestamp=late)
    new = _statement(Label.PROTECTED_BY_COMPILER, timestamp=early, updated=late.replace(month=2))
    assert apply([finding()], [new, old]).findings[0].label == "protected_by_compiler"
    affected = _statement(Label.VULNERABLE, status=Status.AFFECTED, timestamp=late)
    for order in ([old, affected], [affected, old]):
        assert apply([finding("uncertain")], order).findings[0].label == "vulnerable"
    undated = msgspec.structs.replace(affected, timestamp=None)
    assert apply([finding("uncertain")], [undated, old]).findings[0].label == "code_not_reachable"


@pytest.mark.parametrize("label", [Label.VULNERABLE, Label.CODE_NOT_PRESENT])
def test_under_investigation_takes_nothing_back(finding: Make, label: Label) -> None:
    result = apply([finding(label.value)], [_statement(Label.UNCERTAIN, status=Status.UNDER_INVESTIGATION)])
    assert result.findings[0].label == label
    assert "decides nothing" in result.unapplied[0].reason


@pytest.mark.parametrize(
    ("fields", "reason", "near"),
    [
        ({"vulnerability": "CVE-1"}, "nothing was found of CVE-1", False),
        ({"subject": "pkg:pypi/flask"}, "was found in pkg:pypi/jinja2@2.11.0, not in pkg:pypi/flask", True),
        (
            {"products": ("pkg:oci/o",)},
            "about pkg:oci/o, and the target is shop/web:7; --product pkg:oci/o",
            True,
        ),
    ],
)
def test_why_a_statement_does_not_apply(
    finding: Make, fields: dict[str, Any], reason: str, near: bool
) -> None:
    (told,) = apply([finding()], [_statement(**fields)]).unapplied
    assert reason in told.reason
    assert told.near is near


def test_ten_thousand_statements_on_ten_thousand_findings_take_seconds(finding: Make) -> None:
    findings = [finding(vulnerability=f"CVE-2020-{n}", aliases="") for n in range(10_000)]
    statements = [_statement(vulnerability=f"CVE-2020-{n}") for n in range(10_000)]
    assert len(apply(findings, statements).changed) == 10_000
