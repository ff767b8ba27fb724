"""Kept logs: rows once, whole or absent, for whom they are, and questions that reach nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.contracts import Principal
from icelos.data.query import keeping
from icelos.data.query.catalogue import Catalogue
from icelos.data.query.keeping import KeptRow, LogKeeper, drop, expire
from icelos.data.query.language import OPERATORS
from icelos.data.query.logs import LogsReader, _database, _execute
from icelos.errors import InputError, StoreError
from icelos.records import record_id

ANN, BOB = Principal("ann"), Principal("bob", frozenset({"soc"}))
NOW = datetime.now(UTC).replace(microsecond=0)


def at(number: int) -> datetime:
    return NOW - timedelta(days=9) + timedelta(hours=number, minutes=30)


def row(number: int, **more: Any) -> KeptRow:
    """A row of ann's or anna's, an hour after the one before."""
    time = at(number)
    values: dict[str, Any] = {
        "row": record_id("row", str(number)),
        "time": time.strftime("%Y-%m-%d %H:%M:%S"),
        "user": ("ann", "ANN@corp.example", "anna", "")[number % 4],
        "source_ip": f"10.0.0.{number % 3}",
        "host": ("web-01", "web-01.corp.example")[number % 2],
        "application": "portal",
        "action": "sign-in",
        "outcome": ("success", "failure")[number % 3 == 0],
        "text": f"row {number} 'x'; --",
        "source": f"a.log:{number}",
        "fields": {"n": str(number), "a.b": "x" if number % 2 else "Y", "o'x": "quoted"},
    }
    return KeptRow(**values | more)


def fill(folder: Path, name: str = "signins", numbers: range = range(48), **how: Any) -> LogKeeper:
    with LogKeeper(folder, name, **how) as keeper:
        for number in numbers:
            keeper.add(row(number))
    return keeper


def where(*conditions: tuple[Any, ...], **more: Any) -> dict[str, Any]:
    return {
        "where": [{"field": f, "is": o, **({"value": v[0]} if v else {})} for f, o, *v in conditions],
        **more,
    }


def test_each_row_is_kept_once(tmp_path: Path) -> None:
    assert (fill(tmp_path).kept, fill(tmp_path).kept) == (48, 0)
    again = fill(tmp_path, numbers=range(40, 60))
    assert (again.kept, again.known) == (12, 8)
    reader = LogsReader(tmp_path)
    assert reader.ask({"count": True}, principal=ANN).rows == [(60,)]
    answer = reader.ask({"limit": 1000}, principal=ANN)
    assert len({found[answer.columns.index("row")] for found in answer.rows}) == answer.total == 60
    assert {path.suffix for path in (tmp_path / "signins").iterdir()} == {".parquet"}


def test_batches_come_into_force_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "BATCH_ROWS", 10)
    keeper = LogKeeper(tmp_path, "signins")
    for number in range(25):
        keeper.add(row(number))
    assert LogsReader(tmp_path).ask({"count": True}, principal=ANN).rows == [(20,)]
    with pytest.raises(InputError, match="another process"):
        LogKeeper(tmp_path, "signins")
    keeper._close()
    assert fill(tmp_path, numbers=range(25)).kept == 5


_KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from icelos.data.query import keeping
from icelos.data.query.keeping import KeptRow, LogKeeper
keeping.BATCH_ROWS = 10
when, count = {when!r}, 0
plain = keeping.Catalogue.replace if when == "catalogue" else os.fsync
def dying(*arguments, **more):
    global count
    count += 1
    if count >= {number}:
        os.kill(os.getpid(), signal.SIGKILL)
    return plain(*arguments, **more)
if when == "catalogue":
    keeping.Catalogue.replace = dying
else:
    keeping.os.fsync = dying
with LogKeeper(Path({folder!r}), "signins") as keeper:
    for n in range(50):
        keeper.add(KeptRow(row=f"{{n:032x}}", time=None, user="u", source_ip="", host="", application="",
                           action="",
                           outcome="unknown", text="", source="", fields={{}}))
"""


