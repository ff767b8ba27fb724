"""Sinks: keyed, durable when `write` returns, whole or absent when killed, clear errors."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from icelos.data.sinks import JsonLinesSink, KeptSink, ParquetSink, SqliteSink, write_json
from icelos.errors import InputError, StoreError
from icelos.findings import Evidence, Failure, Finding, How, Outcome, Verdict


def _finding(number: int, *, verdict: Verdict = Verdict.ALERT, text: str = "s") -> Finding:
    return Finding(
        record_id=str(number), job="j", verdict=verdict, label="l", summary=text, score=0.5,
        evidence=(Evidence("q", f"a:{number}", How.RULE),), source=f"a:{number}",
    )  # fmt: skip


def _failure(number: int) -> Failure:
    return Failure(record_id=str(number), job="j", error="bad", source=f"a:{number}", raw="\x01\r\n\t\"'")


MIXED: list[Outcome] = [_finding(1), _failure(2), _finding(3, text="ünï \x01 \n ' \" \\ \t")]


def _from_lines(path: Path) -> list[Outcome]:
    found: list[Outcome] = []
    for line in path.read_bytes().splitlines():
        ((kind, body),) = msgspec.json.decode(line, type=dict[str, msgspec.Raw]).items()
        found.append(_decoded(kind, body))
    return found


def _from_parquet(path: Path) -> list[Outcome]:
    with duckdb.connect() as database:
        rows = database.execute("SELECT kind, body FROM read_parquet(?)", [str(path)]).fetchall()
    return [_decoded(kind, body) for kind, body in rows]


def _decoded(kind: str, body: msgspec.Raw | str) -> Outcome:
    if kind == "finding":
        return msgspec.json.decode(body, type=Finding)
    return msgspec.json.decode(body, type=Failure)


def _from_sqlite(path: Path) -> list[Outcome]:
    with SqliteSink(path) as sink:
        found: list[Outcome] = [*sink.findings(limit=10**6), *sink.failures(limit=10**6)]
    return sorted(found, key=lambda outcome: int(outcome.record_id))


SINKS: dict[str, tuple[Any, Callable[[Path], list[Outcome]]]] = {
    "jsonl": (JsonLinesSink, _from_lines),
    "parquet": (ParquetSink, _from_parquet),
    "sqlite": (SqliteSink, _from_sqlite),
}


@pytest.mark.parametrize("suffix", SINKS)
@pytest.mark.parametrize("outcomes", [MIXED, []], ids=["mixed", "none"])
def test_what_goes_in_comes_out(tmp_path: Path, suffix: str, outcomes: list[Outcome]) -> None:
    make, read = SINKS[suffix]
    path = tmp_path / "it's new" / f"out.{suffix}"
    with make(path) as sink:
        sink.write(outcomes[:1])
        sink.write(outcomes[1:])
    assert read(path) == outcomes
    assert not list(path.parent.glob("*.part")) + list(path.parent.glob(".*.part"))


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_a_broken_run_leaves_the_old_file_in_force(tmp_path: Path, suffix: str) -> None:
    make, read = SINKS[suffix]
    path = tmp_path / f"out.{suffix}"
    with make(path) as sink:
        sink.write(MIXED)
    with pytest.raises(KeyboardInterrupt), make(path) as sink:  # noqa: PT012 - it comes in mid-run
        sink.write(MIXED[:1])
        raise KeyboardInterrupt
    assert read(path) == MIXED
    with make(path) as sink:  # and what it left behind is in nobody's way
        sink.write(MIXED[:2])
    assert read(path) == MIXED[:2]


def test_parquet_has_columns_to_query(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    with ParquetSink(path) as sink:
        sink.write(MIXED)
    query = f"SELECT kind, job, record_id, verdict, score, error, source FROM '{path}' ORDER BY record_id"
    with duckdb.connect() as database:
        rows = database.execute(query).fetchall()
    assert rows == [
        ("finding", "j", "1", "alert", 0.5, None, "a:1"),
        ("failure", "j", "2", None, None, "bad", "a:2"),
        ("finding", "j", "3", "alert", 0.5, None, "a:3"),
    ]


def test_a_long_finding_fits_into_parquet(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    long = _finding(1, text="x" * (5 << 20))
    with ParquetSink(path) as sink:
        sink.write([long, _finding(2)])
    assert _from_parquet(path) == [long, _finding(2)]


# Writes batches until it is killed, and says after each that it is written.
WRITER = """
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from icelos.findings import Finding, Verdict
from icelos.registry import resolve
sink = resolve("sinks", sys.argv[1])(Path(sys.argv[2]))
number = 0
while True:
    batch = [Finding(record_id=str(number + i), job="j", verdict=Verdict.ALERT, label="l", summary="x" * 2000)
             for i in range(50)]
    sink.write(batch)
    number += 50
    print(number, flush=True)
