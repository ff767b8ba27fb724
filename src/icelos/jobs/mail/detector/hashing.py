"""Stretches of a text to columns, by MurmurHash3 (32 bits, seed 0) over their UTF-8, all at once in arrays.

The columns are those of scikit-learn's `HashingVectorizer`, which takes 64 MiB and a second to import and
would be needed for nothing else where mail is judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
_Words = NDArray[np.uint32]
_CHUNK = 8192
"""Stretches that are hashed at once; with the longest of them they bound the memory."""


def columns_of(texts: Sequence[str], features: int) -> Integers:
    """The column of each text, below `features`, a power of two; shape (len(texts),)."""
    encoded = [text.encode("utf-8", "replace") for text in texts]
    lengths = np.array(list(map(len, encoded)), np.int64)
    return _columns(b"".join(encoded), np.cumsum(lengths) - lengths, lengths, features)


def word_columns(texts: Sequence[Sequence[str]], features: int) -> tuple[Integers, Integers]:
    """Columns of the words of each text and of pairs of neighbours, which have a space between.

    (text, column) for each that is there, as two arrays.
    """
    encoded = [word.encode("utf-8", "replace") for words in texts for word in words]
    starts = np.array([0, *accumulate(len(word) + 1 for word in encoded)], np.int64)
    of_text = np.repeat(np.arange(len(texts)), list(map(len, texts)))
    paired = np.flatnonzero(of_text[1:] == of_text[:-1])
    places = np.concatenate([starts[:-1], starts[paired]])
    ends = np.concatenate([starts[1:], starts[paired + 2]]) - 1
    columns = _columns(b" ".join(encoded), places, ends - places, features)
    return np.concatenate([of_text, of_text[paired]]), columns


def run_columns(
    texts: Sequence[str], shortest: int, longest: int, features: int
) -> tuple[Integers, Integers]:
    """Columns of runs of characters within each word of each text, with a space before and behind it.

    (text, column) for each that is there, as two arrays. No run is longer than its word with both spaces.
    """
    parts = [f" {' '.join(words)}" if (words := text.split()) else "" for text in texts]
    data = "".join([*parts, " "]).encode("utf-8", "replace")
    there = np.frombuffer(data, np.uint8)
    starts = np.flatnonzero((there & 0xC0) != 0x80)
    inner, ends = there[starts] != ord(" "), np.append(starts, len(data))
    firsts = [np.zeros(0, np.int64)]
    lengths = [np.zeros(0, np.int64)]
    for size in range(shortest, longest + 1):
        most = max(0, len(starts) - size + 1)
        whole = np.ones(most, np.bool_)
        for within in range(1, size - 1):
            whole &= inner[within : within + most]
        first = np.flatnonzero(whole)
        firsts.append(first)
        lengths.append(ends[first + size] - starts[first])
    first = np.concatenate(firsts)
    begins = np.cumsum([0, *map(len, parts[:-1])])
    of_text = np.searchsorted(begins, first, side="right") - 1
    return of_text, _columns(data, starts[first], np.concatenate(lengths), features)


def _columns(data: bytes, starts: Integers, lengths: Integers, features: int) -> Integers:
    """Of the stretches of `data` that begin at `starts`."""
    hashes = np.zeros(len(starts), np.uint32)
    order = np.argsort(-lengths, kind="stable")
    for at in range(0, len(order), _CHUNK):
        some = order[at : at + _CHUNK]
        hashes[some] = _murmur(data, starts[some], lengths[some])
    return np.asarray(np.abs(hashes.view(np.int32).astype(np.int64)) % features)


def _murmur(data: bytes, starts: Integers, lengths: Integers) -> _Words:
    """Hashes of stretches that come longest first."""
    blocks, whole = _blocks(data, starts, lengths), lengths // 4
    hashes = np.zeros(len(starts), np.uint32)
    for place in range(blocks.shape[1]):
        full, rest = np.searchsorted(-whole, [-place, -place + 1])
        told = _turned(hashes[:full] ^ _mixed(blocks[:full, place]), 13)
        hashes[:full] = told * np.uint32(5) + np.uint32(0xE6546B64)
        hashes[full:rest] ^= _mixed(blocks[full:rest, place])
    hashes ^= lengths.astype(np.uint32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        hashes ^= hashes >> np.uint32(shift)
        hashes *= np.uint32(factor)
    return np.asarray(hashes ^ (hashes >> np.uint32(16)), np.uint32)


def _blocks(data: bytes, starts: Integers, lengths: Integers) -> _Words:
    """Their bytes, four to a number, with noughts behind; shape (n, blocks of the longest)."""
    width = 4 * -(-int(lengths[0]) // 4)
    steps = np.arange(width)
    there = np.frombuffer(data + bytes(width), np.uint8)
    found = np.where(steps < lengths[:, None], there[starts[:, None] + steps], np.uint8(0))
    return np.ascontiguousarray(found).view("<u4").astype(np.uint32, copy=False)


def _mixed(block: _Words) -> _Words:
    return _turned(block * np.uint32(0xCC9E2D51), 15) * np.uint32(0x1B873593)


def _turned(values: _Words, bits: int) -> _Words:
    return (values << np.uint32(bits)) | (values >> np.uint32(32 - bits))
