"""How names are made to look like others: letters that look alike, one letter more or less, words joined.

`plain_letters` takes off accents and foreign alphabets, as a reader does without thinking. `skeleton` goes
further, to what two names have in common when they are confused (after UTS 39): "rn" is "m", "1" is "l".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

# Letters of other alphabets, each with the Latin letter it looks like.
_ALIKE = {
    "a": "аαａɑạ", "b": "Ьｂƅ", "c": "сϲｃᴄ", "d": "ԁｄɗ", "e": "еєｅҽ", "f": "ｆϝ", "g": "ɡｇց",
    "h": "һｈհ", "i": "іιｉıӏ", "j": "јｊϳ", "k": "кκｋ", "l": "ӏｌⅼǀ", "m": "мｍⅿ", "n": "ｎոп",
    "o": "оοｏօ", "p": "рρｐ", "q": "ԛｑ", "r": "гｒ", "s": "ѕｓ", "t": "тτｔ", "u": "υｕս",
    "v": "νѵｖ", "w": "ѡωｗ", "x": "хχｘ", "y": "уγｙү", "z": "ｚᴢ",
}  # fmt: skip
_TO_LATIN = {ord(other): letter for letter, others in _ALIKE.items() for other in others}
_SMALL = "ᴀʙᴄᴅᴇғɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡxʏᴢ"
_TO_LATIN.update(
    {ord(small): plain for small, plain in zip(_SMALL, "abcdefghijklmnopqrstuvwxyz", strict=True)}
)
_UNMARKED = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ı": "i"}
_TO_LATIN.update({ord(letter): plain for letter, plain in _UNMARKED.items()})
_CAPITALS = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧАВЕКМНОРСТУХІЈЅ", "abezhikmnoptyxabekmhopctyxijs")
"""Capitals whose small letters look like something else."""
_DIGITS = str.maketrans(
    {"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "i": "l", "|": "l"}
)
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("nn", "m"))


def plain_letters(text: str) -> str:
    """Lower case, without accents; letters of other alphabets as the Latin ones they look like.

    Words that are wholly of another alphabet stay in it: a Russian word imitates nothing.
    """
    if text.isascii():
        return text.casefold()
    words = unicodedata.normalize("NFKC", text).split(" ")
    return " ".join(_latin(word) if _has_latin(word) or len(word) < 2 else word.casefold() for word in words)


def _latin(word: str) -> str:
    apart = unicodedata.normalize("NFKD", word.translate(_CAPITALS).casefold().translate(_TO_LATIN))
    return "".join(c for c in apart if not unicodedata.combining(c)).translate(_TO_LATIN)


def _has_latin(word: str) -> bool:
    """Some Latin letter, or nothing but letters that have a Latin twin."""
    folded = word.casefold()
    return any("a" <= c <= "z" for c in folded) or all(ord(c) in _TO_LATIN or not c.isalpha() for c in folded)


CONFUSABLE = "".join(
    c for other in "".join(_ALIKE.values()) for c in (other, other.upper()) if 0x370 <= ord(c[0]) <= 0x587
)
"""Greek, Cyrillic and Armenian letters that look like Latin ones, small and capital."""


@lru_cache(maxsize=65536)
def skeleton(name: str) -> str:
    """What names that are confused have in common."""
    shape = name.casefold() if name.isascii() else _latin(name)
    for pair, one in _PAIRS:
        shape = shape.replace(pair, one)
    return shape.translate(_DIGITS)


def deletions(word: str, most: int) -> Iterator[str]:
    """A word with up to `most` letters left out, itself included: words that share one are near."""
    seen = {word}
    edge = {word}
    for _ in range(most):
        edge = {kept[:place] + kept[place + 1 :] for kept in edge for place in range(len(kept))}
        seen |= edge
    yield from seen


def distance(one: str, other: str) -> int:
    """Letters changed, added, left out or swapped with their neighbour (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        last, before, row = before, row, [i, *[0] * len(other)]
        for j, match in enumerate(other, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != match))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == match:
                row[j] = min(row[j], last[j - 2] + 1)
    return row[-1]


_VOWELS = frozenset("aeiouy")


def looks_random(label: str) -> bool:
    """Whether a machine rather than a person made a name: no vowels, or letters and digits in turn.

    Each part between hyphens and dots by itself; short parts and other alphabets never look random.
    """
    return any(_is_random(part) for part in re.split(r"[^0-9a-z]+", label[:64].lower()))


def _is_random(part: str) -> bool:
    if len(part) < 8:
        return False
    turns = sum(a.isdigit() != b.isdigit() for a, b in pairwise(part))
    letters = sum(c.isalpha() for c in part)
    vowels = sum(c in _VOWELS for c in part)
    return turns >= 4 or (letters >= 8 and vowels / letters <= 0.1) or _longest_run(part) >= 7


def _longest_run(text: str) -> int:
    """The longest run of consonants."""
    longest = run = 0
    for letter in text:
        run = run + 1 if letter.isalpha() and letter not in _VOWELS else 0
        longest = max(longest, run)
    return longest
