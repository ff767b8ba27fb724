"""Search: exact names first, then BM25 and vectors in one convex sum, then the votes of passages.

    passage  = w * bm25 / best bm25 + (1 - w) * cosine              for every passage that either way brings
    votes    = sum of a document's best passages' (passage / best passage) ^ p, / their number ^ c
    page     = (1 - u) * votes / most votes + u * the document's own bm25 / best
    named    = page + n * (share of its name in the question)^2 + r * the best of its parents and children
    document = named + 1 where a passage has the whole question word for word

Where one passage holds all that was asked, p is high and that passage decides; where none does, p is low
and many passages that agree outvote one that is nearest (examples of a technique, reports of a weakness).
How much it holds is its coverage: the share of the question's word weights that stand in the passage which
words like best. Without this, long documents bury short ones that say exactly what was asked. Every number
here was chosen on the tuning half of the cases of `icelos evaluate retrieval`; docs/experiments.md,
"Retrieval", has what was tried.
"""

from __future__ import annotations

import heapq
import json
import math
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from icelos.knowledge import vectors
from icelos.knowledge.access import Filter
from icelos.knowledge.called import by_kin, called, kin, stem_weights
from icelos.knowledge.identifiers import candidates
from icelos.knowledge.lifts import Lifts, lifted, of_documents
from icelos.knowledge.schema import ROLE_OTHER
from icelos.knowledge.scope import Scope, Scopes
from icelos.knowledge.vectors import Floats, Integers, Matrix
from icelos.knowledge.words import PAGE_WORK, WORK, Rarity, Term, affordable
from icelos.llm.encoder import Encoder

LEXICAL_CANDIDATES = 400
DENSE_CANDIDATES = 200
QUERY_CHARACTERS = 600
"""Of a question that are made into a vector: 100 words, which take half the time of 200."""
ENCODINGS = 2
"""Questions made into vectors at the same time, beside the look-up of their words."""
REMEMBERED = 64
"""Vectors of the last questions that are kept: one question is searched for several times."""
QUOTED_WORDS = (4, 32)
"""Questions of so many words are looked for word for word, as text that somebody pasted."""
QUOTED_PASSAGES = 400
NAMED_DOCUMENTS = 64
"""Documents, the best, whose names are compared with the question."""
NAME_ENOUGH = 0.8
"""Weight of the words that a question and a name have in common, as a share of the weight of a word that
stands in one passage only, from which on the name counts in full."""
COVERED_TERMS = 64
"""Terms of a question, the rarest, of which coverage is reckoned."""
EXACT = 10.0
"""Added to the score of a document that the question names by its own identifier: it comes first. One that
has the identifier among others gets a tenth."""


class Tuning(msgspec.Struct, frozen=True):
    """The numbers of the ranking; the defaults are the measured ones.

    `votes` are the weights of a document's best, second best … passage, `crowd` is c. As coverage goes from
    the first to the second of `coverages`, p goes from the first to the second of `powers`, u likewise of
    `page_weights`, and w from `lexical_weight` to `covered_weight`.
    """

    lexical_weight: float = 0.3
    name_weight: float = 0.5
    kin_weight: float = 0.2
    context_weight: float = 2.0
    text_weight: float = 1.0
    covered_weight: float = 0.7
    page_weights: tuple[float, float] = (0.4, 0.6)
    work: int = WORK
    page_work: int = PAGE_WORK
    votes: tuple[float, ...] = tuple(0.95**n for n in range(10))
    crowd: float = 0.15
    powers: tuple[float, float] = (2.0, 16.0)
    coverages: tuple[float, float] = (0.7, 1.0)

    def power(self, coverage: float) -> float:
        """The power p for a coverage."""
        return self._between(*self.powers, coverage)

    def lexical(self, coverage: float) -> float:
        """The weight of words for a coverage."""
        return self._between(self.lexical_weight, max(self.lexical_weight, self.covered_weight), coverage)

    def page(self, coverage: float) -> float:
        """The weight of the whole document for a coverage."""
        return self._between(*self.page_weights, coverage)

    def _between(self, low: float, high: float, coverage: float) -> float:
        start, end = self.coverages
        return low + (high - low) * min(max((coverage - start) / (end - start), 0.0), 1.0)


class Ranked(msgspec.Struct, frozen=True):
    """One passage with the parts of its score."""

    chunk: int
    score: float
    why: Mapping[str, float]


