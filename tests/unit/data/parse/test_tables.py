from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from icelos.findings import Failure
from icelos.records import Document

if TYPE_CHECKING:
    from tests.unit.data.parse.conftest import One, Parse


def test_a_document_a_row(parse: Parse, samples: dict[str, bytes]) -> None:
    first, second = parse("tickets.csv", samples["tickets.csv"])
    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert (first.title, first.kind, first.source) == ("Spray on mail", "ticket", "tickets.csv:row 1")
    assert first.identifiers == ("SEC-1",)
    assert first.modified == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert first.facts["status"] == "Open"
    assert "description: First line\nsecond, line" in first.text
    assert second.relations[0].target == "CVE-2031-1111"


def test_ids_follow_the_key_and_not_the_position(parse: Parse) -> None:
    before = parse("t.csv", "key,summary\nA-1,one\nA-2,two\n")
    after = parse("t.csv", "key,summary\nA-0,new\nA-1,one\nA-2,two\n")
    assert [d.id for d in before if isinstance(d, Document)] == [
        d.id for d in after[1:] if isinstance(d, Document)
    ]


def test_a_key_that_comes_twice_names_one_row_only(parse: Parse) -> None:
    first, second = parse("t.csv", "id,summary\nA-1,one\nA-1,two\n")
    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert first.id != second.id
    assert second.identifiers == ()


def test_semicolons_tabs_and_uneven_rows(parse: Parse) -> None:
    rows = parse("t.csv", "name;note\none;a;extra\ntwo\n\n")
    assert [d.title for d in rows if isinstance(d, Document)] == ["one", "two"]
    assert "more: extra" in rows[0].text  # type: ignore[union-attr]
    assert parse("t.tsv", "name\tnote\nx\ty\n")[0].title == "x"  # type: ignore[union-attr]


def test_a_cell_beyond_bounds_is_one_failure(parse: Parse) -> None:
    rows = parse("t.csv", f'id,text\n1,ok\n2,"{"x" * (1 << 20 | 7)}"\n3,fine\n')
    assert [type(row) for row in rows] == [Document, Failure, Document]


def test_nested_objects_become_dotted_fields(one: One) -> None:
    found = one(
        "t.json", '{"title": "T", "who": {"name": "n", "roles": ["a", "b"]}, "steps": [{"do": 1}, {"do": 2}]}'
    )
    assert found.text.split("\n") == [
        "title: T",
        "who.name: n",
        "who.roles: a, b",
        "steps.1.do: 1",
        "steps.2.do: 2",
    ]


def test_an_empty_row_is_a_failure(parse: Parse) -> None:
    (found,) = parse("t.jsonl", '{"a": null}\n')
    assert isinstance(found, Failure)
