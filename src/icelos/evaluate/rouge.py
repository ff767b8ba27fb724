"""ROUGE-N and ROUGE-L F1 of many texts against many (Lin, "ROUGE: A Package for Automatic Evaluation of
Summaries", 2004, sections 2 and 3.1).

ROUGE-N counts the n-grams that two texts share, each at most as often as both have it; ROUGE-L takes the
longest common subsequence of words. F1 is the harmonic mean of their shares in either text.

All pairs at once: the k-th occurrence of an n-gram is a feature of its own, so that the clipped count of
what is shared is one product of sparse 0-1 matrices. Subsequences are found in all references at once, as
bits of one number (Hyyrö, "Bit-parallel LCS-length computation revisited", 2004).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"[a-z0-9]+")
MAX_WORDS = 2000
MAX_CHARACTERS = 8 * MAX_WORDS
"""Of one text: words of log rows and what stands between them take that many, more or less."""
_ROWS = 256
_BLOCK = 1 << 14
"""Words of references whose subsequences are looked for at once: what is kept grows with its square."""

Words = list[str]
Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


class Rouge(NamedTuple):
    """F1 of the best reference and over all references, each as a mean over candidates."""

    best: float
    average: float


def words(text: str) -> Words:
    """Runs of ASCII letters and digits in lower case, at most `MAX_WORDS` of the first `MAX_CHARACTERS`."""
    return _WORD.findall(text[:MAX_CHARACTERS].lower())[:MAX_WORDS]


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
    shared = np.hstack([_common(candidates, block) for block in _blocks(references)])
    left, right = ([len(text) for text in texts] for texts in (candidates, references))
    return _summed([_f1(shared, np.array(left, np.float64), np.array(right, np.float64))])


def _overlaps(
    candidates: Sequence[Words], references: Sequence[Words], n: int, *, skip_same_place: bool
) -> list[Floats]:
    """F1 of all pairs, in blocks of candidates."""
    matrix, sizes = _matrix([*candidates, *references], n)
    left, right = matrix[: len(candidates)], matrix[len(candidates) :].T.tocsr()
    left_sizes, right_sizes = sizes[: len(candidates)], sizes[len(candidates) :]
    blocks = []
    for start in range(0, len(candidates), _ROWS):
        shared = (left[start : start + _ROWS] @ right).toarray()
        block = _f1(shared, left_sizes[start : start + _ROWS], right_sizes)
        if skip_same_place:
            block[np.arange(len(block)), np.arange(start, start + len(block))] = -1.0
        blocks.append(block)
    return blocks


def _matrix(texts: Sequence[Words], n: int) -> tuple[Any, Floats]:
    """Rows of 0 and 1 over (n-gram, occurrence), and each text's number of n-grams."""
    from scipy.sparse import csr_matrix

    lengths = np.array([len(text) for text in texts], np.int64)
    owner = np.repeat(np.arange(len(texts)), lengths)
    vocabulary: dict[str, int] = {}
    numbers = [vocabulary.setdefault(word, len(vocabulary)) for text in texts for word in text]
    grams = words = np.array(numbers, np.int64)
    for shift in range(1, n):
        grams = _numbered(grams[:-1] * len(vocabulary) + words[shift:])
    owner, whole = owner[: len(grams)], owner[: len(grams)] == owner[n - 1 :]
    owner, grams = owner[whole], grams[whole]
    features = _numbered(_occurrences(owner, grams) * (int(grams.max(initial=0)) + 1) + grams)
    sizes = np.maximum(lengths - n + 1, 0)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    width = int(features.max(initial=0)) + 1
    ones = np.ones(len(features), np.float32)
    return csr_matrix((ones, features, ends), shape=(len(texts), width)), sizes.astype(np.float64)


def _numbered(codes: Codes) -> Codes:
    """Small numbers for codes, the same for the same."""
    found: Codes = np.unique(codes, return_inverse=True)[1]
    return found


def _occurrences(owner: Codes, grams: Codes) -> Codes:
    """The how-manieth of its text each n-gram is, from 0."""
    order = np.lexsort((grams, owner))
    begins = np.ones(len(order), np.bool_)
    begins[1:] = (np.diff(grams[order]) != 0) | (np.diff(owner[order]) != 0)
    places = np.arange(len(order))
    found = np.empty(len(order), np.int64)
    found[order] = places - np.maximum.accumulate(np.where(begins, places, 0))
    return found


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


def _blocks(texts: Sequence[Words]) -> Iterator[Sequence[Words]]:
    """Neighbouring texts, together no longer than `_BLOCK` words where one text is not."""
    begin = words = 0
    for place, text in enumerate(texts):
        if words and words + len(text) > _BLOCK:
            yield texts[begin:place]
            begin, words = place, 0
        words += len(text)
    yield texts[begin:]


def _common(candidates: Sequence[Words], references: Sequence[Words]) -> Floats:
    """Lengths of the longest common subsequences of all pairs.

    The references are one number, a bit for each word; a bit after each text takes what is carried out of it.
    """
    places: dict[str, list[int]] = {}
    spans, end = [], 0
    for text in references:
        for place, word in enumerate(text, end):
            places.setdefault(word, []).append(place)
        spans.append((end, (1 << len(text)) - 1))
        end += len(text) + 1
    masks = {word: _bits(found, end) for word, found in places.items()}
    whole = sum(ones << begin for begin, ones in spans)
    lengths = []
    for text in candidates:
        state = whole
        for word in text:
            mask = masks.get(word)
            if mask is not None:
                matched = state & mask
                state = ((state + matched) | (state - matched)) & whole
        found = whole ^ state
        lengths.append([(found >> begin & ones).bit_count() for begin, ones in spans])
    return np.array(lengths, np.float64).reshape(len(candidates), len(references))


def _bits(places: Sequence[int], end: int) -> int:
    data = bytearray(end // 8 + 1)
    for place in places:
        data[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(data, "little")