class _Words(NamedTuple):
    """What full text found: BM25 by passage, the best first, and the coverage of the best."""

    scores: dict[int, float]
    coverage: float = 0.0

    @property
    def best(self) -> float:
        return max(self.scores.values(), default=0.0)


class Searcher:
    """Ranks passages for a question over one store. Keeps the matrix, the scopes and word counts."""

    def __init__(self, encoder: Encoder | None, tuning: Tuning) -> None:
        self.encoder = encoder
        self.tuning = tuning
        self._matrix = Matrix(encoder.dimensions) if encoder is not None else None
        self._scopes = Scopes()
        self._rarity = Rarity()
        self._encoding = ThreadPoolExecutor(max_workers=ENCODINGS, thread_name_prefix="encode")
        self._encoded: dict[str, Future[Floats]] = {}
        self._lock = threading.Lock()

    def rank(
        self, database: sqlite3.Connection, query: str, *, k: int, allowed: Filter, generation: int,
        per_document: int = 1, dense: bool = True, lifts: Lifts | None = None,
    ) -> list[Ranked]:  # fmt: skip
        """The best `k` passages, at most `per_document` of one document, the best first.

        `lifts` are what people have taught (`icelos.knowledge.lifts`).
        """
        scope = self._scopes.get(database, generation, allowed)
        if not scope.chunks:
            return []
        vector = self._vector(database, query) if dense else None
        size = _size(database)
        terms = self._rarity.terms(database, query, size=size)
        words = self._words(database, terms, size, scope)
        pages = self._pages(database, terms, size, scope)
        exact = named(database, query, allowed)
        quoted = _quoted(database, query, scope)
        cosines = self._cosines(database, vector.result(), scope, words) if vector is not None else {}
        scores = dict.fromkeys((*exact, *quoted), 0.0) | self._fused(words, cosines)
        documents = _by_document(scores, quoted, scope)
        totals = self._totals(documents, scores, words, pages)
        calls = self._calls(database, terms, size, documents, totals)
        called_for = {d: max(exact.get(c, 0.0) for c in chunks) for d, chunks in documents.items()}
        whole = {d: float(chunks[0] in quoted) for d, chunks in documents.items()}
        totals = {d: total + calls.get(d, 0.0) + called_for[d] + whole[d] for d, total in totals.items()}
        taught = dict(totals)
        if lifts is not None:
            own = of_documents(database, lifts, vector.result()[0] if vector is not None else None, allowed)
            taught = lifted(totals, own, called_for, _first(totals, documents, k, per_document))
        ranked: list[Ranked] = []
        for document in _first(taught, documents, k, per_document):
            extra = {"exact": called_for[document], "page": pages.get(document, 0.0)}
            extra |= {"name": calls.get(document, 0.0), "quoted": whole[document]}
            extra |= {"learned": taught[document] - totals[document]}
            for chunk in documents[document][:per_document]:
                ranked.append(Ranked(chunk, round(taught[document], 6), _why(chunk, words, cosines, extra)))
        return ranked[:k]

    def weights(self, database: sqlite3.Connection, words: Iterable[str]) -> dict[str, float]:
        """Inverse document frequency of each word, over all passages."""
        size = _size(database)
        found: dict[str, float] = {}
        for word in words:
            rows = min((t.rows for t in self._rarity.terms(database, word, size=size)), default=0)
            found[word] = math.log1p(size / max(rows, 0.5))
        return found

    def _words(self, database: sqlite3.Connection, terms: Sequence[Term], size: int, scope: Scope) -> _Words:
        """BM25 of the visible passages that match best."""
        match = " OR ".join(term.phrase for term in affordable(terms, size=size, work=self.tuning.work))
        if not match:
            return _Words({})
        found: dict[int, float] = {}
        for limit in (4 * LEXICAL_CANDIDATES, -1):
            rows = self._matches(database, match, limit)
            seen = scope.documents(np.array([chunk for chunk, _ in rows], np.int64)) > 0
            found = {chunk: score for (chunk, score), ok in zip(rows, seen, strict=True) if ok}
            if len(found) >= LEXICAL_CANDIDATES or len(rows) < limit:
                break
        kept = dict(list(found.items())[:LEXICAL_CANDIDATES])
        best = next(iter(kept), 0)
        return _Words(kept, _coverage(database, terms[:COVERED_TERMS], best, size) if best else 0.0)

    def _pages(
        self, database: sqlite3.Connection, terms: Sequence[Term], size: int, scope: Scope
    ) -> dict[int, float]:
        """BM25 of whole documents that may be seen, 1 for the best of them."""
        match = " OR ".join(term.phrase for term in affordable(terms, size=size, work=self.tuning.page_work))
        if not match or not any(self.tuning.page_weights):
            return {}
        rows = database.execute(
            "SELECT rowid, -rank FROM pages WHERE pages MATCH ? ORDER BY rank LIMIT ?",
            (match, 4 * LEXICAL_CANDIDATES),
        )
        pairs = np.array(rows.fetchall(), np.float64).reshape(-1, 2)
        documents = scope.of_versions(pairs[:, 0].astype(np.int64))
        seen = documents > 0
        found = dict(zip(documents[seen].tolist(), pairs[seen, 1].tolist(), strict=True))
        best = max(found.values(), default=0.0)
        return {document: score / best for document, score in found.items()} if best > 0 else {}

    def _matches(self, database: sqlite3.Connection, match: str, limit: int) -> list[tuple[int, float]]:
        rank = f"bm25({self.tuning.context_weight}, {self.tuning.text_weight})"
        rows = database.execute(
            "SELECT rowid, -rank FROM words WHERE words MATCH ? AND rank MATCH ? ORDER BY rank LIMIT ?",
            (match, rank, limit),
        )
        return [(int(chunk), float(score)) for chunk, score in rows]

    def _vector(self, database: sqlite3.Connection, query: str) -> Future[Floats] | None:
        """The question's vector, made while words are looked up; None where there are no vectors."""
        if self.encoder is None or self._matrix is None or not _embedded(database, self.encoder.name):
            return None
        text = query[:QUERY_CHARACTERS]
        with self._lock:
            known = self._encoded.pop(text, None)
            if known is None or (known.done() and known.exception() is not None):
                known = self._encoding.submit(self.encoder.encode, [text])
            self._encoded[text] = known
            if len(self._encoded) > REMEMBERED:
                del self._encoded[next(iter(self._encoded))]
        return known

    def _cosines(
        self, database: sqlite3.Connection, vectors_of_query: Floats, scope: Scope, words: _Words
    ) -> dict[int, float]:
        """Cosines of the nearest visible passages and of all lexical candidates that have a vector."""
        if self.encoder is None or self._matrix is None:
            return {}
        known = self._matrix.refresh(database, self.encoder.name)
        if known is None:
            known = vectors.of_chunks(database, list(words.scores), self.encoder.dimensions)
        vector = vectors_of_query[0]
        visible = scope.documents(known.chunks) > 0
        near = known.screened(vector, visible)
        near = near[_top(known.cosines(near, vector), DENSE_CANDIDATES)]
        also = _rows_of(known.chunks, words.scores)
        wanted = np.union1d(near, also[visible[also]])
        return dict(zip(known.chunks[wanted].tolist(), known.cosines(wanted, vector).tolist(), strict=True))

    def _fused(self, words: _Words, cosines: Mapping[int, float]) -> dict[int, float]:
        weight = self.tuning.lexical(words.coverage) if cosines else 1.0
        best = words.best or 1.0
        return {
            chunk: weight * words.scores.get(chunk, 0.0) / best
            + (1 - weight) * max(cosines.get(chunk, 0.0), 0.0)
            for chunk in {**words.scores, **cosines}
        }

    def _totals(
        self, documents: Mapping[int, list[int]], scores: Mapping[int, float], words: _Words,
        pages: Mapping[int, float],
    ) -> dict[int, float]:  # fmt: skip
        """What the passages of each document amount to with the whole of it."""
        best = max(scores.values(), default=0.0) or 1.0
        power = self.tuning.power(words.coverage)
        votes = {
            document: sum(
                w * (scores[c] / best) ** power for w, c in zip(self.tuning.votes, chunks, strict=False)
            )
            / min(len(chunks), len(self.tuning.votes)) ** self.tuning.crowd
            for document, chunks in documents.items()
        }
        most = max(votes.values(), default=0.0) or 1.0
        share = self.tuning.page(words.coverage) if pages else 0.0
        return {
            document: (1 - share) * voted / most + share * pages.get(document, 0.0)
            for document, voted in votes.items()
        }

    def _calls(
        self, database: sqlite3.Connection, terms: Sequence[Term], size: int,
        documents: Mapping[int, list[int]], totals: Mapping[int, float],
    ) -> dict[int, float]:  # fmt: skip
        """What the best documents gain by their names in the question, and by their kin."""
        best = heapq.nsmallest(NAMED_DOCUMENTS, totals, key=lambda d: (-totals[d], d))
        passages = {document: documents[document][0] for document in best}
        weights = stem_weights((term.phrase.strip('"'), term.weight(size)) for term in terms if term.rows)
        shares = called(database, passages, weights, NAME_ENOUGH * math.log1p(size))
        gains = {d: self.tuning.name_weight * shares.get(d, 0.0) ** 2 for d in best}
        own = {d: totals[d] + gains[d] for d in best}
        for document, total in by_kin(own, kin(database, passages)).items():
            gains[document] += self.tuning.kin_weight * total
        return gains


