"""Wording that presses for credentials, payment or haste, in several languages: weak signals, never more.

The phrases are written here from what such mails are known to say; genuine mail says them too, which is
why each group counts once and all together stay below the threshold of a verdict. A pattern is tried only
around one of its anchors, plain words that are found a hundred times faster.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files

MAX_SCANNED = 20_000
"""Characters of a message that are looked at: a reader does not read further either."""
MAX_TRIED = 12
"""Places at which one anchor is tried."""
_BEFORE, _BEHIND = 100, 180
"""Characters around an anchor that are searched: the longest phrase, with three words between."""


def _compiled(phrases: str) -> list[tuple[tuple[str, ...], re.Pattern[str]]]:
    """(anchors, pattern) for each line. Runs of white space and words are bounded."""
    words = r"(?:\w{1,30}\s{1,9}){0,3}"
    lines = []
    for line in phrases.strip().split("\n"):
        anchors, _, pattern = line.partition(" ~ ")
        bounded = pattern.replace(" ?", r"\s?").replace(" ", r"\s{1,9}").replace("…", words)
        lines.append((tuple(anchors.split(",")), re.compile(bounded)))
    return lines


@lru_cache(maxsize=1)
def groups() -> Mapping[str, list[tuple[tuple[str, ...], re.Pattern[str]]]]:
    """Group -> its patterns with their anchors."""
    table = tomllib.loads((files(__package__) / "wording.toml").read_text(encoding="utf-8"))
    return {name: _compiled(phrases) for name, phrases in table.items()}


def pressing_words(text: str) -> dict[str, str]:
    """Group -> the first words of it that were found, in lower case."""
    lowered = text[:MAX_SCANNED].lower()
    found: dict[str, str] = {}
    for name, lines in groups().items():
        words = next((words for line in lines for words in _found(line, lowered)), "")
        if words:
            found[name] = " ".join(words.split())[:120]
    return found


def _found(line: tuple[tuple[str, ...], re.Pattern[str]], text: str) -> Iterator[str]:
    anchors, pattern = line
    plain = text.isascii()
    for anchor in anchors:
        if plain and not anchor.isascii():
            continue
        place = text.find(anchor)
        for _ in range(MAX_TRIED):
            if place < 0:
                break
            match = pattern.search(text, max(0, place - _BEFORE), place + _BEHIND)
            if match:
                yield match.group()
                return
            place = text.find(anchor, place + _BEHIND)
