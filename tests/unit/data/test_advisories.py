"""Advisories from files: formats, poison among them, look-up by package and release."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from icelos.data.advisories import Advisories, load_advisories
from icelos.data.parse.purls import Place
from icelos.errors import InputError

FLASK = Place("PyPI", "", "flask", "1.0")


def _osv(number: int, name: str = "Flask", ecosystem: str = "PyPI", **more: Any) -> dict[str, Any]:
    affected = {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}],
    }
    return {"id": f"PYSEC-{number}", "summary": "s", "affected": [affected], "modified": "2020", **more}


SECDB = {
    "distroversion": "v3.10",
    "packages": [
        {"pkg": {"name": "zlib", "secfixes": {
            "1.2-r1": ["CVE-2020-1001 (+ fix)", "CVE-2020-1002 CVE-2020-1003"], "0": ["CVE-2020-1004"]}}},
        {"pkg": {"secfixes": {}}},
        {"pkg": {"name": "none", "secfixes": None}},
        {"pkg": {"name": "xen", "secfixes": {"4-r0": ["XSA-1"], "5-r0": ["XSA-1"]}}},
    ],
}  # fmt: skip


def _lines(*items: Any) -> bytes:
    return b"".join(
        (item if isinstance(item, bytes) else json.dumps(item).encode()) + b"\n" for item in items
    )


def _loaded(tmp_path: Path, content: bytes, name: str = "a.jsonl") -> Advisories:
    (tmp_path / name).write_bytes(content)
    return load_advisories(tmp_path)


def test_poison_among_lines(tmp_path: Path) -> None:
    deep = b'{"id": "x", "affected": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    bad = _osv(2) | {"affected": [{"package": {"ecosystem": 7, "name": "x"}}]}
    found = _loaded(
        tmp_path, _lines(_osv(1), b"not json", bad, deep, {"other": 1}, _osv(3, id="")) + _lines(_osv(4))
    )
    assert list(found.about(FLASK)) == ["PYSEC-1", "PYSEC-4"]
    assert [failure.source for failure in found.failures] == [f"a.jsonl:{n}" for n in (2, 3, 4, 5, 6)]


def test_withdrawn_advisories_are_left_out(tmp_path: Path) -> None:
    found = _loaded(tmp_path, _lines(_osv(1), _osv(2, withdrawn="2021-01-01T00:00:00Z")))
    assert list(found.about(FLASK)) == ["PYSEC-1"]
    assert found.failures == []


@pytest.mark.parametrize("name", ["a.json", "a.json.gz", "b/c.json"])
@pytest.mark.parametrize("indent", [None, 2])
def test_one_document_a_file(tmp_path: Path, name: str, indent: int | None) -> None:
    data = json.dumps(_osv(1), indent=indent).encode()
    (tmp_path / "b").mkdir()
    found = _loaded(tmp_path, gzip.compress(data) if name.endswith("gz") else data, name)
    assert list(found.about(FLASK)) == ["PYSEC-1"]


def test_a_list_in_a_document(tmp_path: Path) -> None:
    found = _loaded(tmp_path, json.dumps([_osv(1), 7, _osv(2)], indent=1).encode(), "a.json")
    assert list(found.about(FLASK)) == ["PYSEC-1", "PYSEC-2"]
    assert len(found.failures) == 1


def test_alpines_security_fixes(tmp_path: Path) -> None:
    found = _loaded(tmp_path, _lines(SECDB))
    zlib = found.about(Place("Alpine", "v3.10", "zlib", "1.2-r0", True))
    assert list(zlib) == [f"CVE-2020-100{n}" for n in (1, 2, 3, 4)]
    xen = found.about(Place("Alpine", "v3.10", "xen", "4-r0", True))["XSA-1"]
    assert [r.events[1] for r in xen[0].affected.ranges] == [("fixed", "4-r0"), ("fixed", "5-r0")]
    assert found.about(Place("Alpine", "v3.11", "zlib", "1.2-r0", True)) == {}
    (failure,) = found.failures
    assert failure.source == "a.jsonl:1:packages[2]"


def test_releases(tmp_path: Path) -> None:
    found = _loaded(tmp_path, _lines(_osv(1, "a", "Ubuntu:22.04:LTS"), _osv(2, "a", "Ubuntu:20.04:LTS")))
    assert list(found.about(Place("Ubuntu", "22.04", "a", "1", True))) == ["PYSEC-1"]
    assert len(found.about(Place("Ubuntu", "", "a", "1", True))) == 2
    assert found.covers(Place("Ubuntu", "22.04", "b", "1", True))
    assert not found.covers(Place("Ubuntu", "24.04", "b", "1", True))
    assert not found.covers(FLASK)


def test_two_documents_under_one_id_stand_side_by_side(tmp_path: Path) -> None:
    found = _loaded(tmp_path, _lines(_osv(1), _osv(1, summary="again")))
    assert len(found.about(FLASK)["PYSEC-1"]) == 2


def test_a_broken_stream_costs_its_rest(tmp_path: Path) -> None:
    packed = gzip.compress(_lines(*(_osv(n, summary=os.urandom(400).hex()) for n in range(200))))
    (tmp_path / "b.jsonl").write_bytes(_lines(_osv(900)))
    found = _loaded(tmp_path, packed[: len(packed) // 2], "a.jsonl.gz")
    assert 1 < len(found.about(FLASK)) < 200
    assert "PYSEC-900" in found.about(FLASK)
    assert len(found.failures) == 1
    assert found.failures[0].source == "a.jsonl.gz"


def test_other_files_of_a_folder_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "SOURCE.md").write_text("# not advisories")
    assert _loaded(tmp_path, _lines(_osv(1))).failures == []


def test_changed_files_are_read_again(tmp_path: Path) -> None:
    first = _loaded(tmp_path, _lines(_osv(1)))
    assert load_advisories(tmp_path) is first
    assert list(_loaded(tmp_path, _lines(_osv(1), _osv(2))).about(FLASK)) == ["PYSEC-1", "PYSEC-2"]


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_advisories(tmp_path / "none")
    with pytest.raises(InputError, match=r"no \*\.json"):
        load_advisories(tmp_path)


def test_text_is_cut_and_on_one_line(tmp_path: Path) -> None:
    record = _osv(1, details="long\n" * 1000, aliases=["CVE-2020-9"])
    del record["summary"]
    ((statement,),) = _loaded(tmp_path, _lines(record)).about(FLASK).values()
    assert len(statement.advisory.summary) == 400
    assert "\n" not in statement.advisory.summary
    assert statement.advisory.title == "CVE-2020-9"
