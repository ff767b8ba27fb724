"""CycloneDX 1.6 VEX, written: vulnerabilities with their analysis, and the components that they affect.

https://cyclonedx.org/docs/1.6/json/#vulnerabilities. A component's bom-ref is its package URL. grype 0.10x
takes the first entry of a vulnerability whatever it affects, so entries of most concern come first. Trivy
wants BOM-Links: give `--product urn:cdx:SERIAL/VERSION` of the bill of materials it scans. What the format
has no place for (label, evidence, products) are properties "icelos:…".
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from icelos import __version__
from icelos.jobs.vulns.documents.model import CONCERN, Statement, VexDocument, latest
from icelos.jobs.vulns.documents.products import is_purl, parts_of
from icelos.jobs.vulns.verdicts import MEANINGS, Label, Status

PREFIX = "icelos:"
SEVERITIES = frozenset({"critical", "high", "medium", "low", "info", "none", "unknown"})
_SERIAL = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_BOM_LINK = re.compile(r"urn:cdx:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/[1-9][0-9]*")
STATES = {
    Status.AFFECTED: "exploitable", Status.NOT_AFFECTED: "not_affected", Status.FIXED: "resolved",
    Status.UNDER_INVESTIGATION: "in_triage",
}  # fmt: skip


def render(document: VexDocument) -> dict[str, Any]:
    """The document as JSON."""
    metadata: dict[str, Any] = {
        "timestamp": document.timestamp.isoformat(),
        "tools": {"components": [{"type": "application", "name": "Icelos", "version": __version__}]},
        "authors": [{"name": document.author}],
    }
    statements = latest(document.statements)
    wholes = {one.products for one in statements}
    named = next(iter(wholes)) if len(wholes) == 1 else ()
    whole = tuple(one for one in named if not _BOM_LINK.fullmatch(one))
    if whole:
        metadata["component"] = _component(whole[0], "container")
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX",
        "specVersion": "1.6", "serialNumber": _serial(document.id), "version": document.version,
        "metadata": metadata, "components": _components(statements, whole[:1]),
        "vulnerabilities": [_vulnerability(one) for one in _ordered(statements)],
    }  # fmt: skip


def _serial(identity: str) -> str:
    return identity if _SERIAL.fullmatch(identity) else f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, identity)}"


def _ordered(statements: Iterable[Statement]) -> list[Statement]:
    """By vulnerability in the order of the findings, and by concern within it."""
    place: dict[str, int] = {}
    for one in statements:
        place.setdefault(one.vulnerability, len(place))
    return sorted(statements, key=lambda one: (place[one.vulnerability], CONCERN[one.status]))


def _components(statements: Iterable[Statement], described: tuple[str, ...]) -> list[dict[str, Any]]:
    """Each once: a bom-ref is unique in its document."""
    found: dict[str, dict[str, Any]] = {}
    for one in statements:
        if one.subject not in described:
            found.setdefault(one.subject, _component(one.subject, "library", one.name, one.version))
    return list(found.values())


def _component(identity: str, kind: str, name: str = "", version: str = "") -> dict[str, Any]:
    own_name, own_version = parts_of(identity)
    row = {
        "type": kind, "bom-ref": identity, "name": name or own_name, "version": version or own_version,
        "purl": identity if is_purl(identity) else "",
    }  # fmt: skip
    return {key: value for key, value in row.items() if value or key == "name"}


def _vulnerability(statement: Statement) -> dict[str, Any]:
    source = {"name": _source(statement.vulnerability)}
    row: dict[str, Any] = {
        "id": statement.vulnerability, "source": source,
        "references": [{"id": name, "source": {"name": _source(name)}} for name in statement.aliases],
        "ratings": _ratings(statement),
        "description": statement.description, "recommendation": statement.action,
        "analysis": _analysis(statement), "affects": _affects(statement),
        "properties": [{"name": f"{PREFIX}{name}", "value": value} for name, value in _properties(statement)],
    }  # fmt: skip
    return {key: value for key, value in row.items() if value}


def _ratings(statement: Statement) -> list[dict[str, Any]]:
    score = score_of(statement)
    row: dict[str, Any] = {"score": score} if score is not None else {}
    if statement.severity in SEVERITIES:
        row["severity"] = statement.severity
    if statement.cvss:
        row |= {"method": method_of(statement.cvss), "vector": statement.cvss}
    return [row] if row else []


def score_of(statement: Statement) -> float | None:
    """The CVSS base score, where there is one that a format may state."""
    try:
        score = float(statement.cvss_score)
    except ValueError:
        return None
    return score if 0.0 <= score <= 10.0 else None


def method_of(vector: str) -> str:
    """The version of CVSS, as CycloneDX names it."""
    methods = {"CVSS:4.0": "CVSSv4", "CVSS:3.1": "CVSSv31", "CVSS:3.0": "CVSSv3"}
    return methods.get(vector.partition("/")[0], "CVSSv2")


def _source(identifier: str) -> str:
    """Who keeps ids of this kind."""
    kind = identifier.partition("-")[0].upper()
    return {"CVE": "NVD", "GHSA": "GitHub"}.get(kind, kind or "unknown")


def _analysis(statement: Statement) -> dict[str, Any]:
    state = "false_positive" if statement.label is Label.FALSE_POSITIVE else STATES[statement.status]
    row: dict[str, Any] = {
        "state": state,
        "justification": MEANINGS[statement.label].cyclonedx if state == "not_affected" else "",
        "response": ["update"] if statement.status is Status.AFFECTED and statement.fixes else [],
        "detail": statement.impact,
        "firstIssued": statement.timestamp.isoformat() if statement.timestamp else "",
        "lastUpdated": statement.updated.isoformat() if statement.updated else "",
    }
    return {key: value for key, value in row.items() if value}


def _affects(statement: Statement) -> list[dict[str, Any]]:
    links = [product for product in statement.products if _BOM_LINK.fullmatch(product)]
    restriction = {"versions": [{"range": statement.version_range}]} if statement.version_range else {}
    refs = [statement.subject, *(f"{link}#{quote(statement.subject, safe='')}" for link in links)]
    return [{"ref": ref, **restriction} for ref in refs]


def _properties(statement: Statement) -> Iterable[tuple[str, str]]:
    yield "label", statement.label.value
    if statement.status is Status.NOT_AFFECTED:
        yield "justification", statement.justification
    yield from (("product", product) for product in statement.products)
    if statement.fixes:
        yield "fixed in", " ".join(statement.fixes)
    if statement.severity and statement.severity not in SEVERITIES:
        yield "severity", statement.severity
    if statement.cvss_score:
        yield "CVSS score", statement.cvss_score
    yield from (("evidence", line) for line in statement.evidence)
