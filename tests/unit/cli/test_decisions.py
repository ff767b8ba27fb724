"""`icelos vulns confirm`, `decisions`, `forget`, and `analyze` with them and with `--since`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from icelos.cli.main import run

Capture = pytest.CaptureFixture[bytes]
CONFIRM = [
    "vulns",
    "confirm",
    "CVE-2020-1",
    "--package",
    "pkg:pypi/web@1.9",
    "--by",
    "Ana",
    "--reason",
    "seen",
]


def _bom(*versions: str) -> None:
    parts = [{"name": "web", "version": v, "purl": f"pkg:pypi/web@{v}"} for v in versions]
    Path("bom.json").write_text(json.dumps({"bomFormat": "CycloneDX", "components": parts}))


def _feed(*numbers: int, summary: str = "bad") -> None:
    events = [{"introduced": "0"}, {"fixed": "2.0"}]
    affected = [
        {"package": {"ecosystem": "PyPI", "name": "web"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    ]
    rows = [
        {"id": f"A-{n}", "aliases": [f"CVE-2020-{n}"], "affected": affected, "summary": summary}
        for n in numbers
    ]
    Path("feed.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")


@pytest.fixture
def target(home: Path) -> list[str]:
    _bom("1.9")
    _feed(1, 2)
    return ["vulns", "analyze", "bom.json", "--advisories", "feed.jsonl"]


def _found(capture: Capture) -> dict[str, dict[str, Any]]:
    rows = [json.loads(line) for line in capture.readouterr().out.splitlines()]
    return {row["finding"]["attributes"]["vulnerability"]: row["finding"] for row in rows if "finding" in row}


def test_an_overruled_verdict_counts_from_the_next_run_on(target: list[str], capfdbinary: Capture) -> None:
    assert run([*target, "--fail-on", "alert"]) == 1
    assert run([*CONFIRM, "--label", "protected_at_perimeter"]) == 0
    assert b"overruled (the machine says vulnerable)" in capfdbinary.readouterr().err
    assert run([*target, "--cve", "CVE-2020-1", "--fail-on", "alert", "--json"]) == 0
    found = _found(capfdbinary)["CVE-2020-1"]
    assert found["label"] == "protected_at_perimeter"
    assert found["attributes"]["machine_label"] == "vulnerable"
    assert run([*target, "--json"]) == 0
    assert _found(capfdbinary)["CVE-2020-2"]["label"] == "vulnerable"


def test_decisions_are_listed_and_taken_back(target: list[str], capfdbinary: Capture) -> None:
    run(target)
    assert run([*CONFIRM, "--expires", "2099-12-31"]) == 0
    assert b"confirmed" in capfdbinary.readouterr().err
    assert run(["vulns", "decisions", "--json"]) == 0
    (row,) = map(json.loads, capfdbinary.readouterr().out.splitlines())
    assert row["decision"]["label"] == "vulnerable"
    assert row["decision"]["bases"][0]["evidence"].startswith("component=")
    assert run(["vulns", "decisions"]) == 0
    assert b"every target\tvulnerable\tAna" in capfdbinary.readouterr().out
    assert run(["vulns", "forget", row["id"], "--by", "Ben"]) == 0
    assert run(["vulns", "forget", row["id"]]) == 2
    capfdbinary.readouterr()
    assert run([*target, "--json"]) == 0
    assert "decision" not in _found(capfdbinary)["CVE-2020-1"]["attributes"]


def test_a_changed_advisory_makes_it_stale(target: list[str], capfdbinary: Capture) -> None:
    run(target)
    run([*CONFIRM, "--label", "false_positive"])
    _feed(1, 2, summary="worse than it was")
    capfdbinary.readouterr()
    assert run([*target, "--cve", "CVE-2020-1", "--fail-on", "alert"]) == 1
    said = capfdbinary.readouterr()
    assert b"a person has to look again" in said.err
    assert b"a person has to look again" in said.out
    run([*CONFIRM, "--label", "false_positive"])
    assert run([*target, "--cve", "CVE-2020-1", "--fail-on", "alert"]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--label", "fine"], b"no label 'fine'"),
        (["--expires", "tomorrow"], b"is not a date"),
        (["--package", "web"], b"is not a package URL"),
        (["--by", " "], b"--by is missing"),
        (["--reason", ""], b"--reason is missing"),
        (["--target", "other"], b"no finding of CVE-2020-1 in pkg:pypi/web@1.9 in other"),
    ],
)
def test_bad_input_is_one_line(
    target: list[str], arguments: list[str], said: bytes, capfdbinary: Capture
) -> None:
    run(target)
    capfdbinary.readouterr()
    assert run([*CONFIRM, *arguments]) == 2
    error = capfdbinary.readouterr().err
    assert said in error
    assert error.count(b"\n") == 1


def test_since_tells_what_has_changed_and_fails_on_what_is_new(
    target: list[str], capfdbinary: Capture
) -> None:
    before = ["--format", "json", "--output", "before.jsonl"]
    assert run([*target, *before]) == 0
    again = [*target, "--since", "before.jsonl", "--new-only", "--fail-on", "alert"]
    capfdbinary.readouterr()
    assert run(again) == 0
    assert b"0 new, 0 changed, 2 the same, 0 gone" in capfdbinary.readouterr().err
    _feed(2, 3)
    assert run(again) == 1
    said = capfdbinary.readouterr()
    assert b"new\tCVE-2020-3\tpkg:pypi/web@1.9" in said.out
    assert b"gone\tCVE-2020-1\tpkg:pypi/web@1.9\tno advisory says it" in said.out
    _bom("2.1")
    assert run(again) == 0
    said = capfdbinary.readouterr()
    assert b"changed\tCVE-2020-2\tpkg:pypi/web@2.1" in said.out
    assert b"gone\tCVE-2020-1\tpkg:pypi/web@1.9\tthe version moved from 1.9 to 2.1" in said.out
    assert run([*target, "--new-only"]) == 2
    assert b"--new-only needs an earlier run" in capfdbinary.readouterr().err
