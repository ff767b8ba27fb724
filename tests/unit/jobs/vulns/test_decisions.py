"""A person's decision counts while it fits; stale or expired, it never hides what the machine says."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec
import pytest

from icelos.data.decisions import Decision
from icelos.findings import Evidence, Finding, How
from icelos.jobs.vulns.decisions import apply_decisions, basis_of, is_about, machine_label, rule_and_decide
from icelos.jobs.vulns.documents.exceptions import Exemption, Placed
from icelos.jobs.vulns.documents.model import Statement, status_of
from icelos.jobs.vulns.documents.ruling import Rules
from icelos.jobs.vulns.report import Making, rendered
from icelos.jobs.vulns.verdicts import MEANINGS, Label, Status

TODAY = date(2026, 6, 1)
BASIS = "component=1 advisory=2 rules=3 files=4"


def _finding(label: Label = Label.VULNERABLE, basis: str = BASIS, **changes: str) -> Finding:
    meaning = MEANINGS[label]
    facts = {
        "purl": "pkg:pypi/web@1.9", "name": "web", "version": "1.9", "target": "shop:1", "advisory": "A-1",
        "vulnerability": "CVE-2020-1", "aliases": "A-1 GHSA-1", "status": meaning.status.value,
        "why": "in the range", "basis": basis, **changes,
    }  # fmt: skip
    return Finding(
        record_id="1", job="vulns", verdict=meaning.verdict, label=label.value, summary="web 1.9: machine",
        evidence=(Evidence("load(x)", "app.py:3", How.TOOL),), attributes=facts, source="bom.json",
        score=None if meaning.verdict == "clear" else 0.5,
    )  # fmt: skip


def _decision(label: Label, upon: Finding | None = None, **changes: object) -> Decision:
    basis = basis_of(upon or _finding())
    given: dict[str, object] = {
        "vulnerability": "CVE-2020-1", "purl": "pkg:pypi/web@1.9", "label": label.value,
        "reason": "the proxy drops it", "by": "Ana", "made": datetime(2026, 1, 2, tzinfo=UTC),
        "bases": (basis,), **changes,
    }  # fmt: skip
    return Decision(**given)  # type: ignore[arg-type]


def _applied(finding: Finding, *decisions: Decision) -> Finding:
    (found,) = apply_decisions([finding], decisions, today=TODAY).outcomes
    assert isinstance(found, Finding)
    return found


OVERRULED = _decision(Label.PROTECTED_AT_PERIMETER)


def test_the_person_s_label_counts_and_the_machine_s_stands_beside_it() -> None:
    found = _applied(_finding(), OVERRULED)
    assert (found.label, found.verdict, found.score) == ("protected_at_perimeter", "clear", None)
    facts = found.attributes
    assert facts["status"] == "not_affected"
    assert (facts["machine_label"], facts["machine_status"]) == ("vulnerable", "affected")
    assert (facts["decided_by"], facts["decided_on"]) == ("Ana", "2026-01-02")
    assert facts["decided_reason"] == "the proxy drops it"
    assert "decision_stale" not in facts
    assert found.evidence[0].quote.endswith("the machine says affected (vulnerable)")
    assert machine_label(found) is Label.VULNERABLE
    assert basis_of(found) == basis_of(_finding())


def test_new_rules_of_icelos_with_the_same_verdict_keep_it() -> None:
    again = _finding(basis=BASIS.replace("rules=3", "rules=9"))
    assert "decision_stale" not in _applied(again, OVERRULED).attributes


@pytest.mark.parametrize("part", ["component", "advisory", "files"])
def test_a_stale_decision_never_hides_vulnerable(part: str) -> None:
    again = _finding(basis=" ".join(p + "9" if p.startswith(part) else p for p in BASIS.split()))
    found = _applied(again, OVERRULED)
    assert (found.label, found.verdict, found.score) == ("vulnerable", "alert", 0.5)
    assert "a person has to look again" in found.attributes["decision_stale"]
    assert found.attributes["decided"] == "protected_at_perimeter"
    assert "a person has to look again" in found.summary


def test_of_a_stale_decision_and_the_machine_the_one_of_more_concern_counts() -> None:
    upon, now = _finding(Label.UNCERTAIN), _finding(Label.CODE_NOT_REACHABLE)
    found = _applied(now, _decision(Label.VULNERABLE, upon))
    assert (found.label, found.verdict) == ("vulnerable", "alert")
    assert found.attributes["decision_stale"].startswith("the machine's verdict was uncertain")
    cleared = _applied(_finding(), _decision(Label.FALSE_POSITIVE, upon))
    assert cleared.label == "vulnerable"
    unsure = _applied(_finding(Label.UNCERTAIN), _decision(Label.FALSE_POSITIVE, now))
    assert unsure.label == "uncertain"


def test_a_fix_ends_what_a_person_said_of_the_version_before() -> None:
    fixed = _finding(Label.CODE_NOT_PRESENT, status="fixed", purl="pkg:pypi/web@2.0")
    found = _applied(fixed, _decision(Label.VULNERABLE, purl="pkg:pypi/web"))
    assert found.label == "code_not_present"
    assert status_of(found) is Status.FIXED
    assert "pkg:pypi/web@2.0" in found.attributes["decision_stale"]


def test_an_expired_one_does_not_count_and_is_said() -> None:
    decision = _decision(Label.FALSE_POSITIVE, expires=date(2026, 5, 31))
    decided = apply_decisions([_finding()], [decision], today=TODAY)
    (found,) = decided.changed
    assert found.label == "vulnerable"
    assert "expired on 2026-05-31" in found.attributes["decision_expired"]
    assert any("expired on 2026-05-31" in note for note in decided.notes)
    last_day = apply_decisions([_finding()], [decision], today=date(2026, 5, 31))
    assert last_day.changed[0].label == "false_positive"


def test_the_latest_takes_the_place_of_those_before() -> None:
    later = _decision(Label.VULNERABLE, made=datetime(2026, 2, 1, tzinfo=UTC))
    assert _applied(_finding(), later, OVERRULED).label == "vulnerable"


@pytest.mark.parametrize(
    ("changes", "about"),
    [
        ({}, True),
        ({"vulnerability": "ghsa-1"}, True),
        ({"vulnerability": "CVE-2020-2", "aliases": ("A-1",)}, False),
        ({"purl": "pkg:pypi/web"}, True),
        ({"purl": "pkg:pypi/web@2.0"}, False),
        ({"purl": "pkg:npm/web"}, False),
        ({"target": "shop:1"}, True),
        ({"target": "shop:2"}, False),
    ],
)
def test_its_scope(changes: dict[str, object], about: bool) -> None:
    assert is_about(_decision(Label.VULNERABLE, None, **changes), _finding()) is about


def test_it_stands_over_statements_of_others_and_below_exceptions() -> None:
    statement = Statement(
        vulnerability="CVE-2020-1", subject="pkg:pypi/web@1.9", status=Status.NOT_AFFECTED,
        label=Label.FALSE_POSITIVE, source="vendor.json",
    )  # fmt: skip
    exemption = Exemption(vulnerability="CVE-2020-1", reason="r", owner="Ben", expires=date(2027, 1, 1))
    rules = Rules((statement,), (Placed(exemption, "e.toml"),))
    ruled = rule_and_decide([_finding()], rules, [_decision(Label.VULNERABLE)], today=TODAY)
    (found,) = ruled.changed
    assert found.label == "vulnerable"
    assert "decision_stale" not in found.attributes
    assert found.attributes["excepted_until"] == "2027-01-01"
    vex_only = rule_and_decide([_finding()], Rules((statement,)), [], today=TODAY).changed[0]
    assert machine_label(vex_only) is Label.VULNERABLE


@pytest.mark.parametrize(
    "form", ["json", "table", "markdown", "html", "openvex", "cyclonedx", "csaf", "sarif"]
)
@pytest.mark.parametrize("basis", [BASIS, BASIS.replace("files=4", "files=5")])
def test_every_output_shows_person_reason_date_and_machine(form: str, basis: str) -> None:
    found = _applied(_finding(basis=basis), OVERRULED)
    text = rendered([found], form, Making(show_clear=True)).decode().replace("\\", "")
    for said in ("Ana", "the proxy drops it", "2026-01-02", "protected_at_perimeter"):
        assert said in text
    assert "vulnerable" in text
    assert ("look again" in text) == (basis != BASIS)


def test_what_a_finding_says_of_itself_decides_nothing() -> None:
    """Text of advisories and models goes into attributes and evidence; decisions come from the store only."""
    claimed = _finding(description="decision: false_positive, decided by Ana", why="decided by Ana")
    assert apply_decisions([claimed], [], today=TODAY).changed == []
    none_upon = msgspec.structs.replace(OVERRULED, bases=())
    assert _applied(_finding(), none_upon).label == "vulnerable"
