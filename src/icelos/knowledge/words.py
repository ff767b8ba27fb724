"""Questions to full-text queries: which words count, and how rare each is.

A long question has many words, and the cost of a query is the number of rows its words match; so the
rarest words are taken until a budget of work is spent. What is left out is common, hence light in BM25.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Sequence

import msgspec

_WORD = re.compile(r"[^\W_]+(?:[._:@/\\+'’-][^\W_]+)*")
_PART = re.compile(r"[^\W_]+")

_FUNCTION_WORDS = """
a an the and or but if of at by for from in into on onto to with within without as is are was were be been
being am do does did doing have has had having it its this that these those there here he she they them
their we our us you your i me my what which who whom whose when where why how can could may might must shall
should will would not no nor so than then too very s t via also such any all about over under between
through during before after above below up down out off again
"""
STOP_WORDS = frozenset(_FUNCTION_WORDS.split())
"""English function words. They match nearly every passage and say nothing of its subject."""

MOST_WORDS = 256
ROW_WORK = 10
"""What a row costs in SQLite's BM25 before any term is looked for in it, in terms."""
WORK = 375_000
"""Rows times (terms + ROW_WORK) that one query over passages may cost: about 25 ms of BM25 in SQLite, which
looks for every term in every row that any of them matches."""
PAGE_WORK = 190_000
"""The same over whole documents."""
MOST_TERMS = 64
"""Terms of one query, the rarest."""


class Term(msgspec.Struct, frozen=True):
    """One word or compound of a question as an FTS5 phrase, with the number of passages that hold it."""

    phrase: str
    rows: int

    def weight(self, passages: int) -> float:
        """Inverse document frequency as FTS5's bm25 has it, over `passages` in all; at least 1e-6."""
        if not passages:
            return 0.0
        without = max(passages - self.rows, 0)  # rows may be counted before a deletion
        return max(math.log((without + 0.5) / (self.rows + 0.5)), 1e-6)


def phrases(query: str) -> list[str]:
    """The words of a question that count, as FTS5 phrases, each once, in order.

    A compound ("lsass.exe", "command-and-control") is one phrase beside its parts, so that a passage
    with the whole compound outranks one with the parts.
    """
    found: dict[str, None] = {}
    for match in _WORD.finditer(query):
        parts = _PART.findall(match.group().casefold())
        if len(parts) > 1 and len(parts) <= 8:
            found['"' + " ".join(parts) + '"'] = None
        for part in parts:
            if part not in STOP_WORDS and len(part) <= 64:
                found[f'"{part}"'] = None
        if len(found) >= MOST_WORDS:
            break
    return list(found)


class Rarity:
    """How many passages hold a phrase, remembered until the store has grown or shrunk by a tenth."""

    def __init__(self, *, most: int = 50_000) -> None:
        self._rows: dict[str, int] = {}
        self._most = most
        self._size = 0

    def terms(self, database: sqlite3.Connection, query: str, *, size: int) -> list[Term]:
        """The terms of a question, those that no passage holds included, the rarest first."""
        if abs(size - self._size) * 10 > self._size or len(self._rows) > self._most:
            self._rows, self._size = {}, size
        rows = self._rows
        found = []
        for phrase in phrases(query):
            number = rows.get(phrase) or _matches(database, phrase)
            if number:  # a word that stands nowhere now may stand somewhere with the next document
                rows[phrase] = number
            found.append(Term(phrase, number))
        return sorted(found, key=lambda term: term.rows)


def _matches(database: sqlite3.Connection, phrase: str) -> int:
    return int(database.execute("SELECT count(*) FROM words WHERE words MATCH ?", (phrase,)).fetchone()[0])


def affordable(terms: Sequence[Term], *, size: int, work: int = WORK, most: int = MOST_TERMS) -> list[Term]:
    """The rarest terms whose work, over `size` passages, is within bounds; at least one that matches."""
    chosen: list[Term] = []
    rows = 0
    for term in terms:
        if not term.rows:
            continue
        rows += term.rows
        if chosen and (min(rows, size) * (len(chosen) + 1 + ROW_WORK) > work or len(chosen) >= most):
            break
        chosen.append(term)
    return chosen
