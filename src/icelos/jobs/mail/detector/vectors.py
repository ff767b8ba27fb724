"""Views of mails as numbers: hashed words and word pairs, and hashed runs of characters.

Hashing keeps no word of the mail that a model was trained on, and needs no vocabulary that grows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from icelos.jobs.mail.detector.hashing import Integers, columns_of, run_columns, word_columns

WORD_BITS = 18
CHARACTER_BITS = 18
WORDS = 1 << WORD_BITS
FEATURES = WORDS + (1 << CHARACTER_BITS)
FOLDED = 1 << 16
"""Columns for models of many outputs: those of `FEATURES`, folded."""

SHORTEST_RUN, LONGEST_RUN = 3, 5
"""Characters."""
AT_ONCE = 20_000
"""Characters that are read together: arrays of a few MiB."""

_PIECE = re.compile(r"[¤\w][\w']{0,39}|[!?]{1,3}")


def vectors(views: Sequence[str]) -> Any:
    """One row a view, shape (len(views), FEATURES): a sparse matrix of float32, each half of length one.

    Counts are damped by their square root: a word that comes nine times says three times as much.
    """
    from scipy import sparse

    halves = [_damped(_words, views, WORDS), _damped(_runs, views, FEATURES - WORDS)]
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
    return list(map(int, columns_of(words, WORDS)))


def _words(views: Sequence[str]) -> tuple[Integers, Integers]:
    return word_columns([_PIECE.findall(view) for view in views], WORDS)


def _runs(views: Sequence[str]) -> tuple[Integers, Integers]:
    return run_columns(views, SHORTEST_RUN, LONGEST_RUN, FEATURES - WORDS)


def _damped(
    read: Callable[[Sequence[str]], tuple[Integers, Integers]], views: Sequence[str], width: int
) -> Any:
    """Rows of the columns that are read from views, with the roots of their counts, each of length one."""
    from scipy import sparse

    found = [(rows + at, columns) for at, some in _in_turn(views) for rows, columns in [read(some)]]
    places = np.concatenate([np.zeros((2, 0), np.int64), *map(np.stack, found)], 1).astype(np.int32)
    rows = sparse.csr_matrix((np.ones(places.shape[1], np.float32), places), shape=(len(views), width))
    rows.sum_duplicates()
    roots = np.sqrt(rows.data)
    of_row = np.repeat(np.arange(len(views)), np.diff(rows.indptr))
    lengths = np.sqrt(np.bincount(of_row, (roots * roots).astype(np.float64), len(views)))
    rows.data = (roots / lengths[of_row]).astype(np.float32)
    return rows


def _in_turn(views: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """Views to be read together, with the place of their first: as many as `AT_ONCE` allows, or one."""
    first = characters = 0
    for place, view in enumerate(views):
        characters += len(view)
        if characters > AT_ONCE and place > first:
            yield first, views[first:place]
            first, characters = place, len(view)
    if first < len(views):
        yield first, views[first:]
