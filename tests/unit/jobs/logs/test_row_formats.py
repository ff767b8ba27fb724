from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.flat import flat_fields
from icelos.errors import InputError, RunError
from icelos.gpt.grammar.rows import read_cef
from icelos.jobs.logs import row_formats
from icelos.jobs.logs.row_formats import cef_line, flat, format_of, write_rows

_KEYS = st.text("ab.\\é", max_size=3)
_OBJECTS: Any = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=4),
    lambda inner: st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)
ROWS = [
    b'{"time":"2024-05-01T10:00:00Z","userPrincipalName":"ada|x","status":{"errorCode":0},"tags":["a",1]}',
    b"not JSON",
    '{"time":"2024-05-01T11:00:00Z","note":"a=b\\n\\\\ Zoë","status":{"errorCode":7},"ok":null}'.encode(),
]


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.jsonl", "rows"),
        ("a", "rows"),
        ("a.csv", "csv"),
        ("a.csv.gz", "csv"),
        ("a.cef", "cef"),
        ("b.parquet", "parquet"),
    ],
)
def test_the_name_says_the_format(name: str, form: str) -> None:
    assert format_of(Path(name)) == form


def test_rows_stay_as_they_are(tmp_path: Path) -> None:
    assert write_rows(ROWS, tmp_path / "a.gz", "rows", product="m") == 3
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == b"".join(row + b"\n" for row in ROWS)


def test_csv_has_a_column_for_each_path_of_any_row(tmp_path: Path) -> None:
    assert write_rows(ROWS, tmp_path / "a.csv", "csv", product="m") == 2
    first, second = csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text("utf-8"), newline=""))
    assert first == {
        "time": "2024-05-01T10:00:00Z", "userPrincipalName": "ada|x", "status.errorCode": "0",
        "tags": '["a",1]', "note": "", "ok": "",
    }  # fmt: skip
    assert (second["note"], second["status.errorCode"]) == ("a=b\n\\ Zoë", "7")


def test_too_many_columns_are_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_formats, "COLUMNS_LIMIT", 3)
    with pytest.raises(InputError, match="columns"):
        write_rows(ROWS, tmp_path / "a.csv", "csv", product="m")
    assert not list(tmp_path.iterdir())


def test_cef_is_escaped_and_known_fields_have_their_keys(tmp_path: Path) -> None:
    assert write_rows(ROWS, tmp_path / "a.cef", "cef", product="si|gn") == 2
    first, second = (tmp_path / "a.cef").read_text("utf-8").splitlines()
    taken = read_cef(first)
    values = {name: value for name, _, value in taken.keys}
    assert (values["cef2"], values["suser"], values["outcome"]) == ("si\\|gn", "ada|x", "0")
    assert "note=a\\=b\\n\\\\ Zoë" in second
    assert cef_line({"a b": "1", "a.b": "2"}, "m").endswith("a_b=1 a_b=2")


def test_a_cef_header_says_what_the_row_says_and_else_that_it_is_made_up() -> None:
    own = {"cefVersion": "0", "deviceVendor": "Fi|re", "deviceProduct": "wall", "name": "drop", "src": "::1"}
    assert cef_line(own, "m") == "CEF:0|Fi\\|re|wall|1|log|drop|0|src=::1"
    assert cef_line({"name": "drop"}, "m") == "CEF:0|Icelos|m|1|log|log|0|name=drop"


def test_a_dot_in_a_key_is_no_nesting(tmp_path: Path) -> None:
    write_rows([b'{"a.b":1,"a":{"b":2}}'], tmp_path / "a.csv", "csv", product="m")
    assert (tmp_path / "a.csv").read_text().split() == ["a\\.b,a.b", "1,2"]


@given(st.dictionaries(_KEYS, _OBJECTS, max_size=4))
def test_paths_are_those_of_flat_fields_as_far_as_there_is_no_array(row: dict[str, Any]) -> None:
    own = [path.removesuffix("{}") for path in flat_fields(row)]
    assert [path for path, _ in flat(row)] == own


def test_parquet_keeps_nesting(tmp_path: Path) -> None:
    path = tmp_path / "it's [1].parquet"
    assert write_rows(ROWS, path, "parquet", product="m") == 2
    with duckdb.connect() as database:
        found = database.execute("SELECT status.errorCode, note FROM read_parquet(?) ORDER BY 1", [
            str(path).replace("[", "[[]")
        ]).fetchall()  # fmt: skip
    assert found == [(0, None), (7, "a=b\n\\ Zoë")]
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_what_cannot_be_parquet_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no row is a JSON object"):
        write_rows([b"x"], tmp_path / "a.parquet", "parquet", product="m")
    with pytest.raises(InputError, match="packed already"):
        write_rows(ROWS, tmp_path / "a.parquet.gz", "parquet", product="m")
    with pytest.raises(InputError, match="no format"):
        write_rows(ROWS, tmp_path / "a", "xml", product="m")
    assert not list(tmp_path.iterdir())
    assert issubclass(RunError, Exception)
