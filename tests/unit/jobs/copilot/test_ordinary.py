from __future__ import annotations

from icelos.jobs.copilot.ordinary import NEUTRAL, OPENERS, SYNONYMS
from icelos.jobs.copilot.words import stem


def test_openers_are_words_and_neutral_ones_stems() -> None:
    assert all(word == word.lower() and word.isalpha() for word in OPENERS)
    assert stem("according") in NEUTRAL
    assert not {"emotet", "siemens", "windows"} & OPENERS


def test_no_synonyms_of_opposites() -> None:
    for pair in (("allow", "prevent"), ("enable", "disable"), ("before", "after"), ("older", "newer")):
        assert not any(set(pair) <= group for group in SYNONYMS)
