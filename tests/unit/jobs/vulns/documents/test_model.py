"""Findings as statements: nothing invented, and the worst stands where advisories disagree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest

from icelos.errors import InputError
from icelos.findings import Evidence, Finding, How
from icelos.jobs.vulns.documents.model import MAX_LINE, document_of, one_line, statements_of
from icelos.jobs.vulns.verdicts import Label, Status

Make = Callable[..., Finding]


def test_a_finding_as_a_statement(finding: Make) -> None:
    (one,) = statements_of([finding()])
    assert (one.vulnerability, one.subject, one.products) == (
        "CVE-2020-28493", "pkg:pypi/jinja2@2.11.0", ("pkg:oci/web?tag=7",),
    )  # fmt: skip
    assert (one.status, one.label, one.justification) == (Status.AFFECTED, Label.VULNERABLE, "")
    assert one.action == "Move jinja2 to 2.11.3"
    assert one.evidence == ("tool app/METADATA:3: Name: jinja2", "image layer: sha256:aa")


def test_no_fix_is_said(finding: Make) -> None:
    (one,) = statements_of([finding(fixed_in="")])
    assert one.action.startswith("No fixed version of jinja2 is known")


@pytest.mark.parametrize("label", list(Label))
def test_only_what_is_not_affected_has_a_justification(finding: Make, label: Label) -> None:
    (one,) = statements_of([finding(label.value)])
    assert bool(one.justification) is (one.status is Status.NOT_AFFECTED)
    assert bool(one.action) is (one.status is Status.AFFECTED)


@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [
        ("code_not_present", "vulnerable", Status.AFFECTED),
        ("vulnerable", "uncertain", Status.AFFECTED),
        ("uncertain", "code_not_reachable", Status.UNDER_INVESTIGATION),
    ],
)
def test_where_two_advisories_disagree_concern_stands(
    finding: Make, first: str, second: str, stands: Status
) -> None:
    (one,) = statements_of([finding(first, aliases="A"), finding(second, aliases="B", why="other words")])
    assert one.status is stands
    assert one.aliases in {("A", "B"), ("B", "A")}
    assert any(line.startswith("another advisory: ") for line in one.evidence)


def test_two_images_are_two_products(finding: Make) -> None:
    assert len(statements_of([finding(), finding(target="shop/web:8")])) == 2


def test_the_id_follows_from_the_content(finding: Make) -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    first, same, other = (
        document_of([finding(purl=purl)], author="a", now=now)
        for purl in ("pkg:npm/a@1", "pkg:npm/a@1", "pkg:npm/b@1")
    )
    assert first.id == same.id != other.id
    assert first.timestamp.microsecond == 0


def test_lines_are_bounded(finding: Make) -> None:
    piece = Evidence("x\ny " * MAX_LINE, "s", How.TOOL)
    (one,) = statements_of([msgspec.structs.replace(finding(), evidence=(piece,))])
    assert max(map(len, one.evidence)) == MAX_LINE
    assert one_line(" a\u2028b\n") == "a b"


def test_a_finding_of_another_job(finding: Make) -> None:
    with pytest.raises(InputError, match="no verdict about a vulnerability: 'phishing'"):
        statements_of([msgspec.structs.replace(finding(), label="phishing")])
