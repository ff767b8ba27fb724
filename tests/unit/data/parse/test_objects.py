from __future__ import annotations

import json
from typing import TYPE_CHECKING

from icelos.findings import Failure
from icelos.records import Document

if TYPE_CHECKING:
    from tests.unit.data.parse.conftest import Parse


def test_each_line_by_what_it_is(parse: Parse, samples: dict[str, bytes]) -> None:
    found = parse("mixed.jsonl", samples["mixed.jsonl"])
    assert [d.id for d in found if isinstance(d, Document)] == [
        "osv/GHSA-aaaa-bbbb-cccc",
        "cve/CVE-2031-0003",
        "cwe/CWE-89",
    ]
    assert [d.source for d in found] == ["mixed.jsonl:line 1", "mixed.jsonl:line 2", "mixed.jsonl:line 3"]


def test_a_bad_line_is_one_failure(parse: Parse) -> None:
    found = parse("t.jsonl", '{"title": "a", "x": 1}\n{broken\n[1]\n\n{"title": "b", "x": 2}\n')
    assert [type(item) for item in found] == [Document, Failure, Failure, Document]
    assert [item.source for item in found] == [
        "t.jsonl:line 1",
        "t.jsonl:line 2",
        "t.jsonl:line 3",
        "t.jsonl:line 5",
    ]


def test_lists_and_exports_that_wrap_a_list(parse: Parse) -> None:
    rows = [{"title": "a"}, {"title": "b"}]
    for data in (rows, {"tickets": rows}, {"total": 2, "issues": rows}):
        assert [d.title for d in parse("t.json", json.dumps(data, indent=1)) if isinstance(d, Document)] == [
            "a",
            "b",
        ]


def test_one_object_is_one_document(parse: Parse) -> None:
    (found,) = parse("t.json", json.dumps({"title": "a", "steps": [{"n": 1}], "who": {"x": 1}}, indent=2))
    assert isinstance(found, Document)
    assert found.source == "t.json"


def test_json_that_is_no_object_is_a_failure(parse: Parse) -> None:
    for data in ('["a", "b"]', "[]", "[1, 2]"):
        assert all(isinstance(item, Failure) for item in parse("t.json", data)), data
        assert parse("t.json", data)


def test_deep_json_is_a_failure(parse: Parse) -> None:
    for data in ("[" * 10_000 + "]" * 10_000, '{"a":' * 10_000 + "1" + "}" * 10_000):
        (found,) = parse("deep.json", data)
        assert isinstance(found, Failure)
        assert "deep" in found.error
