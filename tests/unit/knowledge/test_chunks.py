from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from icelos.knowledge.chunks import CHARACTERS, WORDS, chunk
from icelos.records import Document, Section

Make = Callable[..., Document]


def test_a_small_document_is_one_chunk(make: Make) -> None:
    document = make(
        "a", title="Title", identifiers=("T1",), aliases=("Name",),
        sections=(Section("One", "First.", "line 1"), Section("Two", "Second.", "line 5")),
    )  # fmt: skip
    (only,) = chunk(document)
    assert only.text == "First.\n\nTwo\nSecond."
    assert (only.heading, only.place) == ("One", "line 1")
    assert only.context == "Title\nOne\nT1 Name"


def test_items_of_a_list_stay_apart(make: Make) -> None:
    sections = (Section("About", "Text."), *(Section("Example", f"Number {n}.") for n in range(3)))
    found = chunk(make("a", sections=sections))
    assert [c.text for c in found] == ["Text.", "Number 0.", "Number 1.", "Number 2."]


def test_names_are_indexed_once(make: Make) -> None:
    sections = tuple(Section("Example", f"Number {n}.") for n in range(3))
    contexts = [c.context for c in chunk(make("a", title="Title", identifiers=("T1",), sections=sections))]
    assert contexts == ["Title\nExample\nT1", "Title\nExample", "Title\nExample"]


def test_long_text_is_cut_at_sentences_with_its_line(make: Make) -> None:
    text = "\n".join(f"Sentence number {n} says something about it." for n in range(200))
    found = chunk(make("a", sections=(Section("Long", text, "line 10"),)))
    assert len(found) > 3
    for one in found:
        assert one.text.endswith(".")
        line = int(one.place.removeprefix("line "))
        assert text.split("\n")[line - 10] == one.text.split("\n")[0]


def test_a_document_without_text_is_its_title(make: Make) -> None:
    (only,) = chunk(make("a", title="Nothing in it", sections=(Section("", "  \n"),)))
    assert only.text == "Nothing in it"


@given(st.text(alphabet="ab .\n-1A!?\u3000é", max_size=6000), st.integers(1, 40))
def test_chunks_hold_all_of_the_text_in_bounded_slices(text: str, repeat: int) -> None:
    whole = (text * repeat)[:30_000]
    document = Document(id="x", source="x", title="t", sections=(Section("H", whole, "line 1"),))
    found = chunk(document)
    if not whole.strip():
        return
    assert "".join("".join(c.text.split()) for c in found) == "".join(whole.split())
    position = 0
    for one in found:
        position = whole.index(one.text, position) + len(one.text)
        assert len(one.text) <= CHARACTERS + 1
        assert len(one.text.split()) <= WORDS


def test_text_without_any_boundary_is_cut(make: Make) -> None:
    found = chunk(make("a", sections=(Section("", "A" * 100_000),)))
    assert [len(c.text) for c in found][:2] == [CHARACTERS, CHARACTERS]
    assert sum(len(c.text) for c in found) == 100_000
