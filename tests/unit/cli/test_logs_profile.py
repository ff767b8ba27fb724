"""`icelos logs profile`: a table for people, JSON for programs, failures told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from icelos.cli.main import run

Capture = pytest.CaptureFixture[bytes]


def test_a_table_and_json(home: Path, capfdbinary: Capture) -> None:
    Path("a.log").write_bytes(
        b'{"CreationTime": "2025-01-06T08:00:00", "Operation": "x", "UserId": "ann", "n": 1}\n'
        b"{broken\n"
        b'{"CreationTime": "2025-01-07T08:00:00", "Operation": "x", "UserId": "ben\\u001b[31m"}\n'
    )
    assert run(["logs", "profile", "a.log"]) == 0
    told = capfdbinary.readouterr()
    assert b"Office 365 audit: 2 rows" in told.err
    assert b"2 users by UserId" in told.err
    assert b"a.log:2: not a JSON object" in told.err
    assert b"n\t50.0%\tinteger\t1\t\t1 to 1\t1 (1)" in told.out
    assert b"\x1b" not in told.out + told.err

    assert run(["logs", "profile", "a.log", "--json"]) == 0
    found = json.loads(capfdbinary.readouterr().out)
    assert (found["rows"], found["failures"], found["first"]) == (2, 1, "2025-01-06T08:00:00Z")
    assert [field["path"] for field in found["fields"]] == ["CreationTime", "Operation", "UserId", "n"]


def test_large_logs_by_several_processes(
    home: Path, capfdbinary: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("icelos.jobs.logs.profile.parts.PART", 1000)
    Path("a.log").write_bytes(b'{"UserId": "ann", "n": 1}\n' * 100 + b"{broken\n")
    assert run(["logs", "profile", "a.log", "--json", "--workers", "2"]) == 0
    found = json.loads(capfdbinary.readouterr().out)
    assert (found["rows"], found["failures"], found["users"]) == (100, 1, 1)
    assert found["first_failures"][0].startswith("a.log:101: ")


def test_errors(home: Path, capfdbinary: Capture) -> None:
    Path("empty").write_bytes(b"")
    Path("noise").write_bytes(b"\0\n" * 30)
    assert run(["logs", "profile", "noise"]) == 2
    assert capfdbinary.readouterr().err.startswith(
        b"icelos: noise: none of 30 rows can be read: noise:1: holds"
    )
    for arguments in (["nowhere"], ["empty"], ["empty", "--format", "xml"]):
        assert run(["logs", "profile", *arguments]) == 2
        assert capfdbinary.readouterr().err.count(b"\n") == 1
