"""Statements and exceptions from files, together."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from icelos.errors import InputError
from icelos.findings import Failure, Finding, Outcome
from icelos.jobs.vulns.documents.forms import VEX, as_bytes
from icelos.jobs.vulns.documents.model import document_of
from icelos.jobs.vulns.documents.ruling import load_rules, rule, verdicts

Make = Callable[..., Finding]
TODAY = date(2026, 1, 1)


def test_statements_then_exceptions(finding: Make, tmp_path: Path) -> None:
    decided = [finding("code_not_reachable"), finding(vulnerability="CVE-2", aliases="")]
    document = document_of(decided, author="x", now=datetime(2026, 1, 1, tzinfo=UTC))
    (tmp_path / "v.json").write_bytes(as_bytes(VEX["csaf"](document)))
    (tmp_path / "e.toml").write_text(
        "".join(
            f'[[exception]]\nvulnerability = "{name}"\nreason = "r"\nowner = "o"\nexpires = 2999-01-01\n'
            for name in ("CVE-2020-28493", "CVE-2", "CVE-3")
        )
    )
    failure = Failure(record_id="f", job="vulns", error="bad", source="s")
    raw: list[Outcome] = [
        finding(),
        failure,
        finding("uncertain", vulnerability="CVE-2", aliases="", fixed_in=""),
    ]
    ruled = rule(raw, load_rules([tmp_path / "v.json"], tmp_path / "e.toml"), today=TODAY)
    assert [getattr(one, "label", "failure") for one in ruled.outcomes] == [
        "code_not_reachable", "failure", "vulnerable",
    ]  # fmt: skip
    assert verdicts(ruled.outcomes) == {"clear": 1, "excepted": 1}
    assert len(ruled.changed) == 2
    assert ruled.notes[0] == "VEX: 2 statements, 2 about these findings; 2 findings changed"
    assert [note.split(" ")[1] for note in ruled.notes[1:]] == ["CVE-2020-28493", "CVE-3"]


def test_problems_are_told(tmp_path: Path) -> None:
    (tmp_path / "v.json").write_text(json.dumps({"statements": [{"vulnerability": "CVE-1"}]}))
    ruled = rule([], load_rules([tmp_path / "v.json"]), today=TODAY)
    assert ruled.notes == ["v.json: statements[0]: no status '' in VEX"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', "\x00", "[" * 100_000])
def test_what_is_no_document(tmp_path: Path, text: str) -> None:
    (tmp_path / "v.json").write_text(text)
    with pytest.raises(InputError, match="JSON"):
        load_rules([tmp_path / "v.json"])
