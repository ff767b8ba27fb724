"""Alpine's order of versions (apk-package(5), "version"), for malformed versions too.

A version is read as tokens: numbers, a letter, suffixes, a revision. Compared token by token, a version
that goes on is newer than one that has ended, but for suffixes of pre-releases; what apk cannot read makes
a version older than one that ends there. `univers` refuses real versions such as "021109-r3",
"6.6.2p1" and "1.2_git20200608".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Token = tuple[int, int, int]

EMPTY, INVALID, BEFORE, END, REVISION, AFTER, LETTER, NUMBER = range(8)
"""Kinds of tokens, from the oldest to the newest where all before them is equal."""

_NUMBERS = re.compile(r"\d*(?:\.\d*)*")
_LETTER = re.compile(r"([a-z])(\d*)")
_SUFFIX = re.compile(r"_([a-z]+)(\d*)")
_HASH = re.compile(r"~[0-9a-f]+")
_REVISION = re.compile(r"-r(\d*)(?![a-z])")
_BEFORE = ("alpha", "beta", "pre", "rc")
_AFTER = ("cvs", "svn", "git", "hg", "p")


def key(version: str) -> tuple[Token, ...]:
    """What compares as the version does."""
    return tuple(_tokens(version))


def _tokens(version: str) -> Iterator[Token]:
    found = _NUMBERS.match(version)
    place = found.end() if found else 0
    if place:
        first, *rest = version[:place].split(".")
        yield (NUMBER, 0, int(first)) if first else (EMPTY, 0, 0)
        yield from (_later(number) for number in rest)
    if letter := _LETTER.match(version, place):
        place = letter.end()
        yield LETTER, ord(letter[1]), 0
        if letter[2]:
            yield NUMBER, 0, int(letter[2])
    while suffix := _SUFFIX.match(version, place):
        if suffix[1] in _BEFORE:
            yield BEFORE, _BEFORE.index(suffix[1]), int(suffix[2] or -1)
        elif suffix[1] in _AFTER:
            yield AFTER, _AFTER.index(suffix[1]), int(suffix[2] or -1)
        else:
            break
        place = suffix.end()
    if commit := _HASH.match(version, place):
        place = commit.end()
    if revision := _REVISION.match(version, place):
        place = revision.end()
        yield REVISION, 0, int(revision[1] or 0)
    yield (END if place == len(version) else INVALID), 0, 0


def _later(number: str) -> Token:
    """A number after the first. With zeros in front it is a fraction: the more zeros, the smaller."""
    if not number:
        return EMPTY, 0, 0
    stripped = number.lstrip("0")
    return NUMBER, len(stripped) - len(number), int(stripped or 0)
