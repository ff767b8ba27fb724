from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.evaluate.rouge import Words, most_typical, rouge_l, rouge_n, self_rouge, words


def f1(shared: float, left: int, right: int) -> float:
    """Lin (2004), equations 1 to 4, with beta = 1."""
    if not shared:
        return 0.0
    precision, recall = shared / left, shared / right
    return 2 * precision * recall / (precision + recall)


def n_defined(left: Words, right: Words, n: int) -> float:
    grams = [Counter(tuple(text[i : i + n]) for i in range(len(text) - n + 1)) for text in (left, right)]
    return f1((grams[0] & grams[1]).total(), grams[0].total(), grams[1].total())


def l_defined(left: Words, right: Words) -> float:
    @cache
    def longest(i: int, j: int) -> int:
        if i == len(left) or j == len(right):
            return 0
        if left[i] == right[j]:
            return 1 + longest(i + 1, j + 1)
        return max(longest(i + 1, j), longest(i, j + 1))

    return f1(longest(0, 0), len(left), len(right))


_TEXTS = st.lists(st.lists(st.sampled_from("abcd"), max_size=9), min_size=1, max_size=5)


@settings(deadline=None)  # the first one imports scipy
@given(_TEXTS, _TEXTS, st.integers(1, 3))
def test_rouge_n_is_what_its_definition_says(left: list[Words], right: list[Words], n: int) -> None:
    found = rouge_n(left, right, n)
    table = [[n_defined(one, other, n) for other in right] for one in left]
    assert found.best == pytest.approx(sum(map(max, table)) / len(left))
    assert found.average == pytest.approx(sum(sum(row) / len(right) for row in table) / len(left))


@given(_TEXTS, _TEXTS)
def test_rouge_l_is_what_its_definition_says(left: list[Words], right: list[Words]) -> None:
    found = rouge_l(left, right)
    table = [[l_defined(one, other) for other in right] for one in left]
    assert found.best == pytest.approx(sum(map(max, table)) / len(left))
    assert found.average == pytest.approx(sum(sum(row) / len(right) for row in table) / len(left))


@given(_TEXTS.filter(lambda texts: len(texts) > 1))
def test_self_rouge_leaves_the_text_itself_out(texts: list[Words]) -> None:
    best = [max(n_defined(t, o, 2) for j, o in enumerate(texts) if j != i) for i, t in enumerate(texts)]
    assert self_rouge(texts) == pytest.approx(sum(best) / len(best))


def test_the_medoid() -> None:
    texts = [words(text) for text in ("x y z", "a b c d", "a b c e", "a b c d e", "p q")]
    means = [sum(n_defined(text, other, 2) for other in texts) for text in texts]
    assert most_typical(texts) == means.index(max(means))


def test_words_and_nothing_to_compare() -> None:
    assert words('{"User-Id": "a.B@x", "n": 17}') == ["user", "id", "a", "b", "x", "n", "17"]
    assert rouge_n([], [["a"]], 1).best != rouge_n([], [["a"]], 1).best  # NaN
    assert self_rouge([["a"]]) != self_rouge([["a"]])
    many = [["w"] * 3 for _ in range(600)]  # more than one block
    assert rouge_n(many, many[:2], 2) == (1.0, 1.0)
    assert self_rouge(many) == 1.0
