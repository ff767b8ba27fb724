"""Vectors of chunks: kept in the store as float16, searched in memory by their signs and then exactly.

One bit a dimension is enough to find the 4,000 passages among which the nearest 20 are; their cosines are
then reckoned in full. The matrix follows the store by its sequence number: what is new is appended, and
what is gone is never seen, because every search passes through the map of visible chunks.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from icelos.errors import StoreError

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

Halves = NDArray[np.float16]
Bits = NDArray[np.uint64]

MOST_IN_MEMORY = 500_000
"""Vectors kept in memory: 384 float16 and as many bits each, so 410 MB. Beyond it only lexical candidates
are compared."""

SCREENED = 4_000
"""Passages whose signs are nearest, for which cosines are reckoned: they hold all of the nearest 20 and
99 % of the nearest 200 (docs/experiments.md), for a fifth of the time of all cosines at 100,000."""


def pack(vectors: Floats) -> list[bytes]:
    """Each row as float16 bytes."""
    return [row.tobytes() for row in vectors.astype("<f2")]


def unpack(blobs: Sequence[bytes], dimensions: int) -> Halves:
    """Rows from their bytes. Raises StoreError where one has another length."""
    if any(len(blob) != 2 * dimensions for blob in blobs):
        raise StoreError("vectors of another size in the store", hint="icelos kb update --rebuild-vectors")
    return np.frombuffer(b"".join(blobs), dtype="<f2").reshape(-1, dimensions)


class Vectors(NamedTuple):
    """Chunk ids, their vectors, and the signs of these, row by row. Not changed once given out."""

    chunks: Integers
    rows: Halves
    signs: Bits

    def cosines(self, places: Integers, vector: Floats) -> Floats:
        """Cosines of the rows at some places.

        By einsum: a product this small gains nothing from OpenBLAS's threads, which then spin for a while
        on the core that the next look-up of words needs.
        """
        return np.asarray(np.einsum("ij,j->i", self.rows[places].astype(np.float32), vector), np.float32)

    def screened(self, vector: Floats, visible: NDArray[np.bool_], number: int = SCREENED) -> Integers:
        """Places of the visible rows whose signs are nearest to a vector's."""
        places = np.flatnonzero(visible)
        if len(places) <= number:
            return places
        signs = self.signs if len(places) == len(self.signs) else self.signs[places]
        apart = np.bitwise_count(signs ^ signs_of(vector[None])).sum(1, dtype=np.uint16)
        return places[np.argpartition(apart, number)[:number]]


def signs_of(rows: Floats | Halves) -> Bits:
    """One bit a dimension, 64 in a number; the last number is filled up with zeros."""
    packed = np.packbits(rows > 0, axis=1)
    spare = -packed.shape[1] % 8
    return np.ascontiguousarray(np.pad(packed, ((0, 0), (0, spare)))).view(np.uint64)


class Matrix:
    """The vectors of a store in memory, kept up to date by `refresh`; safe to share between threads."""

    def __init__(self, dimensions: int, *, most: int = MOST_IN_MEMORY) -> None:
        self._dimensions, self._most = dimensions, most
        self._lock = threading.Lock()
        self._encoder = ""
        self._clear()

    def _clear(self) -> None:
        self._last = self._count = 0
        self._seen: tuple[str, int, str] | None = None
        self._kept = self._room(0)

    def _room(self, rows: int) -> Vectors:
        words = -(-self._dimensions // 64)
        return Vectors(
            np.empty(rows, np.int64), np.empty((rows, self._dimensions), np.float16),
            np.empty((rows, words), np.uint64),
        )  # fmt: skip

    def refresh(self, database: sqlite3.Connection, encoder: str) -> Vectors | None:
        """The vectors of the store, or None where there are more than fit.

        `encoder` names the vector space; another one than before starts the matrix anew.
        """
        with self._lock:
            last, state = database.execute(
                "SELECT (SELECT coalesce(max(seq), 0) FROM vectors),"
                " (SELECT value FROM meta WHERE key = 'generation')"
            ).fetchone()
            if (encoder, last, state) == self._seen:
                return self._shown()
            count = database.execute("SELECT count(*) FROM vectors").fetchone()[0]
            if count > self._most:
                self._clear()
                return None
            if encoder != self._encoder or self._count > 2 * count + 1000:
                self._clear()
                self._encoder = encoder
            if last > self._last:
                self._append(database, last)
            self._seen = (encoder, last, state)
            return self._shown()

    def _shown(self) -> Vectors:
        kept, count = self._kept, self._count
        return Vectors(kept.chunks[:count], kept.rows[:count], kept.signs[:count])

    def _append(self, database: sqlite3.Connection, last: int) -> None:
        query = "SELECT chunk, data FROM vectors WHERE seq > ? AND seq <= ? ORDER BY seq"
        rows = database.execute(query, (self._last, last)).fetchall()
        new = unpack([data for _, data in rows], self._dimensions)
        start, needed = self._count, self._count + len(rows)
        if needed > len(self._kept.chunks):
            self._grow(needed)
        self._kept.chunks[start:needed] = [chunk for chunk, _ in rows]
        self._kept.rows[start:needed] = new
        self._kept.signs[start:needed] = signs_of(new)
        self._count, self._last = needed, last

    def _grow(self, needed: int) -> None:
        """New arrays, so that a search under way keeps its own."""
        larger = self._room(needed if self._count == 0 else needed + needed // 4)
        larger.chunks[: self._count] = self._kept.chunks[: self._count]
        larger.rows[: self._count] = self._kept.rows[: self._count]
        larger.signs[: self._count] = self._kept.signs[: self._count]
        self._kept = larger


def of_chunks(database: sqlite3.Connection, chunks: Sequence[int], dimensions: int) -> Vectors:
    """The vectors of some chunks, straight from the store; those without one are left out."""
    marks = ",".join("?" * len(chunks))
    query = f"SELECT chunk, data FROM vectors WHERE chunk IN ({marks}) ORDER BY chunk"
    rows = database.execute(query, list(chunks)).fetchall()
    halves = unpack([data for _, data in rows], dimensions)
    return Vectors(np.array([c for c, _ in rows], np.int64), halves, signs_of(halves))
