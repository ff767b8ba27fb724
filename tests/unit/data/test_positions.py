"""Sources and sinks that go on: whatever the moment, what comes after it is what would have come."""

from __future__ import annotations

import contextlib
import gzip
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.data.sinks import JsonLinesSink, ParquetSink
from icelos.data.sources import JsonLinesSource, LineSource, MailSource, ParquetSource, SqliteSource
from icelos.errors import InputError
from icelos.findings import Failure, Finding, Verdict
from icelos.records import Record

Items = list[Record | Failure]


def _split(make: Callable[[], Any], at: int) -> tuple[Items, Items]:
    """The first items, and those of another source that goes on behind them."""
    first = make()
    items = iter(first)
    before = [item for _, item in zip(range(at), items, strict=False)]
    second = make()
    second.resume(first.position())
    return before, [item for item in second if item is not None]


def _all(make: Callable[[], Any]) -> Items:
    return [item for item in make() if item is not None]


ROWS = [
    b'{"id":"row-000001","a":1}', b"", b"no json", b'{"a":2}', b'{"id":"row-000001","a":1}', b'{"a":2}',
    b'{"id":"row-000003","a":1}', b"\xff", b'{"id":"row-000001","a":1}', b'{"a":2}',
]  # fmt: skip


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
@pytest.mark.parametrize("kind", [LineSource, JsonLinesSource])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_rows_of_several_files(tmp_path: Path, packing: str, kind: Any, ending: bytes) -> None:
    packs: dict[str, Callable[[bytes], bytes]] = {
        "": bytes,
        ".gz": gzip.compress,
        ".zst": zstandard.ZstdCompressor().compress,
    }
    for number in range(3):
        name = tmp_path / f"{number}.jsonl{packing}"
        name.write_bytes(packs[packing](ending.join(ROWS) + ending * (number % 2)))
    whole = _all(lambda: kind(tmp_path))
    assert len({item.source for item in whole}) == len(whole) == 3 * 9
    for at in range(len(whole) + 1):
        before, after = _split(lambda: kind(tmp_path), at)
        assert before + after == whole


@settings(max_examples=40)
@given(st.lists(st.binary(max_size=30), max_size=12), st.integers(0, 14))
def test_lines_of_any_bytes(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], at: int) -> None:
    path = tmp_path_factory.mktemp("lines") / "a.log"
    path.write_bytes(b"\n".join(lines))
    before, after = _split(lambda: LineSource(path), at)
    assert before + after == _all(lambda: LineSource(path))


def test_mail_in_mailboxes_and_files(tmp_path: Path) -> None:
    box = b"".join(
        b"From x\nMessage-ID: <%d>\nSubject: s\n\n>From here\nbody %d\n\n" % (n, n) for n in range(5)
    )
    (tmp_path / "a.mbox").write_bytes(box)
    (tmp_path / "b.mbox.gz").write_bytes(gzip.compress(box))
    (tmp_path / "c.eml").write_bytes(b"Message-ID: <9>\n\nhello\n")
    (tmp_path / "d.eml").write_bytes(b"")
    whole = _all(lambda: MailSource(tmp_path))
    assert len(whole) == 12
    for at in range(len(whole) + 1):
        before, after = _split(lambda: MailSource(tmp_path), at)
        assert before + after == whole


