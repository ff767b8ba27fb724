"""Values on disk by key, in one SQLite file that is bounded in size. A broken one never breaks a run.

The file is readable by its owner only; the least recently used values go first. It knows nothing of what the
values mean.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

_SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (
  key BLOB PRIMARY KEY, used REAL NOT NULL, size INTEGER NOT NULL, value BLOB
);
CREATE INDEX IF NOT EXISTS kept_used ON kept (used, size);
"""
T = TypeVar("T")


class BoundedCache:
    """Bytes by key. Safe to share between threads and processes; no method raises."""

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None

    def get(self, key: bytes) -> bytes | str | None:
        """The value as it was put; None where there is none or it cannot be read."""
        row = self._tried(lambda database: database.execute(_GET, (time.time(), key)).fetchone())
        return None if row is None else row[0]

    def put(self, key: bytes, value: bytes) -> None:
        """Keep a value of at most an eighth of the bound, and drop the least used ones past the bound."""
        if len(value) <= self._max_bytes // 8:
            self._tried(lambda database: self._store(database, key, value))

    def drop(self, key: bytes) -> None:
        """Forget a value."""
        self._tried(lambda database: database.execute("DELETE FROM kept WHERE key = ?", (key,)))

    def close(self) -> None:
        with self._lock:
            self._forget()

    def _store(self, database: sqlite3.Connection, key: bytes, data: bytes) -> None:
        database.execute(
            "INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?)", (key, time.time(), len(data), data)
        )
        (size,) = database.execute("SELECT total(size) FROM kept").fetchone()
        if size > self._max_bytes:
            database.execute(_DROP, (size - 0.9 * self._max_bytes,))

    def _tried(self, use: Callable[[sqlite3.Connection], T]) -> T | None:
        """`use` on the database; a broken file is put away, and the next call starts an empty one."""
        with self._lock:
            try:
                if self._database is None:
                    self._database = self._opened()
                    weakref.finalize(self, _close, self._database)  # nobody has to close a cache
                return use(self._database)
            except sqlite3.OperationalError:
                self._forget()  # locked, full or read-only: a later call may do better
            except sqlite3.Error:
                self._forget()
                self._put_away()
            except OSError:
                self._forget()
        return None

    def _opened(self) -> sqlite3.Connection:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.touch(mode=0o600)
        database = sqlite3.connect(self._path, timeout=2, check_same_thread=False, isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.executescript(_SCHEMA)
        except sqlite3.Error:
            database.close()
            raise
        return database

    def _forget(self) -> None:
        if self._database is not None:
            _close(self._database)
        self._database = None

    def _put_away(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                self._path.with_name(self._path.name + suffix).unlink()


def _close(database: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):
        database.close()


_GET = "UPDATE kept SET used = ? WHERE key = ? RETURNING value"
_DROP = """
DELETE FROM kept WHERE key IN (
  SELECT key FROM (SELECT key, size, sum(size) OVER (ORDER BY used, key) AS running FROM kept)
  WHERE running - size < ?)
"""
