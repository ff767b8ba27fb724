from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from icelos.data.sinks import SqliteSink
from icelos.data.sources import JsonLinesSource
from icelos.engine.jobs import scan
from icelos.errors import InputError, SettingsError
from icelos.findings import Failure, Finding, Verdict
from icelos.jobs.logs.job import build
from icelos.records import LogLine, Mail, Record
from icelos.settings import Settings
from icelos.testing import check_job

STRANGE = [
    LogLine(id="t1", source="a:1", text="CEF:0|Vendor|Product|1|100|worm stopped|10|src=10.0.0.1"),
    LogLine(id="t2", source="a:2", text='{"what":"else"}', fields={"what": "else"}),
    LogLine(
        id="t3",
        source="a:3",
        text="{}",
        fields={"userPrincipalName": "a@b.example", "status": {"errorCode": 50126}},
    ),
]


def records(signins: Path, rows: int) -> list[Record]:
    found = [item for item in JsonLinesSource(signins) if isinstance(item, Record)]
    return [*found[:rows], *STRANGE]


def test_the_contract_without_a_model(signins: Path) -> None:
    outcomes = check_job(build(Settings(), {}), records(signins, 400))
    assert None in outcomes
    text, other, signin = outcomes[-3:]
    for outcome in (text, other):
        assert isinstance(outcome, Finding)
        assert (outcome.verdict, outcome.label) == (Verdict.UNKNOWN, "unknown-schema")
    assert isinstance(signin, Finding)
    assert (signin.verdict, signin.evidence[0].quote) == (Verdict.REVIEW, "status.errorCode=50126")


def test_the_contract_with_a_model(signins: Path, model: Path) -> None:
    outcomes = check_job(build(Settings(), {"model": str(model)}), records(signins, 20))
    text, other, signin = outcomes[-3:]
    assert all(isinstance(o, Finding) and o.verdict is Verdict.ALERT for o in (text, other, signin))
    assert isinstance(signin, Finding)
    assert {e.how.value for e in signin.evidence} == {"rule", "model"}
    assert set(signin.made_by) == {"rules", "model"}
    assert "wrong user name" in signin.summary


def test_other_records_are_refused_one_by_one() -> None:
    job = build(Settings(), {})
    with pytest.raises(InputError, match="not a row of a log"):
        job.score([Mail(id="m", source="m:1", raw=b"x")])


def test_unknown_options_and_missing_models_are_clear_errors(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="modle"):
        build(Settings(), {"modle": "x"})
    with pytest.raises(InputError, match="no model here"):
        build(Settings(), {"model": str(tmp_path)})


def test_rows_that_share_an_id_keep_their_findings(tmp_path: Path) -> None:
    """An export whose `id` is that of the tenant: every bad sign-in stays, and a second run adds none."""
    row = '{"id": "5d5f6a3e-tenant", "userPrincipalName": "%s@b.example", "status": {"errorCode": 50126}}\n'
    path = tmp_path / "signins.jsonl"
    path.write_text("".join(row % name for name in ("ann", "bob", "bob", "eve")))
    with SqliteSink(tmp_path / "f.sqlite") as sink:
        for _ in range(2):
            report = scan("logs", str(path), sink, settings=Settings())
            assert report.findings == sink.count("finding") == 4


def test_a_row_whose_fields_cannot_be_decoded_costs_itself(signins: Path, tmp_path: Path) -> None:
    good, *_ = gzip.decompress(signins.read_bytes()).splitlines()
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n".join([good, b'{"userPrincipalName": "a", "status": {"errorCode": 1e999}}', good]))
    job, rows = build(Settings(), {}), [row for row in JsonLinesSource(path) if isinstance(row, LogLine)]
    first, bad, last = job.score(rows)
    assert isinstance(bad, Failure)
    assert (bad.record_id, bad.source, bad.raw) == (rows[1].id, "rows.jsonl:2", rows[1].text)
    assert bad.error.startswith("not a JSON object: Number out of range")
    assert not isinstance(first, Failure)
    assert not isinstance(last, Failure)
