"""Views of mails as numbers: hashed words and word pairs, and hashed runs of characters.

Hashing keeps no word of the mail that a model was trained on, and needs no vocabulary that grows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

WORD_BITS = 18
CHARACTER_BITS = 18
WORDS = 1 << WORD_BITS
FEATURES = WORDS + (1 << CHARACTER_BITS)
FOLDED = 1 << 16
"""Columns for models of many outputs: those of `FEATURES`, folded."""

_TOKEN = r"(?u)[¤\w][\w']{0,39}|[!?]{1,3}"  # noqa: S105 - a pattern of words
_PIECE = re.compile(_TOKEN)


def vectors(views: Sequence[str]) -> Any:
    """One row a view, shape (len(views), FEATURES): a sparse matrix of float32, each half of length one.

    Counts are damped by their square root: a word that comes nine times says three times as much.
    """
    from scipy import sparse

    if not views:
        return sparse.csr_matrix((0, FEATURES), dtype=np.float32)
    words, characters = _vectorizers()
    halves = [_damped(part.transform(views)) for part in (words, characters)]
    return sparse.hstack(halves, format="csr", dtype=np.float32)


def folded(rows: Any) -> Any:
    """`vectors` with each half folded to half of `FOLDED` columns; shape (n, FOLDED)."""
    from scipy import sparse

    whole, half = rows.tocoo(), FOLDED // 2
    places = whole.col % half + np.where(whole.col < WORDS, 0, half)
    return sparse.csr_matrix((whole.data, (whole.row, places)), shape=(whole.shape[0], FOLDED))


def pieces(view: str) -> list[str]:
    """The words of a view as `vectors` takes them, single and in pairs, each once, in order."""
    words = _PIECE.findall(view)
    return list(dict.fromkeys([*words, *(f"{one} {two}" for one, two in pairwise(words))]))


def columns(words: Sequence[str]) -> list[int]:
    """The column of each word or pair of words in `vectors`."""
    from sklearn.feature_extraction import FeatureHasher

    if not words:
        return []
    hasher = FeatureHasher(n_features=WORDS, input_type="string", alternate_sign=False)
    rows = hasher.transform([[word] for word in words])
    return [int(column) for column in rows.indices]  # one in each row; to walk over rows is slow


@cache
def _vectorizers() -> tuple[Any, Any]:
    from sklearn.feature_extraction.text import HashingVectorizer

    shared: dict[str, Any] = {"alternate_sign": False, "norm": None, "dtype": np.float32, "lowercase": False}
    words = HashingVectorizer(n_features=WORDS, ngram_range=(1, 2), token_pattern=_TOKEN, **shared)
    characters = HashingVectorizer(
        n_features=1 << CHARACTER_BITS, analyzer="char_wb", ngram_range=(3, 5), **shared
    )
    return words, characters


def _damped(rows: Any) -> Any:
    from sklearn.preprocessing import normalize

    rows.data = np.sqrt(rows.data)
    return normalize(rows, copy=False)
