"""Records of feed files in every packing, and whatever else may stand in them."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from icelos.data.feeds.records import advisories_of, facts_in, is_feed_file
from icelos.data.parse.intelligence import Facts
from icelos.data.parse.osv_advisories import Advisory
from icelos.errors import InputError

OSV = {"id": "A-1", "affected": []}
KEV = {"cveID": "CVE-2026-0001", "dueDate": "2026-01-01"}
PACKINGS = {
    "a.json": lambda rows: json.dumps(rows, indent=1).encode(),
    "b.json": lambda rows: json.dumps({"vulnerabilities": rows}).encode(),
    "a.jsonl": lambda rows: b"\n\n".join(json.dumps(row).encode() for row in rows),
    "a.jsonl.gz": lambda rows: gzip.compress(b"\r\n".join(json.dumps(row).encode() for row in rows)),
    "a.ndjson.zst": lambda rows: zstandard.compress(b"\n".join(json.dumps(row).encode() for row in rows)),
    "a.json.gz": lambda rows: gzip.compress(json.dumps(rows).encode()),
    "a.zip": lambda rows: _zip({f"d/{n}.json": json.dumps(row).encode() for n, row in enumerate(rows)}),
}


def _zip(members: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return whole.getvalue()


@pytest.mark.parametrize("name", PACKINGS)
def test_every_packing(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(PACKINGS[name]([OSV, OSV | {"id": "A-2"}]))
    assert is_feed_file(path)
    assert [a.id for a in advisories_of(path, name) if isinstance(a, Advisory)] == ["A-1", "A-2"]
    path.write_bytes(PACKINGS[name]([KEV, {"other": 1}, KEV]))
    kinds = [type(item) for item in facts_in(path, name)]
    assert kinds == [Facts, InputError, Facts]


def test_one_object_alone(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(OSV, indent=2))
    assert [type(item) for item in advisories_of(tmp_path / "a.json", "x")] == [Advisory]


@pytest.mark.parametrize("name", ["metadata.json", ".part.a.json", "SOURCE.md", "a.json.part", "a.meta"])
def test_what_is_no_feed_file(name: str) -> None:
    assert not is_feed_file(Path(name))


def test_what_is_cut_short_is_refused_as_a_whole(tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "a.json.gz", "a.zip", "a.ndjson.zst"):
        whole = PACKINGS[name]([OSV | {"id": f"A-{n}", "summary": "x" * n} for n in range(500)])
        (tmp_path / name).write_bytes(whole[: len(whole) * 2 // 3])
        with pytest.raises(InputError) as caught:
            list(advisories_of(tmp_path / name, "feed/x"))
        assert str(caught.value).startswith("feed/x: ")


@pytest.mark.parametrize(
    ("name", "pack"), [("a.jsonl.gz", gzip.compress), ("a.jsonl.zst", zstandard.compress)]
)
def test_a_bomb_of_lines(tmp_path: Path, name: str, pack: Callable[[bytes], bytes]) -> None:
    (tmp_path / name).write_bytes(pack((b" " * 1000 + b"\n") * 20_000))
    with pytest.raises(InputError, match="decompression bomb"):
        list(advisories_of(tmp_path / name, "x"))


def test_a_table(tmp_path: Path) -> None:
    table = '#model:x\ncve,epss,percentile\nCVE-2026-0001,0.5,0.9\n"CVE-2026-0002",0,0\nCVE-2026-0003,0.1\n'
    for name, data in (("a.csv", table.encode()), ("a.csv.gz", gzip.compress(table.encode()))):
        (tmp_path / name).write_bytes(data)
        items = list(facts_in(tmp_path / name, "x"))
        assert [i.epss if isinstance(i, Facts) else i.source for i in items] == [0.5, 0.0, "x:5"]


@given(st.binary(max_size=400), st.sampled_from(["a.json", "a.jsonl", "a.csv", "a.jsonl.gz", "a.zip"]))
@example(b'{"vulnerabilities": [[[]]]}', "a.json")
@example(b'{"vulnerabilities": 7}', "a.json")
@example(b"a" * 200 + b"\n" + b'"', "a.csv")
@example(b"cve,epss\n\xff\n", "a.csv")
@example(b"PK\x03\x04" + b"\0" * 100, "a.zip")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_break_it(tmp_path: Path, data: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    for read in (advisories_of, facts_in):
        with suppress(InputError):
            list(read(path, "x"))
