from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.data.parse.text import HARD, cut

if TYPE_CHECKING:
    from tests.unit.data.parse.conftest import One


def test_a_text_file_is_one_document_with_lines(one: One) -> None:
    found = one("log/app.log", "\n\nstart\nCVE-2031-7777 seen\n")
    assert (found.title, found.kind, found.source) == ("app.log", "document", "log/app.log")
    assert [(s.text, s.place) for s in found.sections] == [("start\nCVE-2031-7777 seen", "line 3")]
    assert found.relations[0].target == "CVE-2031-7777"


def test_ids_depend_on_the_logical_name_only(one: One) -> None:
    assert one("a.txt", "x").id == one("a.txt", "other").id != one("b.txt", "x").id


def test_long_texts_are_cut_at_empty_lines() -> None:
    paragraph = "word " * 200
    text = "\n\n".join([paragraph] * 20)
    sections = list(cut("H", text, 10))
    assert len(sections) > 3
    assert all(len(s.text) <= HARD for s in sections)
    assert all(s.text.startswith("word") and s.heading == "H" for s in sections)


@given(st.lists(st.text(alphabet="ab \u00e9", max_size=9000), max_size=12))
@settings(max_examples=60)
def test_places_name_the_line_where_a_section_begins(lines: list[str]) -> None:
    text = "\n".join(lines)
    rows = text.split("\n")
    for section in cut("", text, 1):
        number = int(section.place.removeprefix("line "))
        assert section.text.split("\n")[0] in rows[number - 1]
        assert len(section.text) <= HARD + 1
    kept = "".join(section.text for section in cut("", text, 1))
    assert kept.replace(" ", "").replace("\n", "") == text.replace(" ", "").replace("\n", "")
