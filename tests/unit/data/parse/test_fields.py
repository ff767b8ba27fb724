from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from icelos.data.parse import fields
from icelos.data.parse.fields import HIDDEN, Content, clean, guarded, labelled, mentions, moment
from icelos.errors import InputError
from icelos.findings import Failure
from icelos.records import Document, Relation, Section


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-01-02", datetime(2024, 1, 2, tzinfo=UTC)),
        ("2024-01-02T03:04:05Z", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2024-01-02T03:04:05+02:00", datetime(2024, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("2024/01/02", datetime(2024, 1, 2, tzinfo=UTC)),
        ("January 2, 2024", datetime(2024, 1, 2, tzinfo=UTC)),
        (date(2024, 1, 2), datetime(2024, 1, 2, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("soon", None),
        ("2024-13-45", None),
        (None, None),
        ({"a": 1}, None),
    ],
)
def test_moment(value: object, expected: datetime | None) -> None:
    assert moment(value) == expected


def test_fields_of_any_type_are_read_as_text_or_not_at_all() -> None:
    row = {"a": 5, "b": ["x", 2, None, {"y": 1}], "c": {"d": {"e": "deep"}}, "f": True, "g": "one"}
    assert fields.text_of(row, "missing", "c", "a") == "5"
    assert fields.texts_of(row, "b") == ["x", "2"]
    assert fields.texts_of(row, "g") == ["one"]
    assert fields.dict_of(row, "c", "d") == {"e": "deep"}
    assert fields.dict_of(row, "a", "d") == {}
    assert fields.dicts_of(row, "b") == [{"y": 1}]
    assert fields.text_of(row, "f") == "true"


def test_labelled_lines_are_one_line_each() -> None:
    assert labelled([("A", "x\ny"), ("B", ""), ("C", ["p", "q"])]) == "A: x y\nC: p, q"


def test_mentions_are_whole_identifiers_once() -> None:
    text = "T1110.003 and T1110, CVE-2031-1 no, CVE-2031-12345 twice CVE-2031-12345; CWE-79x; part T1110.0031"
    found = [relation.target for relation in mentions(text)]
    assert found == ["T1110.003", "T1110", "CVE-2031-12345"]


def test_clean_normalises_every_text_and_tags_what_was_hidden() -> None:
    smuggled = "".join(chr(0xE0000 + ord(c)) for c in "evil")
    document = Document(
        id="x",
        source="s",
        title="A\u200b title\n",
        sections=(Section("H\u200b", f"text{smuggled}", "line 1"), Section("", " ", "")),
        aliases=("a\u200b", "a"),
        relations=(Relation("uses", "T1\u200b", "n"),),
        tags=("t",),
    )
    found = clean(document)
    assert found.title == "A title"
    assert found.sections == (Section("H", "text", "line 1"),)
    assert found.aliases == ("a",)
    assert found.relations == (Relation("uses", "T1", "n"),)
    assert found.tags == ("t", HIDDEN)


def test_guarded_turns_shape_errors_into_failures() -> None:
    def broken() -> list[Document]:
        raise KeyError("name")

    def refused() -> list[Document]:
        raise InputError("no id")

    for build, reason in ((broken, "not shaped as expected"), (refused, "no id")):
        (found,) = guarded("f.json", "row 3", build)
        assert isinstance(found, Failure)
        assert reason in found.error
        assert found.source == "f.json:row 3"


@pytest.mark.parametrize(
    ("name", "suffix", "stem"),
    [
        ("a/b/phish_play.md", "md", "phish play"),
        ("x.csv.gz", "csv", "x"),
        ("README", "", "README"),
        (".md", "md", ".md"),
    ],
)
def test_stem(name: str, suffix: str, stem: str) -> None:
    assert Content(name, "", suffix).stem == stem
