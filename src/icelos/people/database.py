"""The file of people: readable by its owner only, one connection to read and one to write."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from icelos.data.databases import open_shared
from icelos.errors import StoreError


class Database:
    """Transactions for any thread. Reading waits for no writer: WAL. Raises StoreError throughout."""

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        self._reading, self._writing = threading.Lock(), threading.Lock()
        with self._told():
            path.touch(mode=0o600)
            with suppress(OSError):
                path.chmod(0o600)
            self._writer = open_shared(path, schema, check_same_thread=False)
            self._reader = open_shared(path, "", check_same_thread=False)

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._told(), self._reading:
            return self._reader.execute(query, values).fetchall()

    def row(self, query: str, values: Sequence[object] = ()) -> tuple[Any, ...] | None:
        """The first row of a query."""
        with self._told(), self._reading:
            found: tuple[Any, ...] | None = self._reader.execute(query, values).fetchone()
            return found

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """What is written is durable where the block ends well, and absent where it does not."""
        with self._told(), self._writing:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close both connections."""
        self._reader.close()
        self._writer.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"cannot use it: {error}", source=str(self.path)) from error
