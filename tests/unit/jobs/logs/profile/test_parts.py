from __future__ import annotations

import gzip
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.reading import lines_within, read_lines
from icelos.errors import InputError, RunError
from icelos.jobs.logs.profile import parts
from icelos.jobs.logs.profile.parts import cut, profile_log
from icelos.jobs.logs.profile.profile import Profile, Profiler, profile_rows
from icelos.jobs.logs.profile.rows import Row, RowSource


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lines, packed lines, an array, a table and a file that is none; some lines are broken."""
    monkeypatch.setattr(parts, "PART", 2000)
    rows = [
        b'{"id": "%d", "user": "u%d", "n": %d, "at": "2025-01-%02dT00:00:00Z"}' % (n, n % 7, n, n % 28 + 1)
        for n in range(300)
    ]
    rows[120] = rows[250] = b"{broken"
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(rows) + b"\n")
    with gzip.open(tmp_path / "b.jsonl.gz", "wb") as packed:
        packed.write(b"\n".join(rows))
    (tmp_path / "c.json").write_bytes(b"[" + b",".join(row for row in rows if b"broken" not in row) + b"]")
    (tmp_path / "d.csv").write_text("id,user\n" + "".join(f'{n},"u\n{n % 3}"\n' for n in range(400)))
    (tmp_path / "e.log").write_bytes("x".encode("utf-16") * 2000)
    return tmp_path


def _comparable(found: Profile) -> Profile:
    """Without what depends on the order in which values are counted."""
    fields = tuple(msgspec.structs.replace(field, top=(), formats={}) for field in found.fields)
    return msgspec.structs.replace(found, fields=fields)


def test_parts_tell_what_the_whole_tells(folder: Path) -> None:
    source = RowSource(str(folder))
    assert sum(profile_rows(source).kinds.values()) == profile_rows(source).rows
    assert len(cut(source)) > 10
    assert _comparable(profile_log(source, workers=1)) == _comparable(profile_rows(source))


def test_the_number_of_processes_does_not_show(folder: Path) -> None:
    source = RowSource(str(folder / "a.jsonl"))
    found = profile_log(source, workers=1)
    assert profile_log(source, workers=2) == found
    assert [told.partition(": ")[0] for told in found.first_failures] == ["a.jsonl:121", "a.jsonl:251"]


def test_a_process_that_ends_early_is_one_clear_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> Profiler:
        raise BrokenProcessPool

    monkeypatch.setattr(ProcessPoolExecutor, "map", lambda _, __, parts: map(broken, parts))
    with pytest.raises(RunError, match="ended early"):
        profile_log(RowSource(str(folder)), workers=2)


def test_only_lines_are_cut(folder: Path) -> None:
    source = RowSource(str(folder))
    cuts = {span.path.name for part in cut(source) for span in part.spans if span.end is not None}
    assert cuts == {"a.jsonl"}
    tables = cut(RowSource(str(folder), "csv"))
    assert not any(span.end for part in tables for span in part.spans)
    assert cut(RowSource("-")) == [RowSource("-")]
    with pytest.raises(InputError, match="no such file"):
        cut(RowSource(str(folder / "nothing")))


def test_a_small_log_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n')
    assert cut(RowSource(str(path))) == [RowSource(str(path))]
    assert profile_log(RowSource(str(path)), workers=8).rows == 1


def test_rows_of_parts_are_those_of_the_file(folder: Path) -> None:
    source = RowSource(str(folder / "a.jsonl"))
    whole = [row.raw for row in source if isinstance(row, Row)]
    assert [row.raw for part in cut(source) for row in part if isinstance(row, Row)] == whole


def _spans(data: bytes, size: int) -> Iterator[tuple[int, int]]:
    return ((begin, min(begin + size, len(data))) for begin in range(0, len(data), size))


@given(st.lists(st.binary(max_size=12)).map(b"\n".join), st.integers(1, 9), st.integers(1, 20))
def test_spans_have_each_line_once(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, size: int, limit: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "spans"
    path.write_bytes(data)
    found = []
    for begin, end in _spans(data, size):
        with path.open("rb") as stream:
            found += [(line.data, line.overlong) for line in lines_within(stream, begin, end, limit=limit)]
    with path.open("rb") as stream:
        assert found == [(line.data, line.overlong) for line in read_lines(stream, limit=limit)]