@pytest.mark.parametrize("suffix", ["parquet", "sqlite"])
def test_rows_of_tables(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows.{suffix}"
    if suffix == "parquet":
        rows = "SELECT 'row-00' || (i % 7) AS id, i % 3 AS n FROM range(30) t(i)"
        duckdb.sql(f"COPY ({rows}) TO '{path}' (FORMAT parquet)")
    else:
        values = [(f"row-000{i % 7}", i % 3) for i in range(30)]
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute("CREATE TABLE rows (id TEXT, n INTEGER)")
            database.executemany("INSERT INTO rows VALUES (?, ?)", values)
    make = (lambda: ParquetSource(path)) if suffix == "parquet" else (lambda: SqliteSource(path))
    whole = _all(make)
    assert len({item.source for item in whole}) == 30
    for at in (0, 1, 13, 29, 30):
        before, after = _split(make, at)
        assert before + after == whole


def test_files_that_come_meanwhile_are_read_and_none_twice(tmp_path: Path) -> None:
    (tmp_path / "b.log").write_text("b1\nb2\nb3\n")
    (tmp_path / "c.log").write_text("c1\n")
    first = LineSource(tmp_path)
    items = iter(first)
    assert [getattr(next(items), "text", "") for _ in range(2)] == ["b1", "b2"]
    (tmp_path / "a.log").write_text("a1\n")
    with (tmp_path / "b.log").open("a") as file:
        file.write("b4\n")
    second = LineSource(tmp_path)
    second.resume(first.position() or b"")
    going_on = iter(second)
    assert [getattr(next(going_on), "text", "") for _ in range(3)] == ["b3", "b4", "a1"]
    third = LineSource(tmp_path)
    third.resume(second.position() or b"")
    assert [getattr(item, "text", "") for item in third] == ["c1"]


def test_a_file_that_was_replaced_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("one\ntwo\n")
    first = LineSource(path)
    items = iter(first)
    next(items)
    position = first.position() or b""
    path.write_text("another file\n")
    second = LineSource(path)
    second.resume(position)
    with pytest.raises(InputError, match=r"has changed since.*--fresh"):
        list(second)
    path.unlink()
    second.resume(position)
    with pytest.raises(InputError, match=r"cannot open"):
        list(second)


def test_standard_input_has_no_position() -> None:
    assert LineSource("-").position() is None


@pytest.mark.parametrize("position", [b"", b"\x00", b"nothing of ours", b"\x81\xa4done"])
def test_what_is_no_position_is_refused(tmp_path: Path, position: bytes) -> None:
    for source in (LineSource(tmp_path), SqliteSource(tmp_path / "a.sqlite")):
        with pytest.raises(InputError, match="no position"):
            source.resume(position)


@pytest.mark.parametrize("pattern", ["*/*.log", "**/*.log", "*"])
def test_patterns_name_files_below_their_folder(tmp_path: Path, pattern: str) -> None:
    for name in ("x/a.log", "y/a.log", "y/z.log"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("one\n")
    found = [item.source for item in _all(lambda: LineSource(tmp_path / pattern))]
    assert found == ["x/a.log:1", "y/a.log:1", "y/z.log:1"]
    assert len({item.source for item in _all(lambda: LineSource(tmp_path / "x" / "*.log"))}) == 1
    with pytest.raises(InputError, match="no file matches"):
        list(LineSource(tmp_path / "*.nothing"))


def _found(number: int) -> Finding:
    return Finding(record_id=str(number), job="j", verdict=Verdict.REVIEW, label="l", summary="s" * number)


@pytest.mark.parametrize("kind", [JsonLinesSink, ParquetSink])
def test_a_file_of_findings_is_cut_back(tmp_path: Path, kind: Any) -> None:
    path = tmp_path / f"out.{'jsonl' if kind is JsonLinesSink else 'parquet'}"
    sink = kind(path)
    sink.write([_found(1), _found(2)])
    position = sink.position()
    sink.write([_found(3)])
    sink.abandon()
    again = kind(path)
    again.resume(position)
    again.write([_found(4)])
    again.close()
    if kind is JsonLinesSink:
        ids = [msgspec.json.decode(line)["finding"]["record_id"] for line in path.read_bytes().splitlines()]
    else:
        rows = duckdb.execute(f"SELECT record_id FROM '{path}' ORDER BY 1").fetchall()
        ids = [row[0] for row in rows]
    assert ids == ["1", "2", "4"]


def test_a_file_that_was_published_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with JsonLinesSink(path) as sink:
        sink.write([_found(1), _found(2)])
        position = sink.position()
    with JsonLinesSink(path) as again:
        again.resume(position)
        again.write([_found(3)])
    assert len(path.read_bytes().splitlines()) == 3
    path.unlink()
    gone = JsonLinesSink(path)
    with pytest.raises(InputError, match="is gone"):
        gone.resume(position)
    gone.abandon()


def test_without_a_position_an_earlier_run_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    sink = JsonLinesSink(path)
    sink.write([_found(1), _found(2)])
    sink.abandon()
    with JsonLinesSink(path) as again:
        again.write([_found(3)])
    (line,) = path.read_bytes().splitlines()
    assert b'"record_id":"3"' in line
    sink = JsonLinesSink(path)
    sink.write([_found(1)])
    sink.abandon()
    with JsonLinesSink(path):
        pass
    assert path.read_bytes() == b""
