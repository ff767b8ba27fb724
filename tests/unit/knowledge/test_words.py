from __future__ import annotations

import sqlite3
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from icelos.contracts import Principal
from icelos.knowledge.store import KnowledgeStore
from icelos.knowledge.words import MOST_WORDS, Rarity, Term, affordable, phrases
from icelos.records import Document, Section


def test_function_words_go_and_compounds_stay() -> None:
    assert phrases("What is the lsass.exe process?") == ['"lsass exe"', '"lsass"', '"exe"', '"process"']


def test_a_question_of_function_words_only_has_no_words() -> None:
    assert phrases("what is it?") == []


def test_the_rarest_are_afforded_first() -> None:
    terms = [Term('"a"', 5), Term('"b"', 50), Term('"c"', 500)]
    assert affordable(terms, size=1000, work=700) == terms[:2]
    assert affordable([Term('"c"', 500)], size=1000, work=60) == [Term('"c"', 500)], "one is always taken"


def test_rarity_is_counted_again_when_the_store_has_grown() -> None:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE words USING fts5(context, text)")
    database.execute("INSERT INTO words VALUES ('', 'spray')")
    rarity = Rarity()
    assert [t.rows for t in rarity.terms(database, "spray", size=1)] == [1]
    database.execute("INSERT INTO words VALUES ('', 'spray')")
    assert [t.rows for t in rarity.terms(database, "spray", size=1)] == [1]
    assert [t.rows for t in rarity.terms(database, "spray", size=2)] == [2]
    assert [t.rows for t in rarity.terms(database, "unheard spray", size=2)] == [0, 2]
    assert affordable(rarity.terms(database, "unheard", size=2), size=2) == []
    database.close()


@given(st.text(max_size=3000))
def test_any_text_is_a_valid_query(text: str) -> None:
    found = phrases(text)
    assert len(found) <= MOST_WORDS + 9
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE words USING fts5(text)")
    for phrase in found:
        database.execute("SELECT count(*) FROM words WHERE words MATCH ?", (phrase,)).fetchone()
    database.close()


def test_a_word_that_was_asked_for_in_vain_is_found_once_it_is_there(tmp_path: Path) -> None:
    with KnowledgeStore(tmp_path / "knowledge.sqlite") as store:
        store.add([_document(str(number), f"filler {number}") for number in range(30)])
        assert store.search("unicorn", principal=Principal("ann")) == []
        store.add([_document("late", "the unicorn jumps")])
        assert [hit.document_id for hit in store.search("unicorn", principal=Principal("ann"))] == ["late"]


def _document(identity: str, text: str) -> Document:
    return Document(id=identity, source=identity, title=identity, sections=(Section("", text),))
