"""Opaque identifiers in rows: UUIDs, hashes, random ids. What repeats is a name, the rest is noise.

A model that is shown identifiers in the irregular pieces of byte-pair encoding has to count characters that
it cannot see; and what it learns of noise by heart is of no use, and gives training rows away. So `json-bpe`
spells them in pieces of equal size, and those that repeat have a token of their own (`bpe`); and digits that
are noise are drawn anew each time a row is shown (`redraw`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

_UUID = "[{0}]{{8}}-[{0}]{{4}}-[{0}]{{4}}-[{0}]{{4}}-[{0}]{{12}}"
_LOWER, _UPPER = "0-9a-f", "0-9A-F"
_HEX = "".join(f"|{_UUID.format(chars)}|(?=[0-9]*[A-Fa-f])[{chars}]{{12,}}" for chars in (_LOWER, _UPPER))
_MIXED = r"(?=[\w-]*[0-9])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[A-Za-z0-9_-]{20,}"

OPAQUE = rf"(?<![0-9A-Za-z])(?:{_HEX[1:]}|{_MIXED})(?![0-9A-Za-z])"
"""A UUID, twelve or more hexadecimal digits with a letter among them, all in one case, or twenty or more
letters of both cases, digits, `_` and `-`. A regular expression for Python and Oniguruma alike."""

PIECES = (
    rf"[{_LOWER}]{{2}}(?=[{_LOWER}-]*\z)|[{_UPPER}]{{2}}(?=[{_UPPER}-]*\z)"
    rf"|[A-Za-z0-9_-](?=[A-Za-z0-9_-]*\z)"
)
"""What an identifier is cut into: two hexadecimal digits, or one character. For Oniguruma, in a text that is
the identifier and nothing else."""

FEWEST = 3
MOST = 768

_OPAQUE = re.compile(OPAQUE, re.ASCII)


def opaque(text: str) -> Iterable[re.Match[str]]:
    """The opaque identifiers of a text."""
    return _OPAQUE.finditer(text)


def repeated(texts: Iterable[str], *, longest: int) -> list[str]:
    """Identifiers of at most `longest` characters that stand in at least `FEWEST` of the texts, the commonest
    `MOST` of them, in a fixed order."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update({match[0] for match in opaque(text) if len(match[0]) <= longest})
    known = [(-count, name) for name, count in counts.items() if count >= FEWEST]
    return [name for _, name in sorted(known)[:MOST]]


def without(texts: Iterable[str], names: Iterable[str]) -> Iterator[str]:
    """The parts of texts between these identifiers."""
    known = set(names)
    for text in texts:
        at = 0
        for match in opaque(text):
            if match[0] in known:
                yield text[at : match.start()]
                at = match.end()
        yield text[at:]
