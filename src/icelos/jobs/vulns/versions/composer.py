"""Composer's order of versions: that of PHP's version_compare, after a "v" in front is dropped.

https://www.php.net/manual/en/function.version-compare.php and https://getcomposer.org/doc/articles/versions.md;
branches ("dev-main") are older than every release.
"""

from __future__ import annotations

import re
from functools import total_ordering

_PART = re.compile(r"\d+|[A-Za-z]+|#")
_ORDER = {
    "dev": 0, "alpha": 1, "a": 1, "beta": 2, "b": 2, "rc": 3, "#": 4, "pl": 5, "p": 5, "patch": 5,
}  # fmt: skip
UNKNOWN, NUMBER = -1, 4
"""Ranks: of a word that PHP does not know, and of any number beside a word."""


@total_ordering
class ComposerVersion:
    """One version, to be compared."""

    def __init__(self, text: str) -> None:
        plain = re.sub(r"^[vV](?=\d)", "", text)
        plain = re.sub(r"[-.]stable$", "", plain, flags=re.IGNORECASE)
        self.branch = plain[4:] if plain.lower().startswith("dev-") else ""
        self.parts = [] if self.branch else _PART.findall(plain.split("+")[0])
        if not self.parts and not self.branch:
            raise ValueError(f"not a version of Composer: {text!r}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ComposerVersion) and self._order(other) == 0

    def __lt__(self, other: ComposerVersion) -> bool:
        return self._order(other) < 0

    def __hash__(self) -> int:
        return hash((self.branch, len(self.parts)))

    def _order(self, other: ComposerVersion) -> int:
        if self.branch or other.branch:
            return _sign(not self.branch, not other.branch) or (
                (self.branch > other.branch) - (self.branch < other.branch)
            )
        for one, two in zip(self.parts, other.parts, strict=False):
            order = _parts(one, two)
            if order:
                return order
        shared = min(len(self.parts), len(other.parts))
        return _beyond(self.parts[shared:]) - _beyond(other.parts[shared:])


def _parts(one: str, two: str) -> int:
    if one.isdigit() and two.isdigit():
        return _sign(int(one), int(two))
    return _sign(_rank(one), _rank(two))


def _beyond(rest: list[str]) -> int:
    """Whether a version that goes on is newer (1) or older (-1) than one that has ended."""
    for part in rest:
        order = 1 if part.isdigit() else _sign(_rank(part), NUMBER)
        if order:
            return order
    return 0


def _rank(part: str) -> int:
    return NUMBER if part.isdigit() else _ORDER.get(part.lower(), UNKNOWN)


def _sign(one: int, two: int) -> int:
    return (one > two) - (one < two)
