"""The table of letters that look alike."""

from __future__ import annotations

import unicodedata

from icelos.jobs.mail.reading.confusables import ALIKE, DRESSED


def test_the_table_leads_to_latin_letters_only() -> None:
    for table in (ALIKE, DRESSED):
        assert all(len(letter) == 1 and letter.isascii() and letter.isalpha() for letter in table.values())
        assert not any(other.isascii() for other in table)


def test_letters_of_other_scripts_are_letters_or_digits_of_them() -> None:
    for other in ALIKE:
        assert unicodedata.category(other) in {"Lu", "Ll", "Lo", "Nd"}, other


def test_what_is_folded_by_compatibility_needs_no_entry() -> None:
    assert not [other for other in ALIKE if unicodedata.normalize("NFKC", other).isascii()]