"""


def _written_until_killed(suffix: str, path: Path) -> int:
    """Kill -9 in the middle of a later write; how many outcomes were acknowledged."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, suffix, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process, process.stdout as said:
        for _ in range(20):
            said.readline()
        process.send_signal(signal.SIGKILL)
        rest = said.read().split()
    whole = [int(word) for word in rest[:-1]] + [int(word) for word in rest[-1:] if int(word) % 50 == 0]
    return max([1000, *whole])


def test_kill_9_loses_nothing_from_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "out.sqlite"
    acknowledged = _written_until_killed("sqlite", path)
    found = [int(outcome.record_id) for outcome in _from_sqlite(path)]
    assert found == list(range(len(found)))
    assert len(found) >= acknowledged
    assert len(found) % 50 == 0, "a batch is written whole or not at all"
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


@pytest.mark.parametrize(
    ("suffix", "left"), [("jsonl", "out.jsonl.part"), ("parquet", "out.parquet.jsonl.part")]
)
def test_kill_9_leaves_the_old_file_and_all_that_was_written(tmp_path: Path, suffix: str, left: str) -> None:
    make, read = SINKS[suffix]
    path = tmp_path / f"out.{suffix}"
    with make(path) as sink:
        sink.write(MIXED)
    acknowledged = _written_until_killed(suffix, path)
    assert read(path) == MIXED
    lines = (tmp_path / left).read_bytes().splitlines()
    ids = [int(json.loads(line)["finding"]["record_id"]) for line in lines[:acknowledged]]
    assert ids == list(range(acknowledged))


