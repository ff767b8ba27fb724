"""The columns of findings follow the findings, whoever writes, and in stores from before."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.query import facts
from icelos.data.query.identity import own_part
from icelos.data.sinks import SCHEMA, SqliteSink
from icelos.findings import Failure, Finding, Verdict


def _finding(number: int, text: str = "s", **attributes: str) -> Finding:
    return Finding(
        record_id=str(number),
        job="j",
        verdict=Verdict.ALERT,
        label="l",
        summary=text,
        source="a",
        attributes=attributes,
    )


def _facts(path: Path) -> list[tuple[Any, ...]]:
    database = sqlite3.connect(path)
    rows = database.execute(
        "SELECT record_id, summary, package, time, epss, who FROM facts ORDER BY place"
    ).fetchall()
    database.close()
    return rows


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "findings.sqlite"


def test_what_is_written_replaced_and_deleted_is_so_in_the_facts(path: Path) -> None:
    with SqliteSink(path) as sink:
        sink.write([_finding(1, name="left-pad", time="2026-01-01T02:00:00+02:00", epss="0.5"), _finding(2)])
        sink.write([_finding(1, "again", entity=r"CORP\Ann")])
        sink.write([Failure(record_id="3", job="j", error="bad", source="a")])
        sink.write([Failure(record_id="2", job="j", error="bad", source="a")])
    assert _facts(path) == [("1", "again", None, None, None, "ann")]
    database = sqlite3.connect(path)
    database.execute("UPDATE outcomes SET seen = '2026-01-02T00:00:00+00:00' WHERE record_id = '1'")
    assert database.execute("SELECT seen FROM facts").fetchall() == [("2026-01-02T00:00:00Z",)]
    database.execute("DELETE FROM outcomes")
    assert database.execute("SELECT count(*) FROM facts").fetchone() == (0,)
    database.close()


def test_times_are_in_utc_and_what_is_no_time_is_none(path: Path) -> None:
    times = {
        "2026-01-01T02:00:00+02:00": "2026-01-01T00:00:00Z",
        "2026-01-01T02:00:00.75Z": "2026-01-01T02:00:00Z",
        "soon": None,
        "": None,
    }
    with SqliteSink(path) as sink:
        sink.write([_finding(number, time=time) for number, time in enumerate(times)])
    assert [row[3] for row in _facts(path)] == list(times.values())


def test_an_older_store_is_brought_up_to_date_once(path: Path) -> None:
    with SqliteSink(path) as sink:
        sink.write([_finding(number) for number in range(5)])
        sink.write([_finding(0)])
    before = _facts(path)
    database = sqlite3.connect(path, isolation_level=None)
    for name in ("added", "replaced", "removed", "changed"):
        database.execute(f"DROP TRIGGER facts_{name}")
    database.execute("DROP TABLE facts")
    assert not facts.is_current(database)
    database.executescript(SCHEMA)
    facts.prepare(database)
    assert facts.is_current(database)
    assert _facts(path) == before
    database.execute("DELETE FROM outcomes WHERE record_id = '3'")
    assert len(_facts(path)) == 4
    database.close()


def test_rowids_that_have_moved_are_seen(path: Path) -> None:
    """As a VACUUM may move them."""
    with SqliteSink(path) as sink:
        sink.write([_finding(number, name=str(number)) for number in range(4)])
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("DROP TRIGGER facts_changed")
    database.execute("UPDATE outcomes SET rowid = rowid + 100")
    assert not facts.is_current(database)
    database.close()
    SqliteSink(path).close()
    database = sqlite3.connect(path)
    assert database.execute("SELECT place, package FROM facts ORDER BY place").fetchall() == [
        (101, "0"), (102, "1"), (103, "2"), (104, "3"),
    ]  # fmt: skip
    database.close()


def test_a_vacuum_leaves_findings_and_facts_together(path: Path) -> None:
    with SqliteSink(path) as sink:
        sink.write([_finding(number, name=str(number)) for number in range(50)])
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("DELETE FROM outcomes WHERE record_id < '3'")
    database.execute("VACUUM")
    facts.prepare(database)
    query = "SELECT count(*) FROM facts JOIN outcomes ON outcomes.rowid = place AND outcomes.id = facts.id"
    assert database.execute(query).fetchone() == database.execute("SELECT count(*) FROM outcomes").fetchone()
    database.close()


NAMES = st.text(st.sampled_from("annAÄ\\@/.:-$ "), max_size=12) | st.builds(
    "arn:aws:iam::1:{}".format, st.text("u/an", max_size=6)
)


@given(NAMES)
def test_a_user_s_own_part_is_the_same_in_sql(name: str) -> None:
    database = sqlite3.connect(":memory:")
    (found,) = database.execute(f"SELECT {facts.own_part('?1')}", (name,)).fetchone()
    database.close()
    assert found == own_part(name)
