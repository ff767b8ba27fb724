"""A passage is found at its place, and nothing of the document is lost or doubled around it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.knowledge.chunks import chunk
from icelos.records import Document, Section
from icelos.web.passages import around, page

LONG = " ".join(f"Sentence number {n} of the long one." for n in range(400))


def test_a_slice_of_a_section_is_cut_out() -> None:
    sections = (Section("A", "one two three", "line 1"), Section("B", "four five six", "line 4"))
    parts, before, after = around(sections, "five", heading="B", place="line 4")
    assert [(p.before, p.passage, p.after) for p in parts] == [
        ("one two three", "", ""),
        ("four ", "five", " six"),
    ]
    assert (before, after) == (False, False)


def test_equal_texts_are_told_apart_by_their_place() -> None:
    sections = tuple(Section("Example", "Same words.", f"row {n}") for n in range(3))
    parts, _, _ = around(sections, "Same words.", heading="Example", place="row 2")
    assert [p.passage for p in parts] == ["", "", "Same words."]


def test_a_passage_over_joined_sections_is_cut_out_of_each() -> None:
    sections = (Section("A", "one", "line 1"), Section("B", "two", "line 2"), Section("C", "three", ""))
    parts, _, _ = around(sections, "one\n\nB\ntwo", heading="A", place="line 1")
    assert [p.passage for p in parts] == ["one", "two", ""]
    assert parts[2].before + parts[2].after == "three"


def test_a_long_document_is_shown_around_the_passage_only() -> None:
    parts, before, after = around((Section("A", LONG),), "Sentence number 200 of", window=100)
    assert (before, after) == (True, True)
    assert len(parts[0].before) == len(parts[0].after) == 100


@pytest.mark.parametrize("passage", ["nowhere", ""])
def test_what_stands_nowhere_is_given_alone(passage: str) -> None:
    parts, before, after = around((Section("A", "text"),), passage, heading="H")
    assert [(p.heading, p.passage) for p in parts] == [("H", passage)]
    assert (before, after) == (False, False)


words = st.text(st.characters(codec="utf-8"), max_size=300)
sections = st.lists(st.builds(Section, st.sampled_from(["", "A", "B"]), words, st.just("line 1")), max_size=8)


@settings(max_examples=60, deadline=None)
@given(sections)
def test_every_chunk_of_any_document_is_found_and_nothing_is_lost(given: list[Section]) -> None:
    document = Document(id="d", source="s", title="Title", sections=tuple(given))
    texts = [section.text.strip() for section in given if section.text.strip()]
    for piece in chunk(document) if texts else ():
        parts, before, after = around(given, piece.text, heading=piece.heading, place=piece.place)
        assert [p.before + p.passage + p.after for p in parts] == texts
        assert (before, after) == (False, False)
        assert any(p.passage for p in parts)


def test_a_page_ends_before_the_limit_and_says_where_to_go_on() -> None:
    sections = tuple(Section(str(n), "x" * 40) for n in range(5))
    shown, rest = page(sections, 0, limit=100)
    assert (len(shown), rest) == (2, 2)
    shown, rest = page(sections, 4, limit=100)
    assert (len(shown), rest) == (1, None)
    assert page(sections, 99) == ((), None)


def test_a_section_over_the_limit_is_cut() -> None:
    shown, rest = page((Section("A", "x" * 500), Section("B", "y")), 0, limit=100)
    assert shown[0].text.endswith("[…]")
    assert rest == 1
