import numpy as np
import pytest

from icelos.jobs.mail.senders.hashing import Hasher
from icelos.jobs.mail.senders.style import ENOUGH, NUMBERS, SLICES, TABLES, language, style

HASHER = Hasher(b"a" * 16)


def test_tables_and_numbers_of_a_text() -> None:
    found = style("The pump, I think, is broken.  Is it?", HASHER)
    assert found.tables.shape == (sum(TABLES.values()),)
    assert len(found.numbers) == len(NUMBERS)
    assert found.words == 12
    numbers = dict(zip(NUMBERS, found.numbers, strict=True))
    assert numbers["commas"] > 0
    assert numbers["questions"] > 0
    assert numbers["wide spaces"] > 0
    assert numbers["exclamations"] == 0


def test_no_text_is_nothing() -> None:
    found = style("", HASHER)
    assert found.words == 0
    assert set(found.numbers) == {0.0}


def test_a_long_mail_counts_as_one_of_enough_words() -> None:
    found = style("some other words of it and more. " * 3000, HASHER)
    for part in SLICES.values():
        assert found.tables[part].sum() <= ENOUGH * 1.001


def test_what_mail_programs_make_of_typed_marks_is_the_same() -> None:
    plain, smart = (
        style('It\'s "so" - really...', HASHER),
        style("It\u2019s \u201cso\u201d \u2013 really\u2026", HASHER),
    )
    assert np.array_equal(plain.tables, smart.tables)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("this is what we have to do with it", "en"),
        ("das ist nicht für dich und auch nicht für mich", "de"),
        ("nous avons une maison dans la ville et vous", "fr"),
        ("это не то что нам нужно", "cyrillic"),
        ("zzz qqq www xxx yyy", "other"),
        ("too short", ""),
    ],
)
def test_language(text: str, name: str) -> None:
    assert language(text.split()) == name
