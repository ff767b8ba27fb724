"""SQLite files that several processes share: opened in WAL mode, with all of their tables or none."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
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
            database.executescript(f"BEGIN; {schema}; COMMIT;")
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


@contextmanager
def reading(path: Path, table: str) -> Iterator[sqlite3.Connection | None]:
    """A connection that writes nothing; None where there is no file, or no such table in it yet.

    Raises sqlite3.Error.
    """
    if not path.is_file():
        yield None
        return
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=WAIT)) as database:
        there = database.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
        yield database if there else None
