"""How a text is written, as counts in hashed buckets and a few numbers. The text itself is not kept."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from icelos.jobs.mail.senders.hashing import Hasher
from icelos.jobs.mail.senders.small_words import SMALL_WORDS

TABLES: Mapping[str, int] = {"characters": 512, "marks": 256, "small words": 256, "topics": 512}
"""Hashed tables and their buckets: letter sequences, punctuation and spacing in its context, words that any
topic has, and words of the topic."""
_BOUNDS = np.cumsum([0, *TABLES.values()])
SLICES = {name: slice(int(_BOUNDS[n]), int(_BOUNDS[n + 1])) for n, name in enumerate(TABLES)}
"""Where each table stands in all of them."""
NUMBERS = (
    "length", "sentence length", "commas", "capitals", "lower-case beginnings", "wide spaces", "exclamations",
    "questions", "contractions", "word length", "brackets", "accents",
)  # fmt: skip
ENOUGH = 300.0
"""Tokens of one mail that count fully; a longer mail counts as one of this length."""

_SMALL = frozenset[str]().union(*SMALL_WORDS.values())
_WORD = re.compile(r"[^\W\d_]{1,40}(?:'[^\W\d_]{1,10})?|[^\w\s]")
_LETTERS, _DIGITS, _SPACES = re.compile(r"[^\W\d_]{1,60}"), re.compile(r"\d{1,20}"), re.compile(r" {3,}")
_WIDE = re.compile(r"[.!?] {2,4}\S")
_SENTENCES = re.compile(r"[.!?]{1,5}\s{1,5}|\n{2,9}")


class Style(msgspec.Struct, frozen=True):
    """`tables` has one row after another in the order of TABLES, `numbers` that of NUMBERS."""

    tables: NDArray[np.float32]
    numbers: tuple[float, ...]
    words: int
    language: str


def style(prose: str, hasher: Hasher) -> Style:
    """The style of some prose; nothing but zeros where there is none."""
    prose = prose.translate(_TYPED)
    flat = _SPACES.sub("  ", _DIGITS.sub("0", prose.replace("\n", " ")))
    words = _WORD.findall(flat)
    rows = [
        hasher.grams(f" {flat} ", 3, TABLES["characters"]),
        hasher.grams(f" {_outline(flat)} ", 4, TABLES["marks"]),
        *_word_tables(words, hasher),
    ]
    return Style(
        np.concatenate([_damped(row) for row in rows]), _numbers(prose, words), len(words), language(words)
    )


_TYPED = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-",
     "\u2026": "...", "\u00a0": " ", "\u200b": None, "\ufeff": None}
)  # fmt: skip
"""What mail programs make of typed characters: the program's manner, not the writer's."""


def empty_tables() -> NDArray[np.float32]:
    """The tables of no text."""
    return np.zeros(sum(TABLES.values()), dtype=np.float32)


def _damped(table: NDArray[np.float32]) -> NDArray[np.float32]:
    """Repeated tokens count less, and a long mail as one of `ENOUGH` tokens."""
    softer = table ** np.float32(0.75)
    total = float(softer.sum())
    return softer * np.float32(ENOUGH / total) if total > ENOUGH else softer


def _outline(text: str) -> str:
    """Runs of letters as "a", with a capital in front as "Aa": what is left is punctuation and spacing."""
    return _LETTERS.sub(lambda word: "Aa" if word[0][0].isupper() else "a", text)


def _word_tables(words: Sequence[str], hasher: Hasher) -> list[NDArray[np.float32]]:
    small, topics = [], []
    for word in words:
        lowered = word.lower()
        if lowered in _SMALL or not word[0].isalpha() or "'" in word:
            small.append(hasher.value(lowered) & (TABLES["small words"] - 1))
        elif len(lowered) > 2:
            topics.append(hasher.value(lowered) & (TABLES["topics"] - 1))
    return [
        np.bincount(np.array(found, dtype=np.int64), minlength=TABLES[name]).astype(np.float32)
        for name, found in (("small words", small), ("topics", topics))
    ]


def language(words: Sequence[str]) -> str:
    """The language whose small words are most, or the alphabet; "" where too little is written."""
    if len(words) < 5:
        return ""
    letters = "".join(words[:60])
    foreign = next((name for first, last, name in _ALPHABETS if any(first <= c <= last for c in letters)), "")
    if foreign:
        return foreign
    lowered = [word.lower() for word in words[:300]]
    counts = {name: sum(word in known for word in lowered) for name, known in SMALL_WORDS.items()}
    best = max(counts, key=lambda name: (counts[name], name))
    return best if counts[best] >= 2 else "other"


_ALPHABETS = (
    ("\u3040", "\u30ff", "ja"), ("\uac00", "\ud7af", "ko"), ("\u4e00", "\u9fff", "zh"),
    ("\u0400", "\u04ff", "cyrillic"), ("\u0370", "\u03ff", "greek"), ("\u0590", "\u05ff", "hebrew"),
    ("\u0600", "\u06ff", "arabic"), ("\u0e00", "\u0e7f", "thai"), ("\u0900", "\u097f", "devanagari"),
)  # fmt: skip


def _numbers(prose: str, words: Sequence[str]) -> tuple[float, ...]:
    letters = [word for word in words if word[0].isalpha()]
    sentences = [one for one in (part.strip() for part in _SENTENCES.split(prose)) if one]
    if not letters or not sentences:
        return (0.0,) * len(NUMBERS)
    count, ends, size = len(letters), len(sentences), len(prose)
    return (
        math.log1p(count),
        math.log1p(count / ends),
        _root(words.count(",") / count),
        _root(sum(word[0].isupper() for word in letters) / count),
        _root(sum(one[0].islower() for one in sentences) / ends),
        _root(len(_WIDE.findall(prose)) / ends),
        _root(prose.count("!") / ends),
        _root(prose.count("?") / ends),
        _root(sum("'" in word for word in letters) / count),
        sum(map(len, letters)) / count,
        _root((words.count("(") + words.count("[")) / ends),
        _root(sum(ord(c) > 127 for c in prose) / size),
    )


def _root(share: float) -> float:
    """Shares are skewed; their roots are less so."""
    return math.sqrt(min(share, 4.0))
