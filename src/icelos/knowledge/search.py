"""Search: exact names first, then BM25 and vectors in one convex sum, summed up over each document.

score = lexical_weight * bm25 / best bm25 + (1 - lexical_weight) * cosine, for every passage that either
way brings; a document adds up its best passages with falling weights, so that several passages that
agree count for more than one. Every number here was chosen on the tuning half of the cases of
`icelos evaluate retrieval` (docs/experiments.md, "Retrieval").
"""

from __future__ import annotations

import json
import math
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from icelos.knowledge import vectors
from icelos.knowledge.access import Filter
from icelos.knowledge.identifiers import candidates
from icelos.knowledge.schema import ROLE_OTHER
from icelos.knowledge.vectors import Integers, Matrix
from icelos.knowledge.words import Rarity, affordable
from icelos.llm.encoder import Encoder

LEXICAL_CANDIDATES = 400
DENSE_CANDIDATES = 200
VOTES = (1.0,)
"""Weights of a document's best, second best … passage."""
EXACT = 10.0
"""Added to the score of a document that the question names by identifier: it comes first."""


class Tuning(msgspec.Struct, frozen=True):
    """The numbers of the ranking; the defaults are the measured ones."""

    lexical_weight: float = 0.8
    context_weight: float = 1.0
    text_weight: float = 1.0
    votes: tuple[float, ...] = VOTES


class Ranked(msgspec.Struct, frozen=True):
    """One passage with the parts of its score."""

    chunk: int
    score: float
    why: Mapping[str, float]


class Scope:
    """Which chunks may be seen: document number by chunk id, 0 where hidden or absent."""

    def __init__(self, database: sqlite3.Connection, allowed: Filter) -> None:
        rows = database.execute(
            "SELECT v.doc, v.first, v.chunks FROM versions v JOIN documents d ON d.doc = v.doc"
            f" WHERE {allowed.sql}",
            allowed.parameters,
        ).fetchall()
        spans = np.array(rows, np.int64).reshape(-1, 3)
        documents, first, number = spans[:, 0], spans[:, 1], spans[:, 2]
        self.chunks = int(number.sum())
        self._documents = np.zeros(int((first + number).max(initial=0)) + 1, np.int64)
        within = np.arange(self.chunks) - np.repeat(np.cumsum(number) - number, number)
        self._documents[np.repeat(first, number) + within] = np.repeat(documents, number)

    def documents(self, chunks: Integers) -> Integers:
        """The document of each chunk, 0 where it may not be seen."""
        inside = chunks < len(self._documents)
        return np.where(inside, self._documents[np.where(inside, chunks, 0)], 0)


class Scopes:
    """The latest scopes, by state of the store and filter (which holds the principal's groups)."""

    def __init__(self, most: int = 16) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[int, str], Scope] = OrderedDict()

    def get(self, database: sqlite3.Connection, generation: int, allowed: Filter) -> Scope:
        key = (generation, allowed.key)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        scope = Scope(database, allowed)
        with self._lock:
            self._kept[key] = scope
            for old in [k for k in self._kept if k[0] < generation]:
                del self._kept[old]
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return scope


