from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icelos.errors import InputError
from icelos.findings import Failure
from icelos.jobs.logs.profile.rows import Row, RowSource


def read(path: Path, **options: Any) -> tuple[list[Row], list[Failure]]:
    found = list(RowSource(str(path), **options))
    return [row for row in found if isinstance(row, Row)], [bad for bad in found if isinstance(bad, Failure)]


def written(folder: Path, data: bytes, name: str = "log") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_formats_may_share_a_file(tmp_path: Path) -> None:
    lines = [
        b'{"a": {"b": 1}}',
        b"CEF:0|v|p|1|2|n|5|suser=ann",
        b"LEEF:1.0|v|p|1|e|usrName=ann",
        b"Dec 10 06:55:46 host sshd[1]: hello",
        b"[Sun Dec 04 04:47:44 2005] [notice] plain",
        b"",
    ]
    rows, failures = read(written(tmp_path, b"\n".join(lines)))
    assert not failures
    assert rows[0] == Row(b'{"a": {"b": 1}}', {"a.b": 1}, "log:1")
    assert rows[1].fields["suser"] == rows[2].fields["usrName"] == "ann"
    assert rows[3].fields["app"] == "sshd"
    assert rows[4].fields["message"] == lines[4].decode()


def test_bad_rows_say_where_and_why_and_the_rest_goes_on(tmp_path: Path) -> None:
    data = b'{"a": 1}\n{"a": \n{"a": "\x00"}\nDec \xff\n[1]\n{"a": "' + b"x" * 3000 + b'"}\n{"a": 2}\n'
    rows, failures = read(written(tmp_path, data), limit=2000)
    assert [row.fields["a"] for row in rows] == [1, 2]
    assert [(bad.source, bad.error.split(":")[0]) for bad in failures] == [
        ("log:2", "not a JSON object"),
        ("log:3", "holds NUL bytes"),
        ("log:4", "not UTF-8 at byte 4"),
        ("log:5", "not a JSON object"),
        ("log:6", "row is too long"),
    ]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress, bytes])
def test_cloudtrail_files_packed_or_not(tmp_path: Path, pack: Any) -> None:
    records = [{"eventName": f"e{n}", "list": [{"x": n}]} for n in range(50)]
    rows, failures = read(written(tmp_path, pack(json.dumps({"Records": records}).encode())))
    assert not failures
    assert [row.fields["list[0].x"] for row in rows] == list(range(50))
    assert json.loads(rows[3].raw) == records[3]


def test_lines_of_records(tmp_path: Path) -> None:
    data = b'{"records": [{"a": 1}, {"a": 2}]}\n{"records": [{"a": 3}]}\n{"records": "text", "a": 4}\n'
    rows, failures = read(written(tmp_path, b'{"a": 0}\n' + data))
    assert not failures
    assert [row.fields["a"] for row in rows] == [0, 1, 2, 3, 4]


def test_a_truncated_gzip_keeps_what_came_before(tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(b'{"n": %d, "x": "%d"}\n' % (n, n * 7919) for n in range(50_000)))
    rows, failures = read(written(tmp_path, whole[: len(whole) // 2]))
    assert len(rows) > 1000
    assert [bad.source for bad in failures] == ["log"]
    assert "broken stream" in failures[0].error


def test_csv_with_quotes_and_line_ends(tmp_path: Path) -> None:
    data = b'time,user,"what, then"\r\n1,ann,"a ""b""\nc"\r\n2,,x\r\n3,ben,y,z\r\n4,eve,w\r\n'
    rows, failures = read(written(tmp_path, data, "log.csv"))
    assert [row.fields for row in rows] == [
        {"time": "1", "user": "ann", "what, then": 'a "b"\nc'},
        {"time": "2", "what, then": "x"},
        {"time": "4", "user": "eve", "what, then": "w"},
    ]
    assert [bad.source for bad in failures] == ["log.csv:5"]


def test_csv_without_a_header_loses_no_row(tmp_path: Path) -> None:
    rows, failures = read(written(tmp_path, b"ann,10.0.0.1,in\nben,10.0.0.2,out\n", "log.csv"))
    assert not failures
    assert [row.fields for row in rows] == [
        {"column 1": "ann", "column 2": "10.0.0.1", "column 3": "in"},
        {"column 1": "ben", "column 2": "10.0.0.2", "column 3": "out"},
    ]


def test_a_table_of_nothing_but_a_byte_order_mark_has_no_rows(tmp_path: Path) -> None:
    assert read(written(tmp_path, b"\xef\xbb\xbf", "log.csv")) == ([], [])
    assert len(read(written(tmp_path, b"\xef\xbb\xbf\na,b\n1,2\n", "log.csv"))[0]) == 1


def test_columns_of_one_name_are_all_kept(tmp_path: Path) -> None:
    rows, _ = read(written(tmp_path, b"user,,user\nann,x,ben\n", "log.csv"))
    assert [row.fields for row in rows] == [{"user": "ann", "column 2": "x", "user (column 3)": "ben"}]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_one_clear_failure(tmp_path: Path, encoding: str) -> None:
    data = ("\ufeff" + '{"a": 1}\n' * 100).encode(encoding)
    rows, failures = read(written(tmp_path, data))
    assert not rows
    assert [bad.error for bad in failures] == ["is UTF-16, of which no row can be read; convert it to UTF-8"]


def test_a_zstd_file_that_is_cut_between_two_rows_is_told(tmp_path: Path) -> None:
    engine = zstandard.ZstdCompressor().compressobj()
    data = engine.compress(b'{"a": 1}\n') + engine.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    rows, failures = read(written(tmp_path, data))
    assert len(rows) == 1
    assert [bad.error for bad in failures] == [
        "broken stream: compressed file ended in the middle of a frame"
    ]


def test_csv_is_known_by_its_header_and_a_quote_that_stays_open_costs_one_line(tmp_path: Path) -> None:
    rows, failures = read(written(tmp_path, b'user;host\nann;a\nb"en;b\neve;c\n'))
    assert [row.fields["user"] for row in rows] == ["ann", "eve"]
    assert [bad.error for bad in failures] == ["a quoted cell does not end"]
    rows, _ = read(written(tmp_path, b"some words, and more\nother words, too\n"))
    assert [row.fields for row in rows] == [
        {"message": "some words, and more"},
        {"message": "other words, too"},
    ]


def test_folders_stdin_and_what_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b").mkdir()
    written(tmp_path / "b", b'{"a": 2}\n')
    written(tmp_path, b'{"a": 1}\n', "a.jsonl")
    written(tmp_path, b"", "empty")
    assert [(row.source, row.fields["a"]) for row in read(tmp_path)[0]] == [("a.jsonl:1", 1), ("b/log:1", 2)]
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(b'\xef\xbb\xbf{"a": 3}\n')))
    )
    assert [row.fields["a"] for row in read(Path("-"))[0]] == [3]
    with pytest.raises(InputError):
        read(tmp_path / "nowhere")
    with pytest.raises(InputError, match="no form"):
        read(tmp_path, form="xml")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.sampled_from(["auto", "json", "cef", "leef", "syslog", "csv"]))
def test_any_bytes_become_rows_or_failures(tmp_path: Path, data: bytes, form: str) -> None:
    rows, failures = read(written(tmp_path, data), form=form, limit=1000)
    assert len(rows) + len(failures) <= data.count(b"\n") + data.count(b"{") + 2
