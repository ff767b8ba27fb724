"""The tables of the knowledge store, how it is opened, and what one transaction is.

SQLite in WAL mode: readers never wait for the writer, and a killed writer leaves the last commit.
Times are microseconds since 1970 UTC. There are two full-text indexes: `words` of passages, stemmed, and
`pages` of whole documents, as written. They keep no copy of the text (contentless): a row leaves them by
being given again as it was put in.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from icelos.errors import StoreError

SCHEMA_VERSION = 3

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE scopes (scope INTEGER PRIMARY KEY, groups TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE scope_groups (
  scope INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (name, scope)) STRICT, WITHOUT ROWID;
CREATE TABLE collections (name TEXT PRIMARY KEY, scope INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE documents (
  doc INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, collection TEXT NOT NULL,
  path TEXT NOT NULL, scope INTEGER NOT NULL, pinned INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX documents_placed ON documents (path, collection);
CREATE INDEX documents_collected ON documents (collection);
CREATE TABLE versions (
  vid INTEGER PRIMARY KEY AUTOINCREMENT, doc INTEGER NOT NULL, number INTEGER NOT NULL,
  digest BLOB NOT NULL, valid_from INTEGER NOT NULL, valid_to INTEGER, modified INTEGER,
  kind TEXT NOT NULL, title TEXT NOT NULL, source TEXT NOT NULL, url TEXT NOT NULL,
  identifiers TEXT NOT NULL, truncated INTEGER NOT NULL, licence TEXT NOT NULL,
  first INTEGER NOT NULL, chunks INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX versions_numbered ON versions (doc, number);
CREATE TABLE bodies (vid INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE chunks (
  id INTEGER PRIMARY KEY AUTOINCREMENT, vid INTEGER NOT NULL, heading TEXT NOT NULL,
  place TEXT NOT NULL, text TEXT NOT NULL, context TEXT NOT NULL) STRICT;
CREATE INDEX chunks_of ON chunks (vid);
CREATE TABLE names (
  key TEXT NOT NULL, role INTEGER NOT NULL, vid INTEGER NOT NULL,
  PRIMARY KEY (key, role, vid)) STRICT, WITHOUT ROWID;
CREATE INDEX names_of ON names (vid);
CREATE TABLE tags (name TEXT NOT NULL, vid INTEGER NOT NULL, PRIMARY KEY (name, vid)) STRICT, WITHOUT ROWID;
CREATE INDEX tags_of ON tags (vid);
CREATE TABLE relations (
  vid INTEGER NOT NULL, kind TEXT NOT NULL, target TEXT NOT NULL, note TEXT NOT NULL) STRICT;
CREATE INDEX relations_of ON relations (vid);
CREATE INDEX relations_to ON relations (target, kind);
CREATE TABLE vectors (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, chunk INTEGER NOT NULL UNIQUE, data BLOB NOT NULL) STRICT;
CREATE TABLE roots (
  path TEXT PRIMARY KEY, collection TEXT NOT NULL, tags TEXT NOT NULL, groups TEXT NOT NULL,
  added INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE files (
  path TEXT PRIMARY KEY, root TEXT NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL,
  digest BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX files_of ON files (root);
CREATE TABLE shadows (
  loser TEXT NOT NULL, winner TEXT NOT NULL, PRIMARY KEY (loser, winner)) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(
  context, text, content='', tokenize="porter unicode61 remove_diacritics 2");
CREATE VIRTUAL TABLE pages USING fts5(text, content='', tokenize="unicode61 remove_diacritics 2");
INSERT INTO meta VALUES ('generation', '0'), ('encoder', '');
INSERT INTO scopes VALUES (0, '[]');
"""

ROLE_OWN, ROLE_OTHER, ROLE_ALIAS, ROLE_TITLE = range(4)
"""How a name belongs to a document: its own (first) identifier, another one, an alias, its title."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC; a time without a zone is taken as UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(microseconds=1)


def moment(value: int) -> datetime:
    """The time that `micros` gave."""
    return EPOCH + timedelta(microseconds=value)


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection with our settings; may be handed to another thread. Raises StoreError."""
    try:
        mode = "ro" if read_only else "rwc"
        database = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True, timeout=60, isolation_level=None, check_same_thread=False, cached_statements=256,
        )  # fmt: skip
        database.execute("PRAGMA cache_size = -32768")
        database.execute("PRAGMA temp_store = MEMORY")
        if not read_only:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error as error:
        raise StoreError(f"cannot open the knowledge store: {error}", source=str(path)) from error
    return database


def prepare(database: sqlite3.Connection, path: Path) -> None:
    """Make the tables where they are absent. Raises StoreError for a store of another version."""
    try:
        if _version(database) == 0:
            with transaction(database):
                if _version(database) == 0:
                    for statement in filter(str.strip, TABLES.split(";\n")):
                        database.execute(statement)
                    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        found = _version(database)
    except sqlite3.Error as error:
        raise StoreError(f"cannot open the knowledge store: {error}", source=str(path)) from error
    if found != SCHEMA_VERSION:
        raise StoreError(
            f"the knowledge store has format {found}, this Icelos reads {SCHEMA_VERSION}",
            source=str(path),
            hint="move the file away and run `icelos kb add` again",
        )


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All of the block or none of it."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:  # a full disk has rolled back by itself
            database.execute("ROLLBACK")
        raise