class Searcher:
    """Ranks passages for a question over one store. Keeps the matrix, the scopes and word counts."""

    def __init__(self, encoder: Encoder | None, tuning: Tuning) -> None:
        self.encoder = encoder
        self.tuning = tuning
        self._matrix = Matrix(encoder.dimensions) if encoder is not None else None
        self._scopes = Scopes()
        self._rarity = Rarity()

    def rank(
        self, database: sqlite3.Connection, query: str, *, k: int, allowed: Filter, generation: int,
        per_document: int = 1, dense: bool = True,
    ) -> list[Ranked]:  # fmt: skip
        """The best `k` passages, at most `per_document` of one document, the best first."""
        scope = self._scopes.get(database, generation, allowed)
        if not scope.chunks:
            return []
        lexical = self._lexical(database, query, scope)
        cosine = self._dense(database, query, scope, lexical) if dense else {}
        scores = self._fused(lexical, cosine)
        exact = named(database, query, allowed)
        for chunk in exact:
            scores.setdefault(chunk, 0.0)
        return self._by_document(scores, lexical, cosine, exact, scope, k, per_document)

    def weights(self, database: sqlite3.Connection, words: Iterable[str]) -> dict[str, float]:
        """Inverse document frequency of each word, over all passages."""
        size = _size(database)
        found: dict[str, float] = {}
        for word in words:
            rows = min((t.rows for t in self._rarity.terms(database, word, size=size)), default=0)
            found[word] = math.log1p(size / max(rows, 0.5))
        return found

    def _lexical(self, database: sqlite3.Connection, query: str, scope: Scope) -> dict[int, float]:
        """BM25 of the visible passages that match best, 1 for the best of them."""
        size = _size(database)
        terms = affordable(self._rarity.terms(database, query, size=size))
        if not terms:
            return {}
        found: dict[int, float] = {}
        for limit in (4 * LEXICAL_CANDIDATES, -1):
            rows = self._matches(database, " OR ".join(t.phrase for t in terms), limit)
            ids = np.array([chunk for chunk, _ in rows], np.int64)
            seen = scope.documents(ids) > 0
            found = {chunk: score for (chunk, score), ok in zip(rows, seen, strict=True) if ok}
            if len(found) >= LEXICAL_CANDIDATES or len(rows) < limit:
                break
        kept = dict(list(found.items())[:LEXICAL_CANDIDATES])
        best = max(kept.values(), default=0.0)
        return {chunk: score / best for chunk, score in kept.items()} if best > 0 else {}

    def _matches(self, database: sqlite3.Connection, match: str, limit: int) -> list[tuple[int, float]]:
        rank = f"bm25({self.tuning.context_weight}, {self.tuning.text_weight})"
        rows = database.execute(
            "SELECT rowid, -rank FROM words WHERE words MATCH ? AND rank MATCH ? ORDER BY rank LIMIT ?",
            (match, rank, limit),
        )
        return [(int(chunk), float(score)) for chunk, score in rows]

    def _dense(
        self, database: sqlite3.Connection, query: str, scope: Scope, lexical: Mapping[int, float]
    ) -> dict[int, float]:
        """Cosines of the nearest visible passages and of all lexical candidates that have a vector."""
        if self.encoder is None or self._matrix is None or not _embedded(database, self.encoder.name):
            return {}
        loaded = self._matrix.refresh(database, self.encoder.name)
        vector = self.encoder.encode([query])[0]
        if loaded is None:
            chunks, rows = vectors.of_chunks(database, list(lexical), self.encoder.dimensions)
        else:
            chunks, rows = loaded
        cosines = rows @ vector
        visible = scope.documents(chunks) > 0
        near = _top(np.where(visible, cosines, -1.0), DENSE_CANDIDATES)
        wanted = np.isin(chunks, np.fromiter(lexical, np.int64, len(lexical)))
        wanted[near] = True
        wanted &= visible
        return dict(zip(chunks[wanted].tolist(), cosines[wanted].tolist(), strict=True))

    def _fused(self, lexical: Mapping[int, float], cosine: Mapping[int, float]) -> dict[int, float]:
        weight = self.tuning.lexical_weight if cosine else 1.0
        return {
            chunk: weight * lexical.get(chunk, 0.0) + (1 - weight) * max(cosine.get(chunk, 0.0), 0.0)
            for chunk in {**lexical, **cosine}
        }

    def _by_document(
        self, scores: Mapping[int, float], lexical: Mapping[int, float], cosine: Mapping[int, float],
        exact: Mapping[int, float], scope: Scope, k: int, per_document: int,
    ) -> list[Ranked]:  # fmt: skip
        ids = np.fromiter(scores, np.int64, len(scores))
        passages: dict[int, list[int]] = {}
        for chunk, document in zip(ids.tolist(), scope.documents(ids).tolist(), strict=True):
            if document:
                passages.setdefault(document, []).append(chunk)
        bonus: dict[int, float] = {}
        for chunk, value in exact.items():
            document = int(scope.documents(np.array([chunk]))[0])
            bonus[document] = max(bonus.get(document, 0.0), value)
        totals = {}
        for document, chunks in passages.items():
            chunks.sort(key=lambda c: (-scores[c], c))
            votes = zip(self.tuning.votes, chunks, strict=False)
            totals[document] = bonus.get(document, 0.0) + sum(w * scores[c] for w, c in votes)
        order = sorted(totals, key=lambda d: (-totals[d], d))
        ranked: list[Ranked] = []
        for document in order:
            for chunk in passages[document][:per_document]:
                parts = {
                    "lexical": lexical.get(chunk, 0.0),
                    "dense": cosine.get(chunk, 0.0),
                    "exact": bonus.get(document, 0.0),
                }
                why = {name: round(value, 4) for name, value in parts.items() if value}
                ranked.append(Ranked(chunk, round(totals[document], 6), why))
            if len(ranked) >= k:
                break
        return ranked[:k]


def _size(database: sqlite3.Connection) -> int:
    return int(database.execute("SELECT coalesce(max(id), 0) FROM chunks").fetchone()[0])


def named(database: sqlite3.Connection, query: str, allowed: Filter) -> dict[int, float]:
    """First chunks of the documents that a question names by identifier, with what that adds."""
    words = candidates(query)
    if not words:
        return {}
    rows = database.execute(
        "SELECT v.first, min(n.role) FROM names n JOIN versions v ON v.vid = n.vid"
        " JOIN documents d ON d.doc = v.doc"
        f" WHERE n.key IN (SELECT value FROM json_each(:named)) AND n.role <= {ROLE_OTHER} AND {allowed.sql}"
        " GROUP BY v.first ORDER BY min(n.role), v.first LIMIT 200",
        {**allowed.parameters, "named": json.dumps(words)},
    )
    return {int(chunk): EXACT if role < ROLE_OTHER else EXACT / 10 for chunk, role in rows}


def _embedded(database: sqlite3.Connection, encoder: str) -> bool:
    """Whether the store's vectors are of this encoder."""
    row = database.execute("SELECT value FROM meta WHERE key = 'encoder'").fetchone()
    return row is not None and row[0] == encoder


def _top(values: NDArray[np.floating[object]], number: int) -> Integers:  # type: ignore[type-var]
    if len(values) <= number:
        return np.arange(len(values))
    return np.argpartition(-values, number)[:number]
