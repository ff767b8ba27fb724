import numpy as np

from icelos.jobs.mail.senders.hashing import MOST_CACHED, Hasher


def test_hashes_are_stable_and_depend_on_the_salt() -> None:
    one, same, other = Hasher(b"a" * 16), Hasher(b"a" * 16), Hasher(b"b" * 16)
    assert one.key("x") == same.key("x") != other.key("x")
    assert one.value("x") == same.value("x") != other.value("x")
    assert len(one.key("x")) == 16


def test_grams_count_every_sequence_once() -> None:
    hasher = Hasher(b"a" * 16)
    found = hasher.grams("abcabc", 3, 64)
    assert found.sum() == 4
    assert found.max() == 2  # "abc" twice
    assert not hasher.grams("ab", 3, 64).any()
    assert not np.array_equal(found, Hasher(b"b" * 16).grams("abcabc", 3, 64))


def test_the_cache_is_bounded_and_lone_surrogates_are_taken() -> None:
    hasher = Hasher(b"a" * 16)
    for number in range(MOST_CACHED + 10):
        hasher.value(str(number))
    assert len(hasher._cache) <= MOST_CACHED
    assert hasher.value("\ud800") >= 0
    assert hasher.grams("\ud800\ud800\ud800", 3, 64).sum() == 1
