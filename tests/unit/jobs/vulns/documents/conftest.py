"""Findings as the job makes them, and the schemas of the standards where ICELOS_DATA has them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from referencing.jsonschema import DRAFT202012

from icelos.findings import Evidence, Finding, How
from icelos.jobs.vulns.verdicts import MEANINGS, Label

Make = Callable[..., Finding]
CVSS = {
    f"https://www.first.org/cvss/cvss-v{version}.json": DRAFT202012.create_resource(
        {"properties": {"version": {"const": version}}}
    )
    for version in ("2.0", "3.0", "3.1")
}
"""FIRST's schemas of scores are not at hand: enough of them to tell one from another."""


@pytest.fixture
def finding() -> Make:
    """One finding about one component of an image; keywords replace attributes."""

    def make(label: str = "vulnerable", **attributes: str) -> Finding:
        facts = {
            "target": "shop/web:7", "purl": "pkg:pypi/jinja2@2.11.0", "name": "jinja2", "version": "2.11.0",
            "location": "app/METADATA:3", "layer": "sha256:aa", "advisory": "GHSA-1", "aliases": "GHSA-1",
            "vulnerability": "CVE-2020-28493", "why": "2.11.0 is before the fix, 2.11.3",
            "fixed_in": "2.11.3", "description": "ReDoS", "status": MEANINGS[Label(label)].status.value,
        } | attributes  # fmt: skip
        return Finding(
            record_id=f"{facts['purl']} {facts['vulnerability']}", job="vulns", label=label,
            verdict=MEANINGS[Label(label)].verdict, summary="jinja2 2.11.0 is affected",
            source="app/METADATA:3", attributes={k: v for k, v in facts.items() if v},
            evidence=(Evidence("Name: jinja2", "app/METADATA:3", How.TOOL),),
        )  # fmt: skip

    return make


@pytest.fixture
def schemas() -> Path:
    folder = Path(os.environ.get("ICELOS_DATA", "-")) / "vulns" / "schemas"
    if not folder.is_dir():
        pytest.skip("ICELOS_DATA is not set, or has no vulns/schemas")
    return folder


@pytest.fixture
def valid(schemas: Path) -> Callable[[str, dict[str, Any]], None]:
    """Fails where a document does not fit its schema, others of the folder being at hand."""
    import jsonschema
    from referencing import Registry, Resource

    def check(name: str, document: dict[str, Any]) -> None:
        schema = json.loads((schemas / name).read_text())
        beside = [json.loads(file.read_text()) for file in (schemas / name).parent.glob("*.schema.json")]
        registry: Any = Registry().with_resources(
            [(one["$id"], Resource.from_contents(one)) for one in beside]
        )
        registry = registry.with_resources(CVSS.items())
        kind = jsonschema.validators.validator_for(schema)
        checker = kind(schema, registry=registry, format_checker=jsonschema.FormatChecker())
        assert [error.message for error in checker.iter_errors(document)] == []

    return check
