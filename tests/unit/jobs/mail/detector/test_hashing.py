from __future__ import annotations

import subprocess
import sys

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.jobs.mail.detector.hashing import columns_of, run_columns, word_columns

BITS = 1 << 18


def _theirs(strings: list[str]) -> list[int]:
    from sklearn.utils import murmurhash3_32

    return [abs(int(murmurhash3_32(one.encode(), 0))) % BITS for one in strings]


def _runs(word: str) -> list[str]:
    return [word[at : at + size] for size in (3, 4, 5) for at in range(len(word) - size + 1)]


def test_known_hashes_of_every_length_of_a_last_block() -> None:
    strings = ["", "a", "ab", "abc", "abcd", "abcde", "€uro", "¤url", "x" * 41]
    assert columns_of(strings, BITS).tolist() == _theirs(strings)
    assert columns_of([], BITS).tolist() == []


def test_words_and_pairs_of_each_text() -> None:
    words = ["please", "bestätigen", "¤url", "!!"]
    pairs = ["please bestätigen", "bestätigen ¤url", "¤url !!"]
    rows, found = word_columns([words, [], ["one"]], BITS)
    assert sorted(found[rows == 0]) == sorted(_theirs([*words, *pairs]))
    assert found[rows == 2].tolist() == _theirs(["one"])
    assert len(found) == 8
    assert [len(part) for part in word_columns([[], []], BITS)] == [0, 0]


def test_runs_stay_within_a_word_and_its_spaces() -> None:
    rows, found = run_columns(["", "über  a", " \n", "neu"], 3, 5, BITS)
    assert sorted(found[rows == 1]) == sorted(_theirs([*_runs(" über "), *_runs(" a ")]))
    assert sorted(found[rows == 3]) == sorted(_theirs(_runs(" neu ")))
    assert set(rows) == {1, 3}
    assert [len(part) for part in run_columns([""], 3, 5, BITS)] == [0, 0]


def test_more_stretches_than_are_hashed_at_once() -> None:
    words = [f"word{number}" * (number % 7) for number in range(20_000)]
    assert columns_of(words, BITS).tolist() == _theirs(words)


@settings(deadline=None)  # the first example imports scikit-learn
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30), max_size=20))
def test_any_words_have_the_columns_of_scikit_learn(words: list[str]) -> None:
    assert columns_of(words, BITS).tolist() == _theirs(words)


def test_lone_surrogates_have_a_column_too() -> None:
    assert np.all(columns_of(["\ud800"], BITS) == columns_of(["?"], BITS))


def test_judging_does_not_need_scikit_learn() -> None:
    code = (
        "import sys; from icelos.jobs.mail.detector.vectors import vectors; vectors(['please confirm']); "
        "sys.exit('sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
