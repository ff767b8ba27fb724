"""Which passages a principal may see, as arrays: made by one query, kept until the store changes."""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict

import numpy as np

from icelos.knowledge.access import Filter
from icelos.knowledge.vectors import Integers


class Scope:
    """Which chunks may be seen: document number by chunk id, and by version id, 0 where hidden or absent."""

    def __init__(self, database: sqlite3.Connection, allowed: Filter) -> None:
        rows = database.execute(
            "SELECT v.doc, v.first, v.chunks, v.vid FROM versions v JOIN documents d ON d.doc = v.doc"
            f" WHERE {allowed.sql}",
            allowed.parameters,
        ).fetchall()
        spans = np.array(rows, np.int64).reshape(-1, 4)
        documents, first, number = spans[:, 0], spans[:, 1], spans[:, 2]
        self.chunks = int(number.sum())
        self._documents = np.zeros(int((first + number).max(initial=0)) + 1, np.int64)
        within = np.arange(self.chunks) - np.repeat(np.cumsum(number) - number, number)
        self._documents[np.repeat(first, number) + within] = np.repeat(documents, number)
        self._of_versions = np.zeros(int(spans[:, 3].max(initial=0)) + 1, np.int64)
        self._of_versions[spans[:, 3]] = documents

    def documents(self, chunks: Integers) -> Integers:
        """The document of each chunk, 0 where it may not be seen."""
        return _at(self._documents, chunks)

    def of_versions(self, versions: Integers) -> Integers:
        """The document of each version, 0 where it may not be seen."""
        return _at(self._of_versions, versions)


def _at(table: Integers, places: Integers) -> Integers:
    inside = places < len(table)
    return np.where(inside, table[np.where(inside, places, 0)], 0)


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
