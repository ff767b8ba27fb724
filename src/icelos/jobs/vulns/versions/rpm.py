"""RPM's order of versions: epoch, version, release, with "~" before and "^" after (rpm-version(7)).

`univers` lacks "^", which Fedora and SUSE use for snapshots after a release.
"""

from __future__ import annotations

import re

Token = tuple[int, int, str]
Part = tuple[Token, ...]

TILDE, END, CARET, LETTERS, DIGITS = range(5)
"""Kinds of tokens, from the oldest to the newest where all before them is equal."""

_TOKEN = re.compile(r"([0-9]+)|([A-Za-z]+)|(~)|(\^)")
_NO_RELEASE: Part = ((TILDE - 1, 0, ""),)
"""A version without a release is older than one with any, and fits statements that give none."""


def key(version: str) -> tuple[int, Part, Part]:
    """What compares as the version does."""
    epoch, colon, rest = version.partition(":")
    if not colon or not (epoch.isascii() and (epoch.isdigit() or not epoch)):
        epoch, rest = "", version
    name, dash, release = rest.rpartition("-")
    if not dash:
        name, release = rest, ""
    return int(epoch or 0), part(name), part(release) if dash else _NO_RELEASE


def part(text: str) -> Part:
    """The tokens of a version or a release; what stands between them says nothing."""
    tokens: list[Token] = []
    for digits, letters, tilde, _ in _TOKEN.findall(text):
        if digits:
            tokens.append((DIGITS, int(digits), ""))
        elif letters:
            tokens.append((LETTERS, 0, letters))
        else:
            tokens.append((TILDE if tilde else CARET, 0, ""))
    return (*tokens, (END, 0, ""))
