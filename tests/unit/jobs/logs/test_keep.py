"""Files of logs as one kept log."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from icelos.contracts import Principal
from icelos.data.query.logs import LogsReader
from icelos.data.sources import JsonLinesSource
from icelos.errors import InputError
from icelos.jobs.logs.keep import keep
from icelos.records import LogLine

ANN = Principal("ann")
ROWS = [
    {
        "id": f"event-{number:04}",
        "createdDateTime": f"2026-05-05T08:00:{number:02}Z",
        "userPrincipalName": "ann@x.example",
        "appDisplayName": "Portal",
        "status": {"errorCode": 0},
    }
    for number in range(10)
]


@pytest.fixture
def signins(tmp_path: Path) -> Path:
    path = tmp_path / "signins.jsonl.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in ROWS).encode() + b"{broken\n"))
    return path


def test_rows_have_the_ids_that_findings_of_them_have(signins: Path, tmp_path: Path) -> None:
    found = keep([str(signins)], tmp_path / "logs", "signins")
    assert (found.rows, found.known, found.failed) == (10, 0, 1)
    assert found.failures[0].source == "signins.jsonl.gz:11"
    answer = LogsReader(tmp_path / "logs").ask({"limit": 100}, principal=ANN)
    kept = {row[answer.columns.index("row")] for row in answer.rows}
    assert kept == {one.id for one in JsonLinesSource(signins) if isinstance(one, LogLine)}


def test_the_same_file_again_changes_nothing(signins: Path, tmp_path: Path) -> None:
    keep([str(signins)], tmp_path / "logs", "signins")
    again = keep([str(signins)], tmp_path / "logs", "signins")
    assert (again.rows, again.known) == (0, 10)


def test_formats_side_by_side(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.log").write_text("Dec 10 06:55:46 LabSZ sshd[2420]: Invalid user webmaster\n" * 2)
    os.utime(folder / "a.log", (1_770_000_000, 1_770_000_000))
    (folder / "b.cef").write_text("CEF:0|V|P|1|1|login|5|suser=bob src=10.0.0.9\n")
    (folder / "c.csv").write_text("time,user,action\n2026-01-01T00:00:00Z,carol,open\n")
    assert keep([str(folder)], tmp_path / "logs", "mixed", groups=["soc"], days=0).rows == 4
    reader = LogsReader(tmp_path / "logs")
    soc = Principal("bob", frozenset({"soc"}))
    assert reader.ask({"count": True}, principal=ANN).rows == [(0,)]
    users = reader.ask({"group_by": ["user"]}, principal=soc)
    assert dict(users.rows) == {"": 2, "bob": 1, "carol": 1}
    time = reader.ask(
        {"where": [{"field": "host", "is": "=", "value": "labsz"}], "distinct": ["time"]}, principal=soc
    )
    assert time.rows == [("2025-12-10T06:55:46Z",)]


def test_nothing_to_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        keep([str(tmp_path / "none")], tmp_path / "logs", "x")


def test_hostile_rows_are_kept_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(
        '{"user": "a\\u0000b\'; DROP TABLE x; --", "n": 1e400}\n{"user": "\\ud800"}\n'
        '{"user": {"a": [1, {"b": 2}]}}\n'
    )
    found = keep([str(path)], tmp_path / "logs", "x")
    assert found.rows + found.failed == 3
    answer = LogsReader(tmp_path / "logs").ask(
        {"where": [{"field": "user", "is": "contains", "value": "DROP"}]}, principal=ANN
    )
    assert answer.total in (0, 1)
