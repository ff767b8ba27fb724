"""Vectors of chunks: kept in the store as float16, searched in memory as one float32 matrix.

The matrix follows the store by its sequence number: what is new is appended, and what is gone is never
seen, because every search passes through the map of visible chunks.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from icelos.errors import StoreError

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

MOST_IN_MEMORY = 300_000
"""Rows of the matrix: 384 float32 each, so 460 MB. Beyond it only lexical candidates are compared."""


def pack(vectors: Floats) -> list[bytes]:
    """Each row as float16 bytes."""
    return [row.tobytes() for row in vectors.astype("<f2")]


def unpack(blobs: Sequence[bytes], dimensions: int) -> Floats:
    """Rows from their bytes. Raises StoreError where one has another length."""
    if any(len(blob) != 2 * dimensions for blob in blobs):
        raise StoreError("vectors of another size in the store", hint="icelos kb update --rebuild-vectors")
    return np.frombuffer(b"".join(blobs), dtype="<f2").reshape(-1, dimensions).astype(np.float32)


class Matrix:
    """The vectors of a store in memory, kept up to date by `refresh`; safe to share between threads."""

    def __init__(self, dimensions: int, *, most: int = MOST_IN_MEMORY) -> None:
        self._dimensions, self._most = dimensions, most
        self._lock = threading.Lock()
        self._encoder = ""
        self._clear()

    def _clear(self) -> None:
        self._last = 0
        self._count = 0
        self._rows: Floats = np.empty((0, self._dimensions), np.float32)
        self._chunks: Integers = np.empty(0, np.int64)

    def refresh(self, database: sqlite3.Connection, encoder: str) -> tuple[Integers, Floats] | None:
        """Chunk ids and their vectors, or None where there are more than fit.

        `encoder` names the vector space; another one than before starts the matrix anew.
        """
        with self._lock:
            count, last = database.execute("SELECT count(*), coalesce(max(seq), 0) FROM vectors").fetchone()
            if count > self._most:
                self._clear()
                return None
            if encoder != self._encoder or self._count > 2 * count + 1000:
                self._clear()
                self._encoder = encoder
            if last > self._last:
                self._append(database, last)
            return self._chunks[: self._count], self._rows[: self._count]

    def _append(self, database: sqlite3.Connection, last: int) -> None:
        query = "SELECT chunk, data FROM vectors WHERE seq > ? AND seq <= ? ORDER BY seq"
        rows = database.execute(query, (self._last, last)).fetchall()
        new = unpack([data for _, data in rows], self._dimensions)
        needed = self._count + len(rows)
        if needed > len(self._chunks):
            self._grow(needed)
        self._rows[self._count : needed] = new
        self._chunks[self._count : needed] = [chunk for chunk, _ in rows]
        self._count, self._last = needed, last

    def _grow(self, needed: int) -> None:
        """New arrays, so that a search under way keeps its own."""
        room = needed if self._count == 0 else needed + needed // 4
        rows, chunks = np.empty((room, self._dimensions), np.float32), np.empty(room, np.int64)
        rows[: self._count], chunks[: self._count] = self._rows[: self._count], self._chunks[: self._count]
        self._rows, self._chunks = rows, chunks


def of_chunks(
    database: sqlite3.Connection, chunks: Sequence[int], dimensions: int
) -> tuple[Integers, Floats]:
    """The vectors of some chunks, straight from the store; those without one are left out."""
    marks = ",".join("?" * len(chunks))
    rows = database.execute(
        f"SELECT chunk, data FROM vectors WHERE chunk IN ({marks})", list(chunks)
    ).fetchall()
    return np.array([c for c, _ in rows], np.int64), unpack([data for _, data in rows], dimensions)
