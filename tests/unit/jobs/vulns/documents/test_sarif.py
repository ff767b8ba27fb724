"""SARIF by the rules that GitHub checks on upload; its schema is not at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from icelos.findings import Failure, Finding, Outcome
from icelos.jobs.vulns.documents.sarif import escaped, render
from icelos.jobs.vulns.verdicts import Label

Make = Callable[..., Finding]


def _run(outcomes: list[Outcome], **options: Any) -> dict[str, Any]:
    log = render(outcomes, **options)
    assert (log["version"], log["$schema"][:8]) == ("2.1.0", "https://")
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def test_what_the_standard_and_github_require(finding: Make) -> None:
    outcomes: list[Outcome] = [finding(one.value, purl=f"pkg:npm/a{n}@1") for n, one in enumerate(Label)]
    outcomes.append(finding(vulnerability="GHSA-x", description=""))
    run = _run(outcomes, show_clear=True)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["CVE-2020-28493", "GHSA-x"]
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
        assert rule["help"]["text"]
    assert "helpUri" not in rules[1]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        assert (result["level"] == "none") is (result["kind"] != "fail")  # 3.27.10
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert physical["region"]["startLine"] >= 1
        assert not physical["artifactLocation"]["uri"].startswith("/")
        assert result["partialFingerprints"]["primaryLocationLineHash"].endswith(":1")
    labels = {result["properties"]["label"] for result in run["results"]}
    assert labels == {label.value for label in Label}


def test_what_is_ruled_out_is_no_alert(finding: Make) -> None:
    run = _run([finding("code_not_present"), finding("uncertain", purl="pkg:npm/b@1"), finding()])
    assert [result["level"] for result in run["results"]] == ["warning", "error"]


def test_an_exception_is_a_suppression(finding: Make) -> None:
    run = _run(
        [finding(excepted="r (accepted by o)", excepted_until="2999-01-01"), finding(purl="pkg:npm/b@1")]
    )
    assert run["results"][0]["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "r (accepted by o)"}
    ]
    assert "suppressions" not in run["results"][1]


@pytest.mark.parametrize(
    ("attributes", "severity"),
    [
        ({"cvss_score": "7.5"}, "7.5"),
        ({"severity": "Critical"}, "9.5"),
        ({"cvss_score": "11"}, None),
        ({}, None),
    ],
)
def test_severity(finding: Make, attributes: dict[str, str], severity: str | None) -> None:
    (rule,) = _run([finding(**attributes)])["tool"]["driver"]["rules"]
    assert rule["properties"].get("security-severity") == severity


@pytest.mark.parametrize(
    ("location", "uri", "line"),
    [
        ("lib/apk/db/installed:26", "lib/apk/db/installed", 26),
        ("bom.json:components[12]", "bom.json", 1),
        ("/opt/a b/METADATA", "opt/a%20b/METADATA", 1),
        ("../../etc/passwd:3", "etc/passwd", 3),
    ],
)
def test_locations(finding: Make, location: str, uri: str, line: int) -> None:
    (result,) = _run([finding(location=location)])["results"]
    physical = result["locations"][0]["physicalLocation"]
    assert (physical["artifactLocation"]["uri"], physical["region"]["startLine"]) == (uri, line)


def test_the_same_alert_after_an_update(finding: Make) -> None:
    first, second, other = (
        _run([finding(**facts)])["results"][0]["partialFingerprints"]["primaryLocationLineHash"]
        for facts in (
            {}, {"purl": "pkg:pypi/jinja2@2.11.1", "target": "shop/web:8", "location": "app/METADATA:9"},
            {"purl": "pkg:pypi/flask@1"},
        )
    )  # fmt: skip
    assert first == second != other


def test_failures_stand_beside_the_results(finding: Make) -> None:
    run = _run([finding(), Failure(record_id="f", job="vulns", error="bad", source="s:1")])
    (invocation,) = run["invocations"]
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "s:1: bad"


def test_messages_have_no_links_and_no_placeholders() -> None:
    assert escaped("see [here](http://evil) {0}\\") == r"see \[here\](http://evil) {{0}}" + "\\\\"
