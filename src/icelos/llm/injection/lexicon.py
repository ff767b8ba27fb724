"""Words by what they stand for in a text that speaks to a model, in ten languages (lexicon.toml).

One concept for "ignore", "vergiss" and "忽略" is what lets a rule that was learnt in one language hold in
another.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

CONCEPTS: Mapping[str, str] = tomllib.loads(
    (files("icelos.llm.injection") / "lexicon.toml").read_text("utf-8")
)
NAMES = tuple(CONCEPTS)


@cache
def words() -> Mapping[str, tuple[int, ...]]:
    """Whole words to the numbers of their concepts."""
    return _table(lambda word: not word.endswith("*") and not _is_joined(word))


@cache
def beginnings() -> Mapping[str, tuple[int, ...]]:
    """Beginnings of words to the numbers of their concepts."""
    return {word.rstrip("*"): found for word, found in _table(lambda word: word.endswith("*")).items()}


@cache
def joined() -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Words of scripts that put no blanks between them, the longest first."""
    return tuple(sorted(_table(_is_joined).items(), key=lambda one: -len(one[0])))


def _is_joined(word: str) -> bool:
    return any("\u3040" <= c <= "\u9fff" for c in word)


def _table(wanted: Callable[[str], bool]) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for number, listed in enumerate(CONCEPTS.values()):
        for word in dict.fromkeys(listed.split()):
            if wanted(word):
                found.setdefault(word, []).append(number)
    return {word: tuple(numbers) for word, numbers in found.items()}
