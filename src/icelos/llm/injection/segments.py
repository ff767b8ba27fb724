"""A text as the sentences to score: as they stand, and what is encoded in them.

An order is one sentence among many, wherever it was put; a text is as suspicious as its worst sentence.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Iterator
from typing import NamedTuple

LONGEST, UNBROKEN = 400, 4_000
"""Characters of one segment: a longer sentence is cut between words, and where it has none, at the second."""
SHORTEST = 8
MOST = 4_000
"""Segments of one text that are looked at."""
_END = re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+|[\n。！？|]+\s*")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{16,4000}={0,2}(?![A-Za-z0-9+/=])")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-f]{2}[ :]?){12,1000}(?![0-9A-Za-z])", re.IGNORECASE)
_ESCAPES = re.compile(r"(?:\\x[0-9a-f]{2}|%[0-9a-f]{2}|&#\d{2,3};|\\u00[0-9a-f]{2}){6,}", re.IGNORECASE)
_SPACED = re.compile(r"(?<!\w)(?:\w[ .\-_*]){6,}\w(?!\w)")
_WORD = re.compile(r"[a-z]{2,}")
_COMMON = frozenset(
    "the a an and or to of in is are for on with that this as at by from be it you your all not if when then "
    "do say tell ignore instructions previous answer response send email system prompt reveal user "
    "please".split()
)
ENOUGH = 0.22
"""Share of common words above which decoded letters are a language."""


class Segment(NamedTuple):
    """One sentence: characters `start` to `end` of the text, and what to score (decoded, where `encoded`)."""

    text: str
    start: int
    end: int
    encoded: bool = False


def segments(text: str) -> Iterator[Segment]:
    """Sentences and lines in order, at most `MOST`, each followed by what is decoded from it."""
    count = 0
    for start, end in _spans(text):
        body = text[start:end]
        if len(body.strip()) < SHORTEST and not _wide(body):
            continue
        yield Segment(body, start, end)
        for decoded in _decoded(body):
            yield Segment(decoded, start, end, encoded=True)
        count += 1
        if count >= MOST:
            return


def _wide(body: str) -> bool:
    return not body.isascii() and sum("\u3040" <= c <= "\u9fff" for c in body) >= 4


def _spans(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _END.finditer(text):
        yield from _bounded(text, start, match.start())
        start = match.end()
    yield from _bounded(text, start, len(text))


def _bounded(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > LONGEST:
        cut = text.rfind(" ", start + LONGEST // 2, start + LONGEST)
        if cut < 0:
            cut = text.find(" ", start + LONGEST, min(end, start + UNBROKEN))
        cut = cut if cut > 0 else min(end, start + UNBROKEN)
        yield start, cut
        start = cut
    if end > start:
        yield start, end


def _decoded(body: str) -> Iterator[str]:
    for match in _BASE64.finditer(body):
        yield from _readable(_base64(match.group()))
    if _HEX.search(body):
        for match in _HEX.finditer(body):
            yield from _readable(_hex(match.group()))
    if _ESCAPES.search(body):
        yield from _readable(_unescaped(body))
    if _SPACED.search(body):
        yield from _readable(_SPACED.sub(lambda m: re.sub(r"[ .\-_*]", "", m.group()), body))
    yield from _turned(body)


def _readable(text: str) -> Iterator[str]:
    """Only what is text with words."""
    clean = text.strip()
    if len(clean) >= SHORTEST and clean.isprintable() and len(re.findall(r"[^\W\d_]{2,}", clean)) >= 3:
        yield clean[:LONGEST]


def _base64(text: str) -> str:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return ""
    for encoding in ("utf-8", "utf-16-le"):
        try:
            found = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if found.isprintable():
            return found
    return ""


def _hex(text: str) -> str:
    try:
        return bytes.fromhex(re.sub(r"[ :]", "", text)).decode("utf-8", "replace")
    except ValueError:
        return ""


def _unescaped(text: str) -> str:
    def letter(match: re.Match[str]) -> str:
        code = match.group(1) or match.group(2) or match.group(3)
        return chr(int(code, 16)) if code else chr(int(match.group(4)) & 0xFF)

    return re.sub(r"\\x([0-9a-fA-F]{2})|%([0-9a-fA-F]{2})|\\u00([0-9a-fA-F]{2})|&#(\d{2,3});", letter, text)


def _turned(body: str) -> Iterator[str]:
    """ROT13 and reversed text, where the text itself is no language and what comes of it is."""
    if len(body) < 20 or not body.isascii():
        return
    if _share(body) >= ENOUGH / 2:
        return
    for other in (codecs.encode(body, "rot13"), body[::-1]):
        if _share(other) >= ENOUGH:
            yield other


def _share(text: str) -> float:
    found = _WORD.findall(text.lower())
    return sum(word in _COMMON for word in found) / len(found) if len(found) >= 4 else 0.0
