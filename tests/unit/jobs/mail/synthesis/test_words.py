import pytest

from icelos.jobs.mail.synthesis.bank import STYLES
from icelos.jobs.mail.synthesis.words import brands, international, known_languages, parts, words


@pytest.mark.parametrize("language", sorted(known_languages()))
def test_every_language_has_what_the_composer_needs(language: str) -> None:
    found = words(language)
    assert len(found.first) >= 20
    assert len(found.last) >= 20
    assert len(found.months) == 12
    assert len(found.weekdays) == 7
    for styled in (found.greetings, found.signoffs, found.footers):
        assert set(styled) == set(STYLES)
        assert all(len(phrases) >= 2 for phrases in styled.values())
    assert set(found.brands) <= set(brands().kinds)


def test_a_language_without_words_borrows_from_english() -> None:
    assert words("xx") is words("en") or words("xx") == words("en")


def test_names_come_from_around_the_world() -> None:
    assert len(international().first) >= 50
    assert len(parts().trades) >= 10


def test_every_hint_belongs_to_a_kind_of_brand() -> None:
    assert set(brands().hints) <= set(brands().kinds)
