"""How alike questions are: by vectors where there are any, else by the stems that they share."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from icelos.jobs.copilot.words import content_stems
from icelos.knowledge.vectors import Floats


class Likeness:
    """Some questions, with which others are compared: from 0 to 1, and 1 for the same question.

    By meaning it is the cosine. By words it is the square root of their cosine, which brings it to the same
    scale; a word weighs by how few of the questions have it: ln(1 + questions / questions with it).
    """

    def __init__(self, queries: Sequence[str], vectors: bytes) -> None:
        self._queries = queries
        rows = np.frombuffer(vectors, "<f2").astype(np.float32)
        self._vectors = rows.reshape(len(queries), -1) if len(queries) else rows.reshape(0, 0)

    def to(self, query: str, vector: Floats | None) -> NDArray[np.float64]:
        """How alike each question is to this one; by words where there is no vector."""
        if vector is not None:
            # By einsum, as in `icelos.knowledge.vectors`: threads cost more than they bring here.
            return np.asarray(np.einsum("ij,j->i", self._vectors, vector), np.float64)
        return self._by_words(query)

    def all(self, by_meaning: bool) -> Floats:
        """How alike all questions are to each other, shape (questions, questions)."""
        if by_meaning:
            return self._vectors @ self._vectors.T
        rows = [self._by_words(query).astype(np.float32) for query in self._queries]
        return np.array(rows, np.float32).reshape(len(rows), len(rows))

    def _by_words(self, query: str) -> NDArray[np.float64]:
        places, weights = self._index
        found = np.zeros(len(self._queries), np.float64)
        own = set(content_stems(query))
        rare = math.log1p(len(self._queries))
        norm = math.sqrt(sum(weights.get(stem, rare) ** 2 for stem in own)) or 1.0
        for stem in sorted(own & weights.keys()):
            where, values = places[stem]
            found[where] += values * weights[stem] / norm
        return np.sqrt(found)

    @cached_property
    def _index(self) -> tuple[dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]], dict[str, float]]:
        """Stem to the questions that have it, with its share of each; and each stem's weight."""
        stems = [sorted(set(content_stems(query))) for query in self._queries]
        counts = Counter(stem for some in stems for stem in some)
        weights = {stem: math.log1p(len(stems) / number) for stem, number in counts.items()}
        places: dict[str, tuple[list[int], list[float]]] = {}
        for number, some in enumerate(stems):
            norm = math.sqrt(sum(weights[stem] ** 2 for stem in some)) or 1.0
            for stem in some:
                where, values = places.setdefault(stem, ([], []))
                where.append(number)
                values.append(weights[stem] / norm)
        packed = {
            stem: (np.array(where, np.int64), np.array(values, np.float64))
            for stem, (where, values) in places.items()
        }
        return packed, weights
