"""The vulnerable code by its fix: what the fixed release changed, in the installed package."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log

import msgspec

from icelos.jobs.vulns.fixes.fixes import Fix, common
from icelos.jobs.vulns.investigation.definitions import Definitions, Kind, own_stems, stems

ENOUGH = 0.5
"""Share of the best score that a symbol has to have to be meant by the advisory's words."""

EPSILON = 1e-9
_TEST = re.compile(r"\.(?:tests?|testing)\.|\.test_\w+")
RARE = 20
"""A word counts that at most one in so many of the package's names has, or a single one."""


class Fixed(msgspec.Struct, frozen=True):
    """A fix in the installed package.

    `symbols` is all that it changed, `meant` the part that the advisory's words fit; `fits` is false where
    they fit none, and all are meant. `whole` says that nothing else was changed: code that does not use
    `symbols` does not have the flaw.
    """

    fix: Fix
    symbols: tuple[str, ...]
    meant: tuple[str, ...]
    fits: bool
    whole: bool


def fixed_in(definitions: Definitions, fixes: Sequence[Fix], text: str) -> Fixed | None:
    """What the nearest of an advisory's fixed releases changed; `fixes` begin with that. None for nothing."""
    if not fixes:
        return None
    nearest = fixes[0]
    names, files = common(fixes, nearest)
    symbols: dict[str, None] = {}
    lost = False
    for name in names:
        found = _installed(definitions, name)
        lost = lost or not found
        symbols.update(dict.fromkeys(found))
    if not symbols:
        return None
    whole = bool(nearest.symbols) and not files and not lost
    meant = meant_by(text, list(symbols), definitions)
    return Fixed(nearest, tuple(symbols), tuple(meant or symbols), bool(meant), whole)


def _installed(definitions: Definitions, name: str) -> list[str]:
    """A changed part by the names that the installed package has for it; a value by what uses it."""
    parts = name.split(".")
    for start in range(len(parts)):
        symbol = ".".join(parts[start:])
        kind = definitions.kind_of(symbol)
        if kind in {Kind.FUNCTION, Kind.CLASS, Kind.MODULE}:
            return [symbol]
        module = symbol.rpartition(".")[0]
        if kind is Kind.VALUE or definitions.kind_of(module) is Kind.MODULE:
            values = definitions.made_of(symbol) if kind is Kind.VALUE else []
            return [*(one for one in definitions.users_of(symbol) if not _TEST.search(one)), *values]
    return []


def meant_by(text: str, symbols: Sequence[str], definitions: Definitions) -> list[str]:
    """The symbols whose names share the rarest words with an advisory's text, none where none does."""
    words = stems(text)
    scores = {one: _score(one, words, definitions) for one in symbols}
    best = max(scores.values(), default=0.0)
    least = log(1 + min(definitions.count, RARE)) - EPSILON
    return [one for one, score in scores.items() if best >= least and score >= ENOUGH * best]


def _score(symbol: str, words: set[str], definitions: Definitions) -> float:
    """The sum of the weights of those words of a symbol that the text has, the package's own name apart."""
    return sum(definitions.rarities.get(word, 0.0) for word in own_stems(symbol) & words)
