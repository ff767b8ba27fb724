"""Findings -> document -> reading -> applying: what was decided comes back, in every format."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packageurl import PackageURL

from icelos.findings import Evidence, Finding, How, Verdict
from icelos.jobs.vulns.documents.apply import apply
from icelos.jobs.vulns.documents.forms import VEX, read
from icelos.jobs.vulns.documents.model import Statement, document_of, statements_of
from icelos.jobs.vulns.verdicts import MEANINGS, Label, Status

FORMATS = ("openvex", "cyclonedx", "csaf")
SCHEMAS = {
    "openvex": "openvex_0.2.0.json", "cyclonedx": "cyclonedx/bom-1.6.schema.json", "csaf": "csaf_2.0.json",
}  # fmt: skip
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WORD = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=20)
PURLS = st.builds(
    lambda kind, name, version, qualifiers: PackageURL(kind, None, name, version, qualifiers).to_string(),
    st.sampled_from(["pypi", "npm", "deb", "apk", "maven", "golang"]), WORD,
    st.text("0123456789.-+~:abr", min_size=1, max_size=10),
    st.dictionaries(st.sampled_from(["arch", "distro", "upstream"]), WORD, max_size=3),
)  # fmt: skip
VULNERABILITIES = st.builds(
    lambda kind, number: f"{kind}-2020-{number}",
    st.sampled_from(["CVE", "GHSA", "DSA", "PYSEC"]), st.integers(1000, 1003),
)  # fmt: skip


TARGETS = st.sampled_from(["shop/web:7", "bom.json", "db:1"])


def _finding(label: Label, fixed: bool, purl: str, vulnerability: str, target: str, words: str) -> Finding:
    parsed = PackageURL.from_string(purl)
    facts = {
        "purl": purl, "name": parsed.name, "version": parsed.version or "", "target": target,
        "vulnerability": vulnerability, "aliases": "A-1 A-2", "why": words, "fixed_in": "9.1 9.2",
        "description": words, "layer": "sha256:aa", "severity": "high",
        "cvss": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "cvss_score": "9.3",
        "status": Status.FIXED if fixed and label is Label.CODE_NOT_PRESENT else MEANINGS[label].status,
    }  # fmt: skip
    return Finding(
        record_id=f"{target} {purl} {vulnerability}", job="vulns", verdict=MEANINGS[label].verdict,
        label=label.value, summary=words, attributes=facts,
        evidence=(Evidence(words, "etc/x:3", How.TOOL), Evidence("range < 9", "feed.json:4", How.RULE)),
    )  # fmt: skip


def _findings(target: st.SearchStrategy[str]) -> st.SearchStrategy[list[Finding]]:
    one = st.builds(
        _finding, st.sampled_from(list(Label)), st.booleans(), PURLS, VULNERABILITIES, target, TEXT
    )  # fmt: skip
    return st.lists(one, min_size=1, max_size=8, unique_by=lambda f: f.record_id)


FINDINGS = _findings(TARGETS)
OF_ONE_TARGET = TARGETS.flatmap(lambda target: _findings(st.just(target)))


def _fields(statement: Statement) -> dict[str, Any]:
    return {n: getattr(statement, n) for n in statement.__struct_fields__ if n not in {"source", "aliases"}}


@pytest.mark.parametrize("form", FORMATS)
@given(findings=FINDINGS)
@settings(max_examples=60, deadline=None)
def test_statements_come_back_whole(form: str, findings: list[Finding]) -> None:
    document = document_of(findings, author="a@b.example", now=NOW)
    again = read(json.loads(json.dumps(VEX[form](document))))
    assert again.problems == ()
    before = {one.key: one for one in document.statements}
    after = {one.key: one for one in again.statements}
    assert after.keys() == before.keys()
    for key, one in after.items():
        assert _fields(one) == _fields(before[key])
        assert set(one.aliases) >= set(before[key].aliases)
    assert (again.author, again.timestamp) == (document.author, document.timestamp)


@pytest.mark.parametrize("form", FORMATS)
def test_every_label_fits_the_schema(
    form: str, finding: Callable[..., Finding], valid: Callable[[str, dict[str, Any]], None]
) -> None:
    findings = [finding(one.value, purl=f"pkg:npm/a{n}@1") for n, one in enumerate(Label)]
    findings.append(finding("code_not_present", status="fixed", purl="pkg:npm/b@1", severity="high"))
    findings.append(finding(target="bom.json", vulnerability="GHSA-xxxx", aliases="CVE-2020-1111"))
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    findings.append(finding(purl="pkg:npm/c@1", severity="critical", cvss=vector, cvss_score="9.8"))
    valid(SCHEMAS[form], VEX[form](document_of(findings, author="a@b.example", now=NOW)))


@pytest.mark.parametrize("form", FORMATS)
@given(findings=FINDINGS)
@settings(max_examples=60, deadline=None)
def test_what_is_undecided_is_never_ruled_out(form: str, findings: list[Finding]) -> None:
    again = {one.key: one for one in read(VEX[form](document_of(findings, author="a", now=NOW))).statements}
    for finding in findings:
        if finding.label == Label.UNCERTAIN:
            (alone,) = statements_of([finding])
            assert again[alone.key].status in {Status.UNDER_INVESTIGATION, Status.AFFECTED}


@pytest.mark.parametrize("form", FORMATS)
@given(findings=OF_ONE_TARGET)
@settings(max_examples=60, deadline=None)
def test_applied_to_undecided_findings_the_verdicts_are_the_same(form: str, findings: list[Finding]) -> None:
    statements = read(
        json.loads(json.dumps(VEX[form](document_of(findings, author="a", now=NOW))))
    ).statements
    uncertain = {"label": "uncertain", "verdict": Verdict.UNKNOWN}
    raw = [
        msgspec.structs.replace(
            one, attributes={**one.attributes, "status": Status.UNDER_INVESTIGATION.value}, **uncertain
        )
        for one in findings
    ]
    again = apply(raw, statements).findings
    assert [_decision(one) for one in again] == [_decision(one) for one in findings]
    unchanged = apply(findings, statements)
    assert (unchanged.findings, unchanged.changed, unchanged.unapplied) == (findings, [], [])


def _decision(finding: Finding) -> tuple[str, Verdict, str]:
    return finding.label, finding.verdict, finding.attributes["status"]
