"""Patterns of paths: "*", "?" and "[…]" within a name, "**" for any number of folders.

A pattern may come from a model: matching takes time in proportion to pattern and path, whatever they are.
"""

from __future__ import annotations

import re
from fnmatch import translate

from icelos.errors import InputError

MAX_PATTERN = 512
MAX_PARTS = 32

Parts = list[re.Pattern[str] | None]
"""One for each name of a path; None is "**"."""


def compiled(pattern: str) -> Parts:
    """A pattern made ready. One without "/" is meant for names in every folder. Raises InputError."""
    whole = pattern.strip().lstrip("/")
    names = [name for name in whole.split("/") if name not in {"", "."}]
    if len(whole) > MAX_PATTERN or len(names) > MAX_PARTS or not names:
        raise InputError(f"not a pattern of paths: {pattern[:80]!r}", hint="such as *.py or app/**/*.json")
    if len(names) == 1 and "/" not in pattern:
        names.insert(0, "**")
    try:
        return [None if name == "**" else re.compile(translate(name)) for name in names]
    except re.error as error:
        raise InputError(f"not a pattern of paths: {pattern[:80]!r}") from error


def matches(parts: Parts, path: str) -> bool:
    """Whether the whole path matches."""
    # The places of the pattern that may be reached after each name of the path.
    reached = _with_any_folders(parts, {0})
    for name in path.split("/"):
        following: set[int] = set()
        for place in reached:
            if place == len(parts):
                continue
            part = parts[place]
            if part is None:
                following.add(place)
            elif part.match(name):
                following.add(place + 1)
        reached = _with_any_folders(parts, following)
        if not reached:
            return False
    return len(parts) in reached


def _with_any_folders(parts: Parts, places: set[int]) -> set[int]:
    """With those behind each "**", which may stand for no folder at all."""
    found = set(places)
    for start in places:
        place = start
        while place < len(parts) and parts[place] is None:
            place += 1
            found.add(place)
    return found
