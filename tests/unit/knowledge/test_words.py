from __future__ import annotations

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from icelos.knowledge.words import MOST_WORDS, Rarity, Term, affordable, phrases


def test_function_words_go_and_compounds_stay() -> None:
    assert phrases("What is the lsass.exe process?") == ['"lsass exe"', '"lsass"', '"exe"', '"process"']


def test_a_question_of_function_words_only_has_no_words() -> None:
    assert phrases("what is it?") == []


def test_the_rarest_are_afforded_first() -> None:
    terms = [Term('"a"', 5), Term('"b"', 50), Term('"c"', 500)]
    assert affordable(terms, budget=60) == terms[:2]
    assert affordable([Term('"c"', 500)], budget=60) == [Term('"c"', 500)], "one is always taken"


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
    assert affordable(rarity.terms(database, "unheard", size=2)) == []
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