def _quoted(database: sqlite3.Connection, query: str, scope: Scope) -> set[int]:
    """Visible passages that have the whole question word for word, punctuation and case aside."""
    least, most = QUOTED_WORDS
    if not least <= len(query.split()) <= most:
        return set()
    phrase = '"' + query.replace('"', " ").replace("\0", " ") + '"'
    rows = database.execute(
        "SELECT rowid FROM words WHERE words MATCH ? LIMIT ?", (phrase, QUOTED_PASSAGES)
    ).fetchall()
    found = np.array([chunk for (chunk,) in rows], np.int64)
    return set(found[scope.documents(found) > 0].tolist())


def _first(
    totals: Mapping[int, float], documents: Mapping[int, Sequence[int]], k: int, per_document: int
) -> list[int]:
    """The best documents, as many as have `k` passages together."""
    chosen: list[int] = []
    passages = 0
    for document in sorted(totals, key=lambda d: (-totals[d], d)):
        if passages >= k:
            break
        chosen.append(document)
        passages += len(documents[document][:per_document])
    return chosen


def _by_document(scores: Mapping[int, float], first: AbstractSet[int], scope: Scope) -> dict[int, list[int]]:
    """The visible passages of each document, those in `first` and then the best first."""
    documents: dict[int, list[int]] = {}
    ids = sorted(scores, key=lambda chunk: (chunk not in first, -scores[chunk], chunk))
    for chunk, document in zip(ids, scope.documents(np.array(ids, np.int64)).tolist(), strict=True):
        if document:
            documents.setdefault(document, []).append(chunk)
    return documents


