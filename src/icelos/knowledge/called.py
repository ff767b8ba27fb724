"""How far a question calls documents by their names, and what it says of their parents and children.

A description of an incident or a vulnerability often holds the name of what it describes ("a stack-based
buffer overflow"), and that is better evidence than as many words from anywhere in the document.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import snowballstemmer

from icelos.knowledge.identifiers import FAMILIES
from icelos.knowledge.schema import ROLE_ALIAS, ROLE_OWN
from icelos.knowledge.words import STOP_WORDS

KINSHIP = ("child-of", "subtechnique-of")
"""Relations whose two ends describe the same thing, more and less narrowly."""
MOST_NAMES = 4_000

_WORD = re.compile(r"[^\W_]+")
_STEMMER, _STEMMING = snowballstemmer.stemmer("porter"), threading.Lock()
"""A stemmer keeps the word at hand in itself: two threads in it would get each other's letters."""


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The stem that FTS5's porter tokenizer gives a word."""
    with _STEMMING:
        return str(_STEMMER.stemWord(word.casefold()))


@lru_cache(maxsize=16_384)
def name_stems(name: str) -> frozenset[str]:
    """The stems of a name's words that count, without identifiers of public catalogues in it."""
    return frozenset(
        stem(word)
        for word in _WORD.findall(FAMILIES.sub(" ", name).casefold())
        if word not in STOP_WORDS
    )  # fmt: skip


def called(
    database: sqlite3.Connection, passages: Mapping[int, int], weights: Mapping[str, float], enough: float
) -> dict[int, float]:
    """For each document the share of one of its names (title or alias) that a question holds, from 0 to 1.

    `passages` gives one passage of each document. `weights` are those of the question's words by stem; a name
    whose words in the question weigh less than `enough` together counts for less: "net" says nothing of the
    tool that is called Net.
    """
    rows = database.execute(
        "SELECT c.id, n.key FROM chunks c JOIN names n ON n.vid = c.vid"
        " WHERE c.id IN (SELECT value FROM json_each(?)) AND n.role >= ? LIMIT ?",
        (json.dumps(list(passages.values())), ROLE_ALIAS, MOST_NAMES),
    ).fetchall()
    owners = {passage: document for document, passage in passages.items()}
    found: dict[int, float] = {}
    for passage, name in rows:
        stems = name_stems(name)
        held = stems & weights.keys()
        if held:
            heavy = min(sum(weights[word] for word in held) / enough, 1.0)
            share = heavy * len(held) / len(stems)
            found[owners[passage]] = max(found.get(owners[passage], 0.0), share)
    return found


def kin(database: sqlite3.Connection, passages: Mapping[int, int]) -> list[tuple[int, int]]:
    """Pairs of documents, among those given by one passage each, of which one is the other's child."""
    marks = json.dumps(list(passages.values()))
    rows = database.execute(
        "WITH among AS (SELECT id, vid FROM chunks WHERE id IN (SELECT value FROM json_each(:among)))"
        " SELECT a.id, b.id FROM among a JOIN relations r ON r.vid = a.vid"
        " JOIN names n ON n.key = r.target AND n.role = :own JOIN among b ON b.vid = n.vid"
        " WHERE r.kind IN (SELECT value FROM json_each(:kinds))",
        {"among": marks, "own": ROLE_OWN, "kinds": json.dumps(KINSHIP)},
    )
    owners = {passage: document for document, passage in passages.items()}
    return [(owners[child], owners[parent]) for child, parent in rows]


def by_kin(totals: Mapping[int, float], pairs: Sequence[tuple[int, int]]) -> dict[int, float]:
    """For each document the greatest total among its parents and children."""
    found: dict[int, float] = {}
    for one, other in pairs:
        found[one] = max(found.get(one, 0.0), totals[other])
        found[other] = max(found.get(other, 0.0), totals[one])
    return found


def stem_weights(weights: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Weights of words by their stems; where two words share one, the lighter counts."""
    found: dict[str, float] = {}
    for word, weight in weights:
        key = stem(word)
        found[key] = min(found.get(key, weight), weight)
    return found
