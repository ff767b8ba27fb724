"""Words with digits that byte pairs cut to pieces: names that repeat, and identifiers that are noise.

A model that is shown addresses and identifiers in irregular pieces has to count characters that it cannot
see, and takes one number for the beginning of another; and what it learns of noise by heart is of no use, and
gives training rows away. So `json-bpe` has a token for each word with digits that repeats, and spells opaque
identifiers in pieces of equal size by tokens of their own (`bpe`); and digits that are noise are drawn anew
each time a row is shown (`redraw`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence

_UUID = "[{0}]{{8}}-[{0}]{{4}}-[{0}]{{4}}-[{0}]{{4}}-[{0}]{{12}}"
_LOWER, _UPPER = "0-9a-f", "0-9A-F"
_LETTER, _TWO_DIGITS = "(?=[0-9]*[A-Fa-f])", "(?=(?:[A-Fa-f]*[0-9]){2})"
_HEX = "".join(
    f"|{_UUID.format(chars)}|{_LETTER}[{chars}]{{12,}}|{_LETTER}{_TWO_DIGITS}[{chars}]{{7,}}"
    for chars in (_LOWER, _UPPER)
)
_MIXED = "".join(rf"(?=[\w-]{{0,127}}[{some}])" for some in ("0-9", "a-z", "A-Z")) + "[A-Za-z0-9_-]{20,}"
_SCATTERED = "(?![0-9]{8}T[0-9]{6})(?=(?:[A-Za-z]++[0-9]++){2}|(?:[0-9]++[A-Za-z]++){2})[A-Za-z0-9]{6,}"

OPAQUE = rf"(?<![0-9A-Za-z])(?:{_HEX[1:]}|{_MIXED}|{_SCATTERED})(?![0-9A-Za-z])"
"""A UUID; hexadecimal digits in one case: twelve or more with a letter among them, or seven or more (a short
commit id) with a letter and two of 0 to 9; twenty or more letters of both cases, digits, `_` and `-`; or six
or more letters and digits that take turns more than once, but no time (ISO 8601, basic). Looking ahead is
bounded: hostile text takes linear time."""

ALPHABETS = (
    "0123456789abcdef",
    "0123456789ABCDEF",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
)
"""Digits of an identifier: hexadecimal in one case, or of 64 kinds (RFC 4648, section 5)."""
MIXED = 2

FEWEST, SHARE = 3, 1 / 1600
"""Texts that a word must stand in to be a name, and their share of all. A rarer one, such as the id of a
session, is no token of its own: to learn with whom it goes, and what follows it, takes showings."""
MOST = 2048
SHORTEST = 4

_WORD = re.compile(
    r"(?<![\w.@+:-])[_.@+:-]*+(?=[A-Za-z_.@+:-]*+[0-9])([A-Za-z0-9](?:[\w.@+:-]*\w)?)", re.ASCII
)
"""Only the beginning of a run of such characters is looked at: linear time, too."""
_OPAQUE = re.compile(OPAQUE, re.ASCII)
_CLOCK = re.compile("[0-9]{2}:[0-9]{2}:[0-9]{2}")


def opaque(text: str) -> Iterable[re.Match[str]]:
    """The opaque identifiers of a text."""
    return _OPAQUE.finditer(text)


def found(text: str, names: Container[str]) -> Iterator[tuple[int, int, bool]]:
    """Where names and opaque identifiers stand, each from and to, and whether it is a name. A name is a whole
    word, or an identifier within one."""
    for word in _WORD.finditer(text):
        if word[1] in names:
            yield *word.span(1), True
            continue
        for match in _OPAQUE.finditer(text, *word.span(1)):
            yield *match.span(), match[0] in names


def repeated(texts: Sequence[str], *, longest: int) -> list[str]:
    """Words with digits, and opaque identifiers, of `SHORTEST` to `longest` characters that stand in at least
    `FEWEST` of the texts, and a `SHARE` of them, and are no times of the day: those `MOST` that save most, in
    a fixed order."""
    counts: Counter[str] = Counter()
    for text in texts:
        words = {word[1] for word in _WORD.finditer(text)}
        words |= {match[0] for word in words for match in _OPAQUE.finditer(word)}
        counts.update(word for word in words if SHORTEST <= len(word) <= longest)
    least = max(FEWEST, SHARE * len(texts))
    known = [
        (-count * len(name), name)
        for name, count in counts.items()
        if count >= least and not _CLOCK.search(name)
    ]
    return [name for _, name in sorted(known)[:MOST]]


def alphabet_of(name: str) -> int:
    """The number of the first alphabet that has all digits of an identifier; dashes aside in hexadecimal."""
    digits = set(name)
    return 0 if digits <= _LOWER_DIGITS else 1 if digits <= _UPPER_DIGITS else MIXED


_LOWER_DIGITS, _UPPER_DIGITS = ({*ALPHABETS[number], "-"} for number in (0, 1))


def spelling(name: str, alphabet: int) -> list[str]:
    """An identifier in pieces: pairs of hexadecimal digits, dashes and what is left over alone; or single
    digits."""
    if alphabet == MIXED:
        return list(name)
    pieces: list[str] = []
    for part in name.split("-"):
        pieces += [part[at : at + 2] for at in range(0, len(part), 2)]
        pieces.append("-")
    return pieces[:-1]


def alphabet_pieces(alphabet: int) -> list[str]:
    """All pieces that `spelling` may give."""
    digits = ALPHABETS[alphabet]
    pairs = [] if alphabet == MIXED else [a + b for a in digits for b in digits]
    return [*pairs, *digits, "-"]


def between(texts: Iterable[str], names: Container[str]) -> Iterator[str]:
    """The parts of texts between names and opaque identifiers."""
    for text in texts:
        at = 0
        for start, end, _ in found(text, names):
            yield text[at:start]
            at = end
        yield text[at:]
