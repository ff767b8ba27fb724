"""Replies of models on disk, by everything that they depend on. A cache that is broken never breaks a call.

One SQLite file, readable by its owner only, bounded in size: the least recently used replies go first. What
is kept is what was sent and said over the wire: after redaction, where that is on.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from icelos.contracts import Message, Reply, Tool
from icelos.llm.fence import without_tokens

FORMAT = 2
"""Part of every key: raise it where replies of an older version must not be used."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS replies (
  key BLOB PRIMARY KEY, used REAL NOT NULL, size INTEGER NOT NULL, reply BLOB
);
CREATE INDEX IF NOT EXISTS replies_used ON replies (used, size);
"""
T = TypeVar("T")


def key(
    setting: Mapping[str, Any],
    messages: Sequence[Message],
    tools: Sequence[Tool] = (),
    schema: Mapping[str, Any] | None = None,
) -> bytes:
    """SHA-256 of all that a reply depends on; `setting` is the endpoint, the model and its sampling.

    Random delimiters of fences are left out, so that the same question has the same key.
    """
    said = [msgspec.structs.replace(one, content=without_tokens(one.content)) for one in messages]
    parts = [FORMAT, setting, said, list(tools), schema]
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).digest()


class ReplyCache:
    """Replies by key. Safe to share between threads and processes."""

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None

    def get(self, key: bytes) -> Reply | None:
        """The reply, marked as cached and free of charge; None where there is none or it cannot be read."""
        row = self._tried(lambda database: database.execute(_GET, (time.time(), key)).fetchone())
        if row is None:
            return None
        try:
            reply = msgspec.json.decode(row[0], type=Reply)
        except (msgspec.DecodeError, RecursionError, TypeError):
            self._tried(lambda database: database.execute("DELETE FROM replies WHERE key = ?", (key,)))
            return None
        usage = msgspec.structs.replace(reply.usage, seconds=0.0, cost=0.0)
        return msgspec.structs.replace(reply, cached=True, usage=usage)

    def put(self, key: bytes, reply: Reply) -> None:
        """Keep a reply, and drop the least used ones past the bound. Never raises."""
        data = msgspec.json.encode(reply)
        if len(data) > self._max_bytes // 8:
            return
        self._tried(lambda database: self._store(database, key, data))

    def close(self) -> None:
        with self._lock:
            self._forget()

    def _store(self, database: sqlite3.Connection, key: bytes, data: bytes) -> None:
        database.execute(
            "INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?)", (key, time.time(), len(data), data)
        )
        (size,) = database.execute("SELECT total(size) FROM replies").fetchone()
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


_GET = "UPDATE replies SET used = ? WHERE key = ? RETURNING reply"
_DROP = """
DELETE FROM replies WHERE key IN (
  SELECT key FROM (SELECT key, size, sum(size) OVER (ORDER BY used, key) AS running FROM replies)
  WHERE running - size < ?)
"""
