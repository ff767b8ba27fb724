"""`icelos logs evaluate`: exit codes, reports, errors."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from icelos.cli.main import run

Capture = pytest.CaptureFixture[bytes]


@pytest.fixture
def halves(home: Path) -> tuple[str, str]:
    rng = random.Random(2)
    lines = [
        b'{"user": "u%d", "device": "d%d", "result": "%s", "n": %d}\n'
        % (user, user % 3, rng.choice([b"ok", b"no"]), number)
        for number, user in enumerate(rng.choices(range(6), k=160))
    ]
    Path("real.jsonl").write_bytes(b"".join(lines[::2]))
    Path("other.jsonl").write_bytes(b"".join(lines[1::2]))
    return "real.jsonl", "other.jsonl"


@pytest.mark.slow
def test_the_gate_the_report_and_json(halves: tuple[str, str], capfdbinary: Capture) -> None:
    real, other = halves
    assert run(["logs", "evaluate", real, other, "--gate", "--json", "--output", "report.html"]) == 0
    found = json.loads(capfdbinary.readouterr().out)
    assert found["passed"] is True
    assert {"measure", "value", "ceiling", "demand", "passed", "why", "note"} == set(found["checks"][0])
    page = Path("report.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "<script" not in page

    Path("medoid.jsonl").write_bytes(Path(real).read_bytes().splitlines(keepends=True)[7] * 80)
    assert run(["logs", "evaluate", real, "medoid.jsonl", "--gate", "--output", "r.json"]) == 1
    told = capfdbinary.readouterr()
    assert b"distinct rows\t0.0" in told.out
    assert b"checks fail: " in told.err
    assert json.loads(Path("r.json").read_bytes())["passed"] is False


def test_errors_are_one_line(halves: tuple[str, str], capfdbinary: Capture) -> None:
    real, other = halves
    Path("empty").write_bytes(b"")
    Path("short").write_bytes(b"abc\n")
    planted = [real, other, "--canaries", "short"]
    for arguments in ([real, "nowhere"], [real, "empty"], ["empty", other], planted):
        assert run(["logs", "evaluate", *arguments]) == 2
        told = capfdbinary.readouterr().err.decode()
        assert told.startswith("icelos: ")
        assert told.count("\n") == 1
