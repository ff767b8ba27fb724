"""`icelos vulns vex`: merge, apply and diff."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from icelos.cli.main import run
from icelos.jobs.vulns.documents.forms import read_file

Capture = pytest.CaptureFixture[bytes]


@pytest.fixture
def documents(home: Path) -> tuple[str, str]:
    """An earlier and a later document; the later has a broken statement."""
    old = [_statement("CVE-2020-1111", "affected"), _statement("CVE-2020-2222", "fixed")]
    new = [_statement("CVE-2020-1111", "fixed"), _statement("CVE-2020-3333", "fixed"), {"status": "fixed"}]
    for name, day, statements in (("old.json", 1, old), ("new.json", 2, new)):
        row = {
            "@context": "https://openvex.dev/ns/v0.2.0", "@id": f"urn:{name}", "author": "x", "version": 1,
            "timestamp": f"2026-01-0{day}T00:00:00Z", "statements": statements,
        }  # fmt: skip
        Path(name).write_text(json.dumps(row))
    return "old.json", "new.json"


def _statement(name: str, status: str) -> dict[str, Any]:
    return {"vulnerability": {"name": name}, "products": [{"@id": "pkg:npm/a@1"}], "status": status}


@pytest.mark.parametrize("form", ["openvex", "cyclonedx", "csaf"])
def test_merge(documents: tuple[str, str], form: str, capfdbinary: Capture) -> None:
    assert run(["vulns", "vex", "merge", *documents, "--format", form, "--output", "all.json"]) == 0
    assert b"new.json: statements[2]: " in capfdbinary.readouterr().err
    found = {s.vulnerability: s.status.value for s in read_file(Path("all.json")).statements}
    assert found == {"CVE-2020-1111": "fixed", "CVE-2020-2222": "fixed", "CVE-2020-3333": "fixed"}


def test_merge_into_what_is_no_vex(documents: tuple[str, str], capfdbinary: Capture) -> None:
    assert run(["vulns", "vex", "merge", *documents, "--format", "table"]) == 2
    assert b"openvex, cyclonedx, csaf" in capfdbinary.readouterr().err


def test_diff(documents: tuple[str, str], capfdbinary: Capture) -> None:
    assert run(["vulns", "vex", "diff", *documents]) == 0
    rows = [line.split("\t") for line in capfdbinary.readouterr().out.decode().splitlines()]
    assert [(row[0], row[1], row[4]) for row in rows] == [
        ("changed", "CVE-2020-1111", "fixed (code_not_present)"), ("removed", "CVE-2020-2222", ""),
        ("added", "CVE-2020-3333", "fixed (code_not_present)"),
    ]  # fmt: skip
    assert run(["vulns", "vex", "diff", *documents, "--json"]) == 0
    lines = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert lines[0]["before"]["status"] == "affected"
    assert lines[2]["before"] is None


def test_apply_from_standard_input_of_broken_lines(
    documents: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capfdbinary: Capture
) -> None:
    finding = {
        "record_id": "1", "job": "vulns", "verdict": "alert", "label": "vulnerable", "summary": "s",
        "attributes": {"purl": "pkg:npm/a@1", "vulnerability": "CVE-2020-1111", "name": "a"},
    }  # fmt: skip
    Path("in.jsonl").write_text(f'{json.dumps({"finding": finding})}\n{{"x": 1}}\nnonsense\n')
    arguments = ["vulns", "vex", "apply", "in.jsonl", *documents, "--fail-on", "alert"]
    assert run(arguments) == 0
    lines = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert lines[0]["finding"]["verdict"] == "clear"
    assert [line["failure"]["source"] for line in lines[1:]] == ["in.jsonl:2", "in.jsonl:3"]
    assert run([*arguments[:4], "old.json", "--fail-on", "alert"]) == 1


def test_apply_to_nothing(documents: tuple[str, str], capfdbinary: Capture) -> None:
    assert run(["vulns", "vex", "apply", "none.jsonl", "old.json"]) == 2
    assert b"none.jsonl: cannot " in capfdbinary.readouterr().err
