"""SARIF 2.1.0 for code scanning: one rule for each vulnerability, one result for each component.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. GitHub's reading of it
(https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning)
takes every result for an open alert, so what is ruled out is left out unless asked for. It knows a result
again by `primaryLocationLineHash`, which here outlives new versions and builds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from icelos import __version__
from icelos.findings import Failure, Finding, Outcome, Verdict
from icelos.jobs.vulns.documents.csaf import HOME
from icelos.jobs.vulns.documents.exceptions import is_excepted
from icelos.jobs.vulns.documents.ignoring import is_ignored
from icelos.jobs.vulns.documents.model import evidence_line, label_of, status_of
from icelos.jobs.vulns.documents.people import clean, cvss_of, number
from icelos.jobs.vulns.documents.products import parts_of, plain
from icelos.jobs.vulns.verdicts import Status
from icelos.records import record_id

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_SEVERITIES = {
    "critical": "9.5", "important": "8.0", "high": "8.0", "moderate": "5.5", "medium": "5.5", "low": "2.0",
}  # fmt: skip
"""GitHub's own bands: above 9.0 critical, 7.0 high, 4.0 medium, 0.1 low."""
_LEVELS = {Status.AFFECTED: "error", Status.UNDER_INVESTIGATION: "warning"}
_CVE = re.compile(r"CVE-\d{4}-\d{4,}")


def render(outcomes: Sequence[Outcome], *, show_clear: bool = False) -> dict[str, Any]:
    """The log as JSON. Raises InputError for findings of another job."""
    every = [one for one in outcomes if isinstance(one, Finding)]
    findings = [one for one in every if show_clear or one.verdict is not Verdict.CLEAR]
    rules: dict[str, list[Finding]] = {}
    for finding in findings:
        rules.setdefault(_rule_id(finding), []).append(finding)
    places = {name: number for number, name in enumerate(rules)}
    driver = {
        "name": "Icelos", "version": __version__, "informationUri": HOME,
        "rules": [_rule(name, found) for name, found in rules.items()],
    }  # fmt: skip
    run: dict[str, Any] = {
        "tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "invocations": [_invocation(outcomes)],
        "results": [_result(one, places[_rule_id(one)]) for one in findings],
    }  # fmt: skip
    targets = {one.attributes.get("target", "") for one in every}
    if len(targets) == 1:
        run["automationDetails"] = {"id": f"icelos/vulns/{clean(targets.pop())}/"}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule_id(finding: Finding) -> str:
    return finding.attributes.get("vulnerability") or finding.attributes.get("advisory", "unknown")


def _invocation(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """What could not be judged stands beside the results."""
    told = [
        {"level": "warning", "message": {"text": escaped(f"{one.source}: {one.error}")}}
        for one in outcomes
        if isinstance(one, Failure)
    ]
    return {"executionSuccessful": True, **({"toolExecutionNotifications": told} if told else {})}


def _rule(name: str, findings: Sequence[Finding]) -> dict[str, Any]:
    facts = findings[0].attributes
    words = clean(facts.get("description", "")) or name
    names = dict.fromkeys(alias for one in findings for alias in one.attributes.get("aliases", "").split())
    severity = max((_severity(one) for one in findings), key=number)
    rule: dict[str, Any] = {
        "id": name, "name": "KnownVulnerability", "shortDescription": {"text": f"{name}: {words}"[:1000]},
        "fullDescription": {"text": words[:1000]}, "help": {"text": _help(name, words, names)},
        "properties": {"tags": ["security", "vulnerability"], "precision": "high"},
    }  # fmt: skip
    if _CVE.fullmatch(name):
        rule["helpUri"] = f"https://nvd.nist.gov/vuln/detail/{name}"
    if severity:
        rule["properties"]["security-severity"] = severity
    return rule


def _help(name: str, words: str, aliases: Sequence[str] | dict[str, None]) -> str:
    also = f"\nAlso known as {', '.join(aliases)}" if aliases else ""
    return f"{name}: {words}{also}"


def _severity(finding: Finding) -> str:
    """CVSS where it is known, else the middle of the severity's band."""
    score = cvss_of(finding.attributes)
    if score > 0:
        return f"{score:.1f}"
    return _SEVERITIES.get(finding.attributes.get("severity", "").lower(), "")


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    status, facts = status_of(finding), finding.attributes
    ruled_out = status not in _LEVELS
    row: dict[str, Any] = {
        "ruleId": _rule_id(finding), "ruleIndex": rule, "kind": "notApplicable" if ruled_out else "fail",
        "level": "none" if ruled_out else _LEVELS[status], "message": {"text": _message(finding)},
        "locations": [_location(finding)], "partialFingerprints": _fingerprints(finding),
        "properties": {
            "label": label_of(finding).value, "status": status.value, "purl": facts.get("purl", ""),
            **{name: facts[name] for name in _KEPT if facts.get(name)},
            "evidence": [evidence_line(piece) for piece in finding.evidence],
        },
    }  # fmt: skip
    ruled = next((name for name, holds in _RULES.items() if holds(finding)), "")
    if ruled:
        row["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": clean(facts[ruled])}
        ]
    return row


_RULES = {"ignored": is_ignored, "excepted": is_excepted}
_KEPT = (
    "layer",
    "owner",
    "fixed_in",
    "risk",
    "cvss",
    "epss",
    "kev",
    "ssvc",
    "would_change",
    "vex",
    "excepted",
    "ignored",
    "match",
    "decision",
    "decided",
    "decided_by",
    "decided_on",
    "decided_reason",
    "decided_until",
    "machine_label",
    "machine_status",
    "decision_stale",
    "decision_expired",
    "change",
)


def escaped(text: str) -> str:
    """Literal text of a message: no placeholder (3.11.5) and no link (3.11.6)."""
    return re.sub(r"([\\\[\]])", r"\\\1", clean(text)).replace("{", "{{").replace("}", "}}")


def _message(finding: Finding) -> str:
    layer = finding.attributes.get("layer", "")
    brought = f" Brought by image layer {layer}." if layer else ""
    return escaped(f"{finding.summary}. Verdict: {label_of(finding).value}.{brought}")


def _location(finding: Finding) -> dict[str, Any]:
    """A path inside the target, and a line; what is no line ("components[3]") has the file's first."""
    path, _, tail = (finding.attributes.get("location") or finding.source).rpartition(":")
    if not path:
        path, tail = tail, ""
    facts = finding.attributes
    logical = {"name": facts.get("name", "") or "component", "fullyQualifiedName": facts.get("purl", "")}
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(path)}, "region": {"startLine": _line(tail)},
        },
        "logicalLocations": [{**logical, "kind": "module"}],
    }  # fmt: skip


def _line(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text) else 1


def _uri(path: str) -> str:
    """Relative to the target's root."""
    parts = [part for part in path.split("/") if part not in {"", ".", ".."}]
    return quote("/".join(parts) or "target")


def _fingerprints(finding: Finding) -> dict[str, str]:
    facts = finding.attributes
    package = plain(facts.get("purl", "")).partition("@")[0] or parts_of(facts.get("name", ""))[0]
    path = (facts.get("location") or finding.source).partition(":")[0]
    stable = record_id(_rule_id(finding), package, path)
    return {"primaryLocationLineHash": f"{stable[:16]}:1", "icelosFinding/v1": finding.id}
