from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from icelos.data.casework.desk import Desk
from icelos.data.casework.model import Reason
from icelos.data.retention import apply, show
from icelos.data.sinks import SqliteSink
from icelos.data.workspace import Workspace as Place
from icelos.errors import SettingsError
from icelos.findings import Failure, Finding, Verdict
from icelos.settings import KnowledgeSettings, RetentionSettings, Settings, Workspace

LATER = datetime.now(UTC) + timedelta(days=40)


def settings(home: Path, **days: int) -> Settings:
    named = {name.replace("_", "-"): number for name, number in days.items()}
    return Settings(
        workspace=Workspace(home=str(home)), retention=RetentionSettings(days=named),
        knowledge=KnowledgeSettings(encoder="off"),
    )  # fmt: skip


def finding(number: int, verdict: Verdict = Verdict.ALERT) -> Finding:
    return Finding(record_id=str(number), job="mail", verdict=verdict, label="x", summary="it says so")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with Desk.open(Place(tmp_path)) as desk:
        desk.findings.write([finding(1), finding(2), finding(3, Verdict.CLEAR)])
        desk.findings.write([Failure(record_id="f", job="mail", error="bad", source="a:1")])
        desk.cases.close_case(finding(1), Reason.BENIGN_POSITIVE, by="ann")
    return tmp_path


def test_nothing_goes_unless_it_is_set(home: Path) -> None:
    given = settings(home)
    assert apply(given, now=LATER) == []
    assert all((one.days, one.due) == (None, 0) for one in show(given, now=LATER))
    with SqliteSink(home / "findings.sqlite") as sink:
        assert (sink.count("finding"), sink.count("failure")) == (3, 1)


def test_what_is_due_is_counted_and_goes(home: Path) -> None:
    given = settings(home, failures=30, closed_findings=30, clear_findings=30)
    due = {one.kind: one.due for one in show(given, now=LATER) if one.days}
    assert due == {"clear-findings": 1, "closed-findings": 1, "failures": 1}
    assert {one.kind: one.due for one in show(given) if one.due} == {}
    assert [one.gone for one in apply(given, only=["failures"], now=LATER)] == [1]
    assert {one.kind: one.gone for one in apply(given, now=LATER)} == {
        "clear-findings": 1, "closed-findings": 1, "failures": 0
    }  # fmt: skip
    with Desk.open(Place(home)) as desk:
        assert [one.record_id for one in desk.findings.findings()] == ["2"]
        assert desk.cases.listed() == []
    assert sum(one.gone for one in apply(given, now=LATER)) == 0


def test_a_closed_finding_that_was_said_again_stays(home: Path) -> None:
    with closing(sqlite3.connect(home / "casework.sqlite")) as database:
        database.execute("UPDATE current SET changed = '2020-01-01T00:00:00+00:00'")
        database.commit()
    assert [one.gone for one in apply(settings(home, closed_findings=30))] == [0]


def test_files_of_caches_and_traces(home: Path) -> None:
    for name in (
        "cache/pages/a",
        "cache/trace/2020-01-01.jsonl",
        "cache/trace/.salt",
        "cache/replies.sqlite",
        "cache/new",
    ):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("x")
        if name != "cache/new":
            os.utime(home / name, (1_000_000_000,) * 2)
    given = settings(home, cache=30, traces=30)
    assert {one.kind: one.gone for one in apply(given)} == {"cache": 1, "traces": 1}
    left = {p.name for p in (home / "cache").rglob("*") if p.is_file()}
    assert left == {".salt", "replies.sqlite", "new"}


def test_conversations_and_thumbs(home: Path) -> None:
    from icelos.jobs.copilot.history import History

    History(home / "history.sqlite")
    old = "2020-01-01T00:00:00+00:00"
    with closing(sqlite3.connect(home / "history.sqlite")) as database:
        database.execute("INSERT INTO answers VALUES ('a', 'c', 'p', ?, 'q', 'q', x'7b7d', 'ann')", (old,))
        database.execute(
            "INSERT INTO log VALUES (1, 'p', 'ann', '[]', 1, ?, 'up', 'a', 'q', '[]', '', '[]', '')", (old,)
        )
        database.commit()
    given = settings(home, conversations=30, thumbs=30, quarantine=30, news=30)
    assert {one.kind: one.gone for one in apply(given)} == {
        "conversations": 1, "news": 0, "quarantine": 0, "thumbs": 1
    }  # fmt: skip


@pytest.mark.parametrize("days", [{"nothing": 3}, {"failures": 0}, {"failures": -1}, {"failures": 99_999}])
def test_settings_that_make_no_sense(home: Path, days: dict[str, int]) -> None:
    given = Settings(workspace=Workspace(home=str(home)), retention=RetentionSettings(days=days))
    for call in (show, apply):
        with pytest.raises(SettingsError):
            call(given)


def test_an_empty_workspace_stays_empty(tmp_path: Path) -> None:
    kinds = (
        "cache",
        "clear_findings",
        "closed_findings",
        "conversations",
        "failures",
        "news",
        "quarantine",
        "thumbs",
    )
    given = settings(tmp_path, **dict.fromkeys(kinds, 30))
    assert sum(one.due for one in show(given)) + sum(one.gone for one in apply(given)) == 0
    assert list(tmp_path.iterdir()) == []
