"""ROUGE-N and ROUGE-L F1 of many texts against many (Lin, "ROUGE: A Package for Automatic Evaluation of
Summaries", 2004, sections 2 and 3.1).

ROUGE-N counts the n-grams that two texts share, each at most as often as both have it; ROUGE-L takes the
longest common subsequence of words. F1 is the harmonic mean of their shares in either text.

All pairs at once: the k-th occurrence of an n-gram is a feature of its own, so that the clipped count of
what is shared is one product of sparse 0-1 matrices. Subsequences are found 64 words of 0 and 1 at a time
(Hyyrö, "Bit-parallel LCS-length computation revisited", 2004).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"[a-z0-9]+")
MAX_WORDS = 2000
_ROWS = 256

Words = list[str]
Floats = NDArray[np.float64]


class Rouge(NamedTuple):
    """F1 of the best reference and over all references, each as a mean over candidates."""

    best: float
    average: float


def words(text: str) -> Words:
    """Runs of ASCII letters and digits in lower case, at most `MAX_WORDS`."""
    return _WORD.findall(text.lower())[:MAX_WORDS]


def rouge_n(candidates: Sequence[Words], references: Sequence[Words], n: int) -> Rouge:
    """ROUGE-N of each candidate against all references. NaN without either."""
    return _summed(_overlaps(candidates, references, n, skip_same_place=False))


def most_typical(texts: Sequence[Words], n: int = 2) -> int:
    """The place of the medoid: the text with the highest mean ROUGE-N against all texts."""
    blocks = _overlaps(texts, texts, n, skip_same_place=False)
    return int(np.argmax(np.concatenate([block.mean(axis=1) for block in blocks])))


def self_rouge(texts: Sequence[Words], n: int = 2) -> float:
    """Mean ROUGE-N of each text against the most similar other one: 1 where all are alike.

    The idea is that of self-BLEU (Zhu et al., "Texygen", 2018).
    """
    if len(texts) < 2:
        return float("nan")
    return _summed(_overlaps(texts, texts, n, skip_same_place=True)).best


def rouge_l(candidates: Sequence[Words], references: Sequence[Words]) -> Rouge:
    """ROUGE-L of each candidate against all references; quadratic in pairs, for samples of hundreds."""
    lengths = np.array([len(reference) for reference in references], np.float64)
    vocabulary: dict[str, int] = {}
    packed = [[vocabulary.setdefault(word, len(vocabulary)) for word in text] for text in references]
    masks = [_masks(text) for text in packed]
    rows = []
    for candidate in candidates:
        numbers = [vocabulary.get(word, -1) for word in candidate]
        shared = np.array(
            [_common(numbers, mask, len(text)) for mask, text in zip(masks, packed, strict=True)]
        )
        rows.append(_f1(shared[None, :], np.array([len(candidate)], np.float64), lengths))
    return _summed(rows)


def _overlaps(
    candidates: Sequence[Words], references: Sequence[Words], n: int, *, skip_same_place: bool
) -> list[Floats]:
    """F1 of all pairs, in blocks of candidates."""
    features: dict[tuple[object, ...], int] = {}
    left, left_sizes = _matrix(candidates, n, features)
    right, right_sizes = _matrix(references, n, features)
    width = max(1, len(features))
    left, right = _resized(left, width), _resized(right, width).T.tocsr()
    blocks = []
    for start in range(0, len(candidates), _ROWS):
        shared = (left[start : start + _ROWS] @ right).toarray()
        block = _f1(shared, left_sizes[start : start + _ROWS], right_sizes)
        if skip_same_place:
            block[np.arange(len(block)), np.arange(start, start + len(block))] = -1.0
        blocks.append(block)
    return blocks


def _matrix(texts: Sequence[Words], n: int, features: dict[tuple[object, ...], int]) -> tuple[Any, Floats]:
    """Rows of 0 and 1 over (n-gram, occurrence), and each text's number of n-grams."""
    from scipy.sparse import csr_matrix

    columns: list[int] = []
    ends = [0]
    for text in texts:
        seen: Counter[tuple[str, ...]] = Counter()
        for gram in zip(*(text[shift:] for shift in range(n)), strict=False):
            seen[gram] += 1
            columns.append(features.setdefault((gram, seen[gram]), len(features)))
        ends.append(len(columns))
    sizes = np.diff(np.array(ends)).astype(np.float64)
    ones = np.ones(len(columns), np.float32)
    shape = (len(texts), max(1, len(features)))
    return csr_matrix((ones, np.array(columns, np.int64), np.array(ends)), shape=shape), sizes


def _resized(matrix: Any, width: int) -> Any:
    matrix.resize((matrix.shape[0], width))
    return matrix


def _f1(shared: Any, left: Floats, right: Floats) -> Floats:
    """2 x shared / (left + right): precision and recall have the shared count in common."""
    sums = left[:, None] + right[None, :]
    result: Floats = 2 * np.asarray(shared, np.float64) / np.maximum(sums, 1.0)
    return result


def _summed(blocks: Sequence[Floats]) -> Rouge:
    if not blocks or not blocks[0].size:
        return Rouge(float("nan"), float("nan"))
    best = np.concatenate([block.max(axis=1) for block in blocks])
    average = np.concatenate([block.mean(axis=1) for block in blocks])
    return Rouge(float(best.mean()), float(average.mean()))


def _masks(text: Sequence[int]) -> dict[int, int]:
    """Where each word stands, as bits of one integer."""
    masks: dict[int, int] = {}
    for place, word in enumerate(text):
        masks[word] = masks.get(word, 0) | (1 << place)
    return masks


def _common(candidate: Sequence[int], masks: dict[int, int], length: int) -> int:
    """Length of the longest common subsequence: zeros among the first `length` bits at the end."""
    whole = (1 << length) - 1
    state = whole
    for word in candidate:
        mask = masks.get(word)
        if mask is not None:
            matched = state & mask
            state = ((state + matched) | (state - matched)) & whole
    return length - state.bit_count()
