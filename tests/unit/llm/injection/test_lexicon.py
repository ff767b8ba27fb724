from __future__ import annotations

from icelos.llm.injection.lexicon import CONCEPTS, NAMES, beginnings, joined, words


def test_every_word_stands_for_something_and_every_concept_has_words() -> None:
    found = {c for table in (words(), beginnings(), dict(joined())) for cs in table.values() for c in cs}
    assert found == set(range(len(NAMES)))
    assert all(listed == listed.lower() for listed in CONCEPTS.values())


def test_whole_words_and_beginnings() -> None:
    assert NAMES[words()["ignore"][0]] == "override"
    assert NAMES[beginnings()["anweisung"][0]] == "instruction"
    assert dict(joined())["忽略"] == (NAMES.index("override"),)