@pytest.mark.parametrize(("when", "number"), [("catalogue", 3), ("fsync", 2)])
def test_a_kill_leaves_whole_batches_and_the_rest_comes_with_the_next_run(
    tmp_path: Path, when: str, number: int
) -> None:
    script = textwrap.dedent(_KILLED.format(tests="", when=when, number=number, folder=str(tmp_path)))
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, env=dict(os.environ), capture_output=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    left = LogsReader(tmp_path).ask({"count": True}, principal=ANN).rows[0][0]
    assert left % 10 == 0
    assert left < 50
    done = subprocess.run(
        [sys.executable, "-c", script.replace(f"count >= {number}", "False")],
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert LogsReader(tmp_path).ask({"count": True}, principal=ANN).rows == [(50,)]
    with Catalogue(tmp_path) as catalogue:
        counted = {part.file for part in catalogue.parts("signins")}
    assert {path.name for path in (tmp_path / "signins").iterdir()} == counted


def test_questions_are_as_those_over_findings(tmp_path: Path) -> None:
    fill(tmp_path)
    reader = LogsReader(tmp_path)

    def count(*conditions: tuple[Any, ...]) -> int:
        return int(reader.ask(where(*conditions, count=True), principal=ANN).rows[0][0])

    assert count(("user", "=", "ANN")) == 12
    assert count(("user", "starts_with", "ann")) == 36
    assert count(("user", "is_not_set")) == 12
    assert count(("user", "!=", "ann")) == 36
    assert count(("user", "in", ["Ann", "ANNA"]), ("outcome", "=", "failure")) == 8
    assert count(("fields.a.b", "=", "y")) == 24
    assert count(("fields.o'x", "=", "quoted")) == 48
    assert count(("fields.nothing", "is_set")) == 0
    assert count(("row", "=", row(3).row)) == 1
    day = (NOW - timedelta(days=8)).strftime("%Y-%m-%d")
    assert count(("time", "=", day)) == sum(row(n).time[:10] == day for n in range(48))  # type: ignore[index]
    assert count(("time", "<", day)) + count(("time", ">=", day)) == 48
    grouped = reader.ask({"group_by": ["host"], "distinct": ["user"]}, principal=ANN)
    assert dict(grouped.rows) == {"web-01": 2, "web-01.corp.example": 1}
    newest = reader.ask({"limit": 2}, principal=ANN)
    assert [found[newest.columns.index("source")] for found in newest.rows] == ["a.log:47", "a.log:46"]
    assert newest.total == 48
    oldest = reader.ask({"order_by": "time", "limit": 1}, principal=ANN)
    assert oldest.rows[0][oldest.columns.index("time")] == f"{row(0).time}Z".replace(" ", "T")


def test_a_log_is_for_its_groups(tmp_path: Path) -> None:
    fill(tmp_path, "secret", groups=["soc"])
    fill(tmp_path, "open", range(5))
    reader = LogsReader(tmp_path)
    assert reader.ask({"count": True}, principal=ANN).rows == [(5,)]
    assert reader.ask({"count": True}, principal=BOB).rows == [(53,)]
    assert [log.name for log in reader.logs(principal=ANN)] == ["open"]
    assert reader.naming("ann", limit=100, principal=ANN).total == 3
    for name in ("secret", "none"):
        with pytest.raises(InputError, match="no log called") as error:
            reader.ask({"log": name}, principal=ANN)
        assert "secret" not in str(error.value.hint)
    fill(tmp_path, "secret", range(50))  # without groups: they stay as they are
    assert reader.ask({"count": True}, principal=ANN).rows == [(5,)]
    nobody: Any = None
    with pytest.raises(StoreError, match="no principal"):
        reader.ask({"count": True}, principal=nobody)
    with pytest.raises(StoreError, match="no principal"):
        LogsReader(tmp_path / "nothing").ask({"count": True}, principal=nobody)


def test_names_are_compared_whole(tmp_path: Path) -> None:
    fill(tmp_path)
    reader = LogsReader(tmp_path)

    def named(entity: str, **more: Any) -> int | None:
        return reader.naming(entity, limit=100, principal=ANN, **more).total

    assert named("ann@corp.example") == 24
    assert named("ann@other.example") == 12
    assert named("anna") == 12
    assert named("WEB-01") == 48
    assert named("10.0.0.1") == 16
    assert named("10.0.0.11") == 0
    assert named("CVE-2025-6216") == 0
    assert named("anna", begin=NOW - timedelta(days=8)) == sum(
        n % 4 == 2 and at(n) >= NOW - timedelta(days=8) for n in range(48)
    )


def test_what_is_too_old_goes(tmp_path: Path) -> None:
    fill(tmp_path, days=8)
    left = LogsReader(tmp_path).ask({"count": True}, principal=ANN).rows[0][0]
    assert left == sum(at(n) >= NOW - timedelta(days=8) for n in range(48))
    assert expire(tmp_path) == {}
    with Catalogue(tmp_path) as catalogue:
        catalogue.declare("signins", days=1)
    assert expire(tmp_path) == {"signins": left}
    assert LogsReader(tmp_path).ask({"count": True}, principal=ANN).rows == [(0,)]


def test_many_small_files_become_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MANY_SMALL", 3)
    for begin in range(0, 20, 5):
        fill(tmp_path, numbers=range(begin, begin + 5))
    with Catalogue(tmp_path) as catalogue:
        assert len(catalogue.parts("signins")) == 2
    assert LogsReader(tmp_path).ask({"count": True}, principal=ANN).rows == [(20,)]


def test_a_log_is_dropped_with_its_rows(tmp_path: Path) -> None:
    fill(tmp_path)
    drop(tmp_path, "signins")
    assert not (tmp_path / "signins").exists()
    assert LogsReader(tmp_path).logs(principal=ANN) == []
    with pytest.raises(InputError, match="no log called"):
        drop(tmp_path, "signins")


@pytest.mark.parametrize("name", ["../up", "a/b", "", "A", "a" * 65, "a..b", ".hidden", "a'b"])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="no name for a log"):
        LogKeeper(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_what_answers_can_read_nothing_else(tmp_path: Path) -> None:
    fill(tmp_path)
    secret = tmp_path / "secret.csv"
    secret.write_text("a,b\n1,2\n")
    with Catalogue(tmp_path) as catalogue:
        file = str(tmp_path / "signins" / catalogue.parts("signins")[0].file)
    for statement in (
        f"SELECT * FROM read_csv('{secret}')",
        f"SELECT * FROM read_text('{secret}')",
        f"COPY kept TO '{tmp_path}/out.csv'",
        f"ATTACH '{tmp_path}/x.db'",
        "SET enable_external_access = true",
        "SET allowed_paths = ['/']",
        "INSTALL httpfs",
        f"SELECT * FROM glob('{tmp_path}/*')",
    ):
        with pytest.raises((StoreError, InputError)), _database([file]) as database:
            database.execute(statement).fetchall()
    assert not (tmp_path / "out.csv").exists()


def test_a_home_with_quotes_and_wildcards(tmp_path: Path) -> None:
    folder = tmp_path / "it's [a] home*?"
    fill(folder)
    assert LogsReader(folder).ask({"count": True}, principal=ANN).rows == [(48,)]


def test_a_question_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    fill(tmp_path)
    endless = "SELECT count(*) FROM range(1000000000000) a, range(1000) b"
    files = [str(path) for path in (tmp_path / "signins").glob("*.parquet")]
    with pytest.raises(InputError, match="too long"), _database(files) as database:
        _execute(database, endless, {}, monotonic() + 0.2)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> LogsReader:
    folder = tmp_path_factory.mktemp("logs")
    fill(folder)
    fill(folder, "secret", range(100, 110), groups=["soc"])
    return LogsReader(folder)


HOSTILE = "'; DROP VIEW kept; SELECT * FROM read_text('/etc/passwd') --"
_VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.just(HOSTILE)
_NAMES = st.sampled_from(
    ["user", "time", "row", "fields.n", "fields.a.b", f"fields.{HOSTILE}", HOSTILE, "log", "kept", "text"]
)
_ASKED = st.fixed_dictionaries(
    {},
    optional={
        "log": st.sampled_from(["signins", "secret", HOSTILE, "../x"]),
        "where": st.lists(
            st.fixed_dictionaries(
                {"field": _NAMES, "is": st.sampled_from([*OPERATORS, "LIKE"])},
                optional={"value": _VALUES | st.lists(_VALUES, max_size=3)},
            ),
            max_size=3,
        ),
        "group_by": st.lists(_NAMES, max_size=2),
        "distinct": st.lists(_NAMES, max_size=2),
        "count": st.booleans(),
        "order_by": _NAMES | st.sampled_from(["count", "1"]),
        "descending": st.booleans(),
        "limit": st.integers(-1, 1001),
    },
)


@settings(max_examples=150)
@given(asked=_ASKED)
def test_whatever_is_asked_is_answered_or_refused(reader: LogsReader, asked: dict[str, Any]) -> None:
    hidden = {row(number).row for number in range(100, 110)}
    try:
        answer = reader.ask(asked, principal=ANN)
    except InputError:
        return
    assert not {value for found in answer.rows for value in found} & ({"secret"} | hidden)


def test_an_old_file_that_is_broken_is_told(tmp_path: Path) -> None:
    fill(tmp_path)
    next((tmp_path / "signins").glob("*.parquet")).write_bytes(b"PAR1 and no more")
    with pytest.raises(StoreError, match="cannot read kept logs"):
        LogsReader(tmp_path).ask({"count": True}, principal=ANN)
