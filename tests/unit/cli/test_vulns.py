"""`icelos vulns analyze` with statements and exceptions, and `icelos vulns vex`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from icelos.cli.main import run

Capture = pytest.CaptureFixture[bytes]


@pytest.fixture
def target(home: Path) -> list[str]:
    """`web` 1.9 in a bill of materials, and two advisories of it."""
    events = [{"introduced": "0"}, {"fixed": "2.0"}]
    affected = [
        {"package": {"ecosystem": "PyPI", "name": "web"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    ]
    lines = [json.dumps({"id": f"A-{n}", "aliases": [f"CVE-2020-{n}"], "affected": affected}) for n in (1, 2)]
    Path("feed.jsonl").write_text("\n".join(lines) + "\n")
    parts: list[Any] = [{"name": "web", "version": "1.9", "purl": "pkg:pypi/web@1.9"}]
    Path("bom.json").write_text(json.dumps({"bomFormat": "CycloneDX", "components": parts}))
    return ["vulns", "analyze", "bom.json", "--advisories", "feed.jsonl"]


def _statement(name: str, status: str = "not_affected", product: str = "pkg:pypi/web@1.9") -> dict[str, Any]:
    return {
        "vulnerability": {"name": name}, "products": [{"@id": product}], "status": status,
        "justification": "vulnerable_code_not_in_execute_path", "action_statement": "move",
    }  # fmt: skip


def _vex(name: str, *statements: dict[str, Any], when: str = "2026-01-01T00:00:00Z") -> str:
    row = {
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": f"urn:{name}", "author": "x", "version": 1,
        "timestamp": when, "statements": list(statements),
    }  # fmt: skip
    Path(name).write_text(json.dumps(row))
    return name


def _exceptions(expires: str) -> str:
    text = f'[[exception]]\nvulnerability = "CVE-2020-2"\nreason = "r"\nowner = "o"\nexpires = {expires}\n'
    Path("e.toml").write_text(text)
    return "e.toml"


def _verdicts(out: bytes) -> list[str]:
    return [line.split(b"\t")[0].decode() for line in out.splitlines()]


def test_statements_and_exceptions_and_fail_on(target: list[str], capfdbinary: Capture) -> None:
    one = _vex("v.json", _statement("CVE-2020-1"))
    assert run([*target, "--fail-on", "alert"]) == 1
    assert _verdicts(capfdbinary.readouterr().out) == ["alert", "alert", "fix"]
    assert run([*target, "--vex", one, "--fail-on", "alert"]) == 1
    assert _verdicts(capfdbinary.readouterr().out) == ["alert", "fix"]
    rules = ["--vex", one, "--exceptions", _exceptions("2999-01-01")]
    assert run([*target, *rules, "--fail-on", "unknown"]) == 0
    shown = capfdbinary.readouterr()
    assert _verdicts(shown.out) == ["excepted"]
    assert b"findings 2 (1 clear, 1 excepted)" in shown.err
    assert run(["findings", "--job", "vulns", "--json"]) == 0
    stored = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert sorted((f["verdict"], f["attributes"].get("excepted", "")) for f in stored) == [
        ("alert", "r (accepted by o until 2999-01-01)"), ("clear", ""),
    ]  # fmt: skip


def test_an_expired_exception(target: list[str], capfdbinary: Capture) -> None:
    assert run([*target, "--exceptions", _exceptions("2020-01-01"), "--fail-on", "alert"]) == 1
    shown = capfdbinary.readouterr()
    assert b"e.toml:exception[0]: CVE-2020-2 expired on 2020-01-01" in shown.err


def test_a_statement_that_does_not_apply_is_told(target: list[str], capfdbinary: Capture) -> None:
    file = _vex("v.json", _statement("CVE-2020-1", product="pkg:pypi/web@1.8"), _statement("CVE-1-1"))
    assert run([*target, "--vex", file]) == 0
    shown = capfdbinary.readouterr().err
    assert b"v.json:statements[0] does not apply: CVE-2020-1 was found in pkg:pypi/web@1.9, not in" in shown
    assert b"1 statements are about vulnerabilities that were not found (CVE-1-1" in shown


@pytest.mark.parametrize("form", ["openvex", "cyclonedx", "csaf"])
def test_a_round_trip_changes_nothing(target: list[str], form: str, capfdbinary: Capture) -> None:
    assert run([*target, "--format", form, "--output", "out.json", "--author", "a@b.example"]) == 0
    assert run([*target, "--format", "json"]) == 0
    before = capfdbinary.readouterr().out
    Path("findings.jsonl").write_bytes(before)
    assert run(["vulns", "vex", "apply", "findings.jsonl", "out.json"]) == 0
    shown = capfdbinary.readouterr()
    assert shown.out == before
    assert b"VEX: 2 statements, 2 about these findings; 0 findings changed" in shown.err


def test_a_document_on_standard_output(target: list[str], capfdbinary: Capture) -> None:
    assert run([*target, "--format", "openvex", "--product", "pkg:oci/shop@sha256:aa"]) == 0
    row = json.loads(capfdbinary.readouterr().out)
    assert row["statements"][0]["products"][0]["@id"] == "pkg:oci/shop@sha256:aa"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--format", "pdf"], b"no format 'pdf'"),
        (["--vex", "none.json"], b"none.json: cannot read"),
        (["--vex", "bom.json"], b"bom.json: not a VEX document"),
        (["--exceptions", "bom.json"], b"bom.json: not a file of exceptions"),
    ],
)
def test_bad_input_is_one_line(
    target: list[str], arguments: list[str], says: bytes, capfdbinary: Capture
) -> None:
    assert run([*target, *arguments]) == 2
    shown = capfdbinary.readouterr()
    assert (shown.out, len(shown.err.splitlines())) == (b"", 1)
    assert says in shown.err