# Holds a sink until it is killed.
HOLDER = """
import sys, time
from pathlib import Path
from icelos.registry import resolve
sink = resolve("sinks", sys.argv[1])(Path(sys.argv[2]))
print("holding", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_a_second_run_is_refused_while_the_first_one_lives(tmp_path: Path, suffix: str) -> None:
    make, read = SINKS[suffix]
    path = tmp_path / f"out.{suffix}"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, suffix, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    with holder, holder.stdout as said:
        assert said.readline() == "holding\n"
        with pytest.raises(InputError, match="another run is writing to it") as error:
            make(path)
        assert error.value.exit_code == 2
        holder.kill()
    with make(path) as sink:  # what was killed stands in nobody's way
        sink.write(MIXED)
    assert read(path) == MIXED


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_who_is_refused_harms_nothing(tmp_path: Path, suffix: str) -> None:
    make, read = SINKS[suffix]
    path = tmp_path / f"out.{suffix}"
    with make(path) as sink:
        sink.write(MIXED[:2])
        with pytest.raises(InputError):
            make(path)
        sink.write(MIXED[2:])
    assert read(path) == MIXED
    with make(path) as sink:
        sink.write(MIXED[:1])
    assert read(path) == MIXED[:1]
    assert [left.name for left in tmp_path.iterdir()] == [path.name]


def test_parquet_that_cannot_be_written_leaves_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    sink = ParquetSink(path)
    sink.write(MIXED)
    (tmp_path / ".out.parquet.part").mkdir()
    with pytest.raises(StoreError, match="cannot write Parquet"):
        sink.close()
    assert _from_lines(tmp_path / "out.parquet.jsonl") == MIXED


# -- SQLite


def test_a_replay_overwrites_the_same_outcome_and_nothing_else(tmp_path: Path) -> None:
    with SqliteSink(tmp_path / "f.sqlite") as sink:
        sink.write([_finding(1), _failure(2), _finding(3)])
        sink.write([_finding(1, verdict=Verdict.REVIEW), _finding(2)])
        assert sink.failures() == []
        found = {finding.record_id: finding.verdict for finding in sink.findings()}
        assert found == {"1": Verdict.REVIEW, "2": Verdict.ALERT, "3": Verdict.ALERT}
        assert sink.count("finding") == 3
        assert sink.findings(verdict="review", job="j")[0].record_id == "1"
        assert sink.findings(job="other") == []
        assert len(sink.findings(limit=2)) == 2
        assert len(sink.findings(limit=2, offset=2)) == 1
        assert sink.finding(_finding(3).id) == _finding(3)
        assert sink.finding("none") is None


def test_a_write_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SqliteSink(tmp_path / "f.sqlite") as sink:
        sink._database.execute("CREATE TRIGGER full BEFORE INSERT ON outcomes WHEN NEW.record_id = '2'"
                               " BEGIN SELECT RAISE(ROLLBACK, 'disk is full'); END")  # fmt: skip
        with pytest.raises(StoreError, match="disk is full"):
            sink.write([_finding(1), _finding(2)])
        sink.write([_finding(3)])
        assert [finding.record_id for finding in sink.findings()] == ["3"]


def test_what_is_no_database_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "f.sqlite"
    path.write_text("this is no database, though it is long enough to have had a header" * 20)
    with pytest.raises(StoreError, match="cannot open findings"):
        SqliteSink(path)
    with pytest.raises(StoreError, match="cannot open findings"):
        SqliteSink(path / "below")


def test_a_finding_of_another_time_is_one_clear_error(tmp_path: Path) -> None:
    with SqliteSink(tmp_path / "f.sqlite") as sink:
        sink.write([_finding(1)])
        sink._database.execute("UPDATE outcomes SET body = x'7b7d'")
        with pytest.raises(StoreError, match="cannot read findings"):
            sink.findings()


def test_threads_and_processes_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "f.sqlite"
    with SqliteSink(path) as one, SqliteSink(path) as other:
        threads = [
            threading.Thread(target=sink.write, args=([_finding(base + n)],))
            for base, sink in ((0, one), (100, other), (200, one))
            for n in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert other.count("finding") == 60


def test_failures_of_one_place_are_replaced(tmp_path: Path) -> None:
    with SqliteSink(tmp_path / "f.sqlite") as sink:
        sink.write([_failure(1), _failure(2), _finding(3)])
        assert {"a", "a:1"} <= sink.failing("j")
        sink.replace_failures("j", "a:1", [])
        assert [failure.source for failure in sink.failures()] == ["a:2"]
        sink.replace_failures("j", "a", [_failure(4)])
        assert [failure.source for failure in sink.failures()] == ["a:4"]
        assert sink.count("finding") == 1


def test_resolved_failures_are_gone_and_findings_stay(tmp_path: Path) -> None:
    with SqliteSink(tmp_path / "f.sqlite") as sink:
        sink.write([_failure(1), _failure(2), _finding(3)])
        assert sink.open_failures("j") == {"1": "a:1", "2": "a:2"}
        assert sink.resolve("j", ["1", "3", "9"]) == 1
        assert sink.resolve("other", ["2"]) == 0
        assert (sink.open_failures("j"), sink.count("finding")) == ({"2": "a:2"}, 1)


def test_what_has_nothing_to_resolve_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    """Most records of most runs are clear: they must not cost a transaction each."""
    path = tmp_path / "f.sqlite"
    with SqliteSink(path) as sink:
        writer = sqlite3.connect(path, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        assert sink.resolve("j", [str(n) for n in range(100_000)]) == 0
        writer.close()


def test_a_full_disk_is_one_clear_error() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this platform")
    sink = object.__new__(JsonLinesSink)
    sink.path, sink._durable = Path("out.jsonl"), 0
    sink._stream = Path("/dev/full").open("wb")  # noqa: SIM115 - abandoned below
    with pytest.raises(StoreError, match="No space left"):
        sink.write([_finding(1)])
    sink.abandon()


def test_a_kept_sink_passes_on_and_keeps_the_last(tmp_path: Path) -> None:
    with KeptSink(SqliteSink(tmp_path / "f.sqlite")) as sink:
        sink.write([_failure(1), _finding(2)])
        sink.write([_finding(1)])
        assert sink.outcomes == [_finding(1), _finding(2)]
        sink.write([_failure(3)])
        assert sink.resolve("j", ["2", "3"]) == 1
        assert sink.outcomes == [_finding(1), _finding(2)]
    assert _from_sqlite(tmp_path / "f.sqlite") == [_finding(1), _finding(2)]


def test_a_document_is_written_whole(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": [1]})
    assert json.loads((tmp_path / "a.json").read_text()) == {"b": [1]}
