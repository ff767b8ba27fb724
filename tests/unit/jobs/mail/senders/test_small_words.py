from icelos.jobs.mail.senders.small_words import SMALL_WORDS


def test_words_are_single_and_in_lower_case() -> None:
    assert {"en", "de", "fr", "es", "pt", "it", "nl"} == set(SMALL_WORDS)
    for words in SMALL_WORDS.values():
        assert len(words) > 40
        assert all(word == word.lower() and " " not in word for word in words)
