"""A sentence as numbers: what its words stand for, which stands before which, and hashed words.

Four blocks: concepts (is one there), ordered pairs of them that stand side by side and that stand in one
clause, shapes (forged delimiters, roles at the start of a line, placeholders, links), and hashed words
and word pairs. The first carry from one family of attacks, and one language, to another; the last fits
what was seen.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from icelos.data.parse.confusables import folded, unleeted
from icelos.llm.injection.lexicon import NAMES, beginnings, joined, words
from icelos.llm.injection.shapes import SHAPES

NEAR, REACH = 2, 9
"""Words from one concept to another that stands beside it ("your final answer"), or in the same clause."""
HASHED = 1 << 13
WORDS = 64
"""Words of a sentence that are looked at."""
_COUNT = len(NAMES)
_TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_PAIRS = _COUNT * _COUNT
FIRST_SHAPE = _COUNT + 2 * _PAIRS
FIRST_HASH = FIRST_SHAPE + len(SHAPES) + 2
SIZE = FIRST_HASH + HASHED
"""Numbers of a sentence."""


def features(text: str, *, encoded: bool = False, hashed: bool = True) -> list[int]:
    """The places of a sentence's numbers that are 1, each once, in order; all others are 0."""
    plain = unleeted(folded(text))
    tokens = _TOKEN.findall(plain)[:WORDS]
    found = set(_concepts(plain, tokens))
    for number, (_, pattern) in enumerate(SHAPES):
        if pattern.search(plain):
            found.add(FIRST_SHAPE + number)
    if encoded:
        found.add(FIRST_SHAPE + len(SHAPES))
    if plain != text.lower():
        found.add(FIRST_SHAPE + len(SHAPES) + 1)
    if hashed:
        found.update(FIRST_HASH + one for one in _hashes(tokens))
    return sorted(found)


def _concepts(plain: str, tokens: list[str]) -> Iterator[int]:
    placed = list(_placed(plain, tokens))
    recent: list[tuple[int, int]] = []
    for place, concept in placed:
        yield concept
        recent = [(p, c) for p, c in recent if place - p <= REACH]
        for at, before in recent:
            pair = _COUNT + before * _COUNT + concept
            yield pair
            if place - at <= NEAR:
                yield pair + _PAIRS
        recent.append((place, concept))


def _placed(plain: str, tokens: list[str]) -> Iterator[tuple[int, int]]:
    """(place, concept) of the words that stand for something."""
    whole = words()
    for place, token in enumerate(tokens):
        known = whole.get(token)
        if known is None:
            known = _begun(token)
        for concept in known:
            yield place, concept
    if not plain.isascii():
        found = sorted((at, concepts) for word, concepts in joined() if (at := plain.find(word)) >= 0)
        for order, (_, concepts) in enumerate(found):
            for concept in concepts:
                yield len(tokens) + 2 * order, concept


def _begun(token: str) -> tuple[int, ...]:
    for length in range(min(len(token), 12), 2, -1):
        if known := beginnings().get(token[:length]):
            return known
    return ()


def _hashes(tokens: list[str]) -> Iterator[int]:
    before = "^"
    for token in tokens:
        yield zlib.crc32(token.encode("utf-8", "replace")) % HASHED
        yield zlib.crc32(f"{before} {token}".encode("utf-8", "replace")) % HASHED
        before = token
