"""SQLite files that several processes write: opened in WAL mode, with their tables."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

WAIT = 30.0
"""Seconds that an opening or a write waits for another process."""


def open_shared(path: Path, schema: str, *, check_same_thread: bool = True) -> sqlite3.Connection:
    """A connection without transactions of its own; what it writes is durable.

    Going over to WAL mode does not wait for another process that does the same at that moment
    (https://www.sqlite.org/wal.html), so it is tried again. Raises sqlite3.Error.
    """
    deadline = time.monotonic() + WAIT
    while True:
        database = sqlite3.connect(
            path, timeout=WAIT, isolation_level=None, check_same_thread=check_same_thread
        )
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            database.executescript(schema)
        except sqlite3.OperationalError as error:
            database.close()
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        except BaseException:
            database.close()
            raise
        else:
            return database
