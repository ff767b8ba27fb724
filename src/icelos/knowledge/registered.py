"""What the store remembers of paths: which are registered, and which files have been read."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime

import msgspec

from icelos.knowledge.schema import micros


class Root(msgspec.Struct, frozen=True):
    """A registered file or folder, absolute, with what its documents are given."""

    path: str
    collection: str = "default"
    tags: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def holds(self, path: str) -> bool:
        """Whether a path is this one or below it."""
        return path == self.path or path.startswith(self.path.rstrip("/") + "/")


class KnownFile(msgspec.Struct, frozen=True):
    """A file as it was when it was read. `mtime` in nanoseconds, 0 where it was too fresh to trust."""

    path: str
    size: int
    mtime: int
    digest: bytes


def register(database: sqlite3.Connection, root: Root) -> None:
    """Remember a root; where its labels differ from before, its files are read again."""
    row = (root.path, root.collection, json.dumps(root.tags), json.dumps(root.groups))
    old = database.execute(
        "SELECT path, collection, tags, groups FROM roots WHERE path = ?", row[:1]
    ).fetchone()
    if old != row:
        database.execute(
            "INSERT OR REPLACE INTO roots VALUES (?, ?, ?, ?, ?)", (*row, micros(datetime.now(UTC)))
        )
        database.execute("UPDATE files SET digest = x'', mtime = 0 WHERE root = ?", row[:1])


def unregister(database: sqlite3.Connection, path: str) -> None:
    """Forget a root."""
    database.execute("DELETE FROM roots WHERE path = ?", (path,))


def roots(database: sqlite3.Connection) -> list[Root]:
    """All roots by path."""
    rows = database.execute("SELECT path, collection, tags, groups FROM roots ORDER BY path")
    return [
        Root(path, name, tuple(json.loads(tags)), tuple(json.loads(groups)))
        for path, name, tags, groups in rows
    ]


def files(database: sqlite3.Connection, root: str) -> dict[str, KnownFile]:
    """The files of a root that have been read."""
    rows = database.execute("SELECT path, size, mtime, digest FROM files WHERE root = ?", (root,))
    return {path: KnownFile(path, size, mtime, digest) for path, size, mtime, digest in rows}


def keep(database: sqlite3.Connection, root: str, file: KnownFile) -> None:
    """Remember a file as read."""
    database.execute(
        "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)",
        (file.path, root, file.size, file.mtime, file.digest),
    )


def settle(database: sqlite3.Connection, file: KnownFile) -> None:
    """Remember a file's new time: its content is the same."""
    database.execute("UPDATE files SET mtime = ? WHERE path = ?", (file.mtime, file.path))


def forget(database: sqlite3.Connection, path: str) -> None:
    """Forget a file; files that lost documents to it are read again."""
    database.execute("DELETE FROM files WHERE path = ?", (path,))
    database.execute(
        "UPDATE files SET digest = x'', mtime = 0 WHERE path IN (SELECT loser FROM shadows WHERE winner = ?)",
        (path,),
    )
    database.execute("DELETE FROM shadows WHERE winner = ?1 OR loser = ?1", (path,))