def _coverage(database: sqlite3.Connection, terms: Sequence[Term], passage: int, size: int) -> float:
    """The share of the terms' weights that stand in a passage. Words that stand nowhere weigh most."""
    weights = {term: term.weight(size) for term in terms}
    held = sum(weight for term, weight in weights.items() if term.rows and _holds(database, passage, term))
    return held / (sum(weights.values()) or 1.0)


def _holds(database: sqlite3.Connection, passage: int, term: Term) -> bool:
    query = "SELECT 1 FROM words WHERE words MATCH ? AND rowid = ?"
    return database.execute(query, (term.phrase, passage)).fetchone() is not None


def _why(
    chunk: int, words: _Words, cosines: Mapping[int, float], extra: Mapping[str, float]
) -> dict[str, float]:
    """The parts of a score that are not nothing."""
    parts = {
        "lexical": words.scores.get(chunk, 0.0) / (words.best or 1.0),
        "dense": cosines.get(chunk, 0.0),
        **extra,
    }
    return {name: round(value, 4) for name, value in parts.items() if value}


def _size(database: sqlite3.Connection) -> int:
    return int(database.execute("SELECT count(*) FROM chunks").fetchone()[0])


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


def _rows_of(chunks: Integers, wanted: Iterable[int]) -> Integers:
    """The places of some chunks in `chunks`, which ascends but for passages that got their vector late."""
    order = None if len(chunks) < 2 or bool((chunks[1:] > chunks[:-1]).all()) else np.argsort(chunks)
    sought = np.fromiter(wanted, np.int64)
    places = np.searchsorted(chunks, sought, sorter=order)
    inside = places < len(chunks)
    places, sought = places[inside], sought[inside]
    rows = places if order is None else order[places]
    return np.asarray(rows[chunks[rows] == sought], np.int64)


def _top(values: NDArray[np.float32], number: int) -> Integers:
    if len(values) <= number:
        return np.arange(len(values))
    return np.argpartition(-values, number)[:number]
