"""`icelos logs sigma`: a table for people, JSON for programs, failures told."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from icelos.cli.main import run

Capture = pytest.CaptureFixture[bytes]
needs_sigma = pytest.mark.skipif(importlib.util.find_spec("sigma") is None, reason="pySigma is not installed")
RULES = """
title: A shell \x1b[31m
id: 00000000-0000-0000-0000-000000000001
level: high
tags: [attack.t1059]
logsource: {product: windows, category: process_creation}
detection: {sel: {Image|endswith: cmd.exe}, condition: sel}
---
title: Broken
"""
ROWS = (
    b'{"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Image": "C:\\\\cmd.exe"}\n'
    b"{broken\n"
    b'{"EventID": 1, "Channel": "Security", "Image": "cmd.exe"}\n'
)


@pytest.fixture
def files(home: Path) -> None:
    Path("rules.yml").write_text(
        RULES.replace("\x1b", "\\x1b").replace("A shell", '"A shell').replace("31m", '31m"')
    )
    Path("log.jsonl").write_bytes(ROWS)


@needs_sigma
def test_a_table_and_json(files: None, capfdbinary: Capture) -> None:
    assert run(["logs", "sigma", "rules.yml", "log.jsonl", "--output", "out.jsonl"]) == 0
    told = capfdbinary.readouterr()
    assert b"1 rules, 1 that cannot be used" in told.err
    assert b"rules.yml:" in told.err
    assert b"no logsource, or nothing to detect" in told.err
    assert b"log.jsonl:2: not a JSON object" in told.err
    assert b"2 rows, rules for 1 of them, 1 failures; 1 matches of 1 rules" in told.err
    assert b"T1059" in told.out
    assert b"\x1b" not in told.out + told.err
    lines = [json.loads(line) for line in Path("out.jsonl").read_bytes().splitlines()]
    assert [next(iter(line)) for line in lines] == ["failure", "failure", "finding"]
    assert lines[2]["finding"]["evidence"][0]["quote"] == "Image=C:\\cmd.exe"

    assert run(["logs", "sigma", "rules.yml", "log.jsonl", "--json"]) == 0
    found = json.loads(capfdbinary.readouterr().out)
    assert (found["rules"], found["rules_failed"], found["rows"], found["failures"]) == (1, 1, 2, 1)
    assert [(one["matches"], one["techniques"]) for one in found["by_rule"]] == [(1, ["T1059"])]


@needs_sigma
def test_errors(files: None, capfdbinary: Capture) -> None:
    for arguments, told in (
        (["absent", "log.jsonl"], b"no such file or folder"),
        (["rules.yml", "absent.jsonl"], b"no such file or folder"),
        (["rules.yml", "log.jsonl", "--format", "xml"], b"no form 'xml'"),
    ):
        assert run(["logs", "sigma", *arguments, "--output", "out.jsonl"]) == 2
        error = capfdbinary.readouterr().err
        assert told in error
        assert b"Traceback" not in error
        assert not Path("out.jsonl").exists()


def test_without_pysigma(files: None, capfdbinary: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sigma.backends.sqlite.sqlite", None)
    monkeypatch.delitem(sys.modules, "icelos.jobs.logs.sigma.compiling", raising=False)
    assert run(["logs", "sigma", "rules.yml", "log.jsonl"]) == 2
    assert b"pip install 'icelos[sigma]'" in capfdbinary.readouterr().err


def test_help_imports_no_pysigma() -> None:
    import subprocess

    code = "import sys, icelos.cli.logs; sys.exit('sigma' in sys.modules or 'sqlite3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
