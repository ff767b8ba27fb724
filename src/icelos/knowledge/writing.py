"""What a write does to the tables. Every function runs inside a transaction of the store."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from icelos.errors import StoreError
from icelos.knowledge.access import OPEN_SCOPE, scope_of
from icelos.knowledge.chunks import chunk
from icelos.knowledge.identifiers import fold
from icelos.knowledge.schema import ROLE_ALIAS, ROLE_OTHER, ROLE_OWN, ROLE_TITLE, micros
from icelos.records import Document

VERSIONS_KEPT = 10
"""Versions of one document that are kept, the newest included; a file saved all day would fill the disk."""

_encoder = msgspec.msgpack.Encoder(order="deterministic")


def advance(database: sqlite3.Connection) -> None:
    """A new generation: what readers have cached is of the past."""
    database.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'generation'")


def add(database: sqlite3.Connection, documents: Iterable[Document], *, collection: str, path: str) -> int:
    """New documents and new versions; how many."""
    return sum(_put(database, document, collection, path) for document in documents)


def replace(
    database: sqlite3.Connection, documents: Iterable[Document], *, collection: str, path: str
) -> tuple[int, int]:
    """Add, and delete what stood under `path` and is not among them."""
    changed, ids = 0, set()
    for document in documents:
        ids.add(document.id)
        changed += _put(database, document, collection, path)
    rows = database.execute("SELECT id FROM documents WHERE path = ?", (path,)).fetchall()
    return changed, delete(database, [row[0] for row in rows if row[0] not in ids])


def _put(database: sqlite3.Connection, document: Document, collection: str, path: str) -> int:
    """1 where the document is new, or its content, place or readers have changed."""
    body = _encoder.encode(document)
    digest = hashlib.blake2b(body, digest_size=16).digest()
    old = database.execute(
        "SELECT d.doc, d.collection, d.path, d.scope, d.pinned, v.vid, v.number, v.digest FROM documents d"
        " JOIN versions v ON v.doc = d.doc AND v.valid_to IS NULL WHERE d.id = ?",
        (document.id,),
    ).fetchone()
    database.execute("INSERT OR IGNORE INTO collections VALUES (?, ?)", (collection, OPEN_SCOPE))
    scope = scope_of(database, document.groups)
    if old is None:
        row = database.execute(
            "INSERT INTO documents (id, collection, path, scope) VALUES (?, ?, ?, ?)",
            (document.id, collection, path, scope),
        )
        _insert(database, document, body, digest, int(row.lastrowid or 0), 1)
        return 1
    doc, old_collection, old_path, old_scope, pinned, vid, number, old_digest = old
    scope = old_scope if pinned else scope
    moved = (collection, scope) != (old_collection, old_scope)
    if moved or path != old_path:
        _move(database, doc, collection, path, scope, old_path)
    if digest != old_digest:
        new = _insert(database, document, body, digest, doc, number + 1)
        _keep_vectors(database, vid, new)
        database.execute(
            "UPDATE versions SET valid_to = (SELECT valid_from FROM versions WHERE vid = ?) WHERE vid = ?",
            (new, vid),
        )
    # Old versions were written for the readers of the old place: those of the new one must not see them.
    _prune(database, doc, keep=1 if moved else VERSIONS_KEPT)
    return int(moved or digest != old_digest)


def _move(
    database: sqlite3.Connection, doc: int, collection: str, path: str, scope: int, old_path: str
) -> None:
    """Another file brings the document now; the old one is read again when that goes."""
    database.execute(
        "UPDATE documents SET collection = ?, path = ?, scope = ? WHERE doc = ?",
        (collection, path, scope, doc),
    )
    if old_path and path != old_path:
        database.execute("INSERT OR IGNORE INTO shadows VALUES (?, ?)", (old_path, path))
        database.execute("DELETE FROM shadows WHERE loser = ? AND winner = ?", (path, old_path))


def _keep_vectors(database: sqlite3.Connection, old: int, new: int) -> None:
    """Passages that a new version has in common with the old one keep their vectors."""
    known = {
        (context, text): data
        for context, text, data in database.execute(
            "SELECT c.context, c.text, x.data FROM chunks c JOIN vectors x ON x.chunk = c.id WHERE c.vid = ?",
            (old,),
        )
    }
    if known:
        rows = database.execute("SELECT id, context, text FROM chunks WHERE vid = ?", (new,)).fetchall()
        kept = [(i, known[context, text]) for i, context, text in rows if (context, text) in known]
        database.executemany("INSERT INTO vectors (chunk, data) VALUES (?, ?)", kept)


def _insert(
    database: sqlite3.Connection, document: Document, body: bytes, digest: bytes, doc: int, number: int
) -> int:
    passages = chunk(document)
    first = int(
        database.execute(
            "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'chunks'), 0) + 1"
        ).fetchone()[0]
    )
    vid = database.execute(
        "INSERT INTO versions (doc, number, digest, valid_from, modified, kind, title, source, url,"
        " identifiers, truncated, licence, first, chunks) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            doc, number, digest, _now(), micros(document.modified) if document.modified else None,
            document.kind, document.title, document.source, document.url,
            json.dumps(document.identifiers), int(document.truncated), document.licence, first, len(passages),
        ),
    ).lastrowid or 0  # fmt: skip
    database.execute("INSERT INTO bodies VALUES (?, ?)", (vid, zlib.compress(body, 1)))
    rows = [(first + n, vid, p.heading, p.place, p.text, p.context) for n, p in enumerate(passages)]
    database.executemany("INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?)", rows)
    database.executemany(
        "INSERT INTO words (rowid, context, text) VALUES (?, ?, ?)", [(r[0], r[5], r[4]) for r in rows]
    )
    database.execute("INSERT INTO pages (rowid, text) VALUES (?, ?)", (vid, _page(document)))
    database.executemany("INSERT OR IGNORE INTO names VALUES (?, ?, ?)", _names(document, vid))
    database.executemany("INSERT OR IGNORE INTO tags VALUES (?, ?)", [(tag, vid) for tag in document.tags])
    database.executemany(
        "INSERT INTO relations VALUES (?, ?, ?, ?)",
        [(vid, r.kind, fold(r.target), r.note) for r in document.relations],
    )
    return int(vid)


def _page(document: Document) -> str:
    """The whole document as it is indexed; a function of its body, so that it can be taken out again."""
    return "\n".join((document.title, *document.identifiers, *document.aliases, document.text))


def _names(document: Document, vid: int) -> list[tuple[str, int, int]]:
    own, *others = document.identifiers or (document.id,)
    rows = [(fold(own), ROLE_OWN, vid)]
    rows += [(fold(name), ROLE_OTHER, vid) for name in others]
    rows += [(fold(name), ROLE_ALIAS, vid) for name in document.aliases]
    return [row for row in [*rows, (fold(document.title), ROLE_TITLE, vid)] if row[0]]


def _prune(database: sqlite3.Connection, doc: int, *, keep: int) -> None:
    rows = database.execute(
        "SELECT vid FROM versions WHERE doc = ? ORDER BY number DESC LIMIT -1 OFFSET ?", (doc, keep)
    ).fetchall()
    for (vid,) in rows:
        _forget(database, vid)


def _forget(database: sqlite3.Connection, vid: int) -> None:
    body = database.execute("SELECT body FROM bodies WHERE vid = ?", (vid,)).fetchone()[0]
    page = _page(msgspec.msgpack.decode(zlib.decompress(body), type=Document))
    database.execute("INSERT INTO pages (pages, rowid, text) VALUES ('delete', ?, ?)", (vid, page))
    database.execute(
        "INSERT INTO words (words, rowid, context, text)"
        " SELECT 'delete', id, context, text FROM chunks WHERE vid = ?",
        (vid,),
    )
    database.execute("DELETE FROM vectors WHERE chunk IN (SELECT id FROM chunks WHERE vid = ?)", (vid,))
    for table in ("chunks", "bodies", "names", "tags", "relations", "versions"):
        database.execute(f"DELETE FROM {table} WHERE vid = ?", (vid,))


def delete(database: sqlite3.Connection, ids: Iterable[str]) -> int:
    """Documents with all their versions; how many there were."""
    count = 0
    for identity in ids:
        row = database.execute("SELECT doc FROM documents WHERE id = ?", (identity,)).fetchone()
        if row is None:
            continue
        _prune(database, row[0], keep=0)
        database.execute("DELETE FROM documents WHERE doc = ?", row)
        count += 1
    return count


def delete_path(database: sqlite3.Connection, path: str) -> int:
    """Documents that came from one file or feed; how many."""
    rows = database.execute("SELECT id FROM documents WHERE path = ?", (path,)).fetchall()
    return delete(database, [row[0] for row in rows])


def set_groups(
    database: sqlite3.Connection, groups: Iterable[str], *, document_id: str | None, collection: str | None
) -> None:
    """Raises StoreError for an unknown document, or where neither or both are named."""
    if (document_id is None) == (collection is None):
        raise StoreError("name a document or a collection")
    scope = scope_of(database, groups)
    if collection is not None:
        database.execute("INSERT OR REPLACE INTO collections VALUES (?, ?)", (collection, scope))
        return
    statement = "UPDATE documents SET scope = ?, pinned = 1 WHERE id = ?"
    if database.execute(statement, (scope, document_id)).rowcount == 0:
        raise StoreError(f"no document {document_id!r}")


def set_readers(database: sqlite3.Connection, groups: Iterable[str], *, path: str) -> int:
    """Who may read what came from one file or feed, but what was set by hand; how many documents changed."""
    scope = scope_of(database, groups)
    statement = "UPDATE documents SET scope = ? WHERE path = ? AND pinned = 0 AND scope <> ?"
    return database.execute(statement, (scope, path, scope)).rowcount


def claim_vectors(database: sqlite3.Connection, encoder: str) -> None:
    """The store's vectors are of this encoder from now on; others are dropped."""
    row = database.execute("SELECT value FROM meta WHERE key = 'encoder'").fetchone()
    if row[0] != encoder:
        database.execute("DELETE FROM vectors")
        database.execute("UPDATE meta SET value = ? WHERE key = 'encoder'", (encoder,))


def unembedded(database: sqlite3.Connection, number: int) -> tuple[list[tuple[int, str]], int]:
    """Chunks without a vector, the newest first, with what to encode of them, and how many in all."""
    missing = "FROM chunks c WHERE NOT EXISTS (SELECT 1 FROM vectors WHERE chunk = c.id)"
    waiting = int(database.execute(f"SELECT count(*) {missing}").fetchone()[0])
    rows = database.execute(
        f"SELECT c.id, c.context, c.text {missing} ORDER BY c.id DESC LIMIT ?", (number,)
    ).fetchall()
    return [(chunk, f"{context}\n{text}") for chunk, context, text in rows], waiting


def store_vectors(
    database: sqlite3.Connection, encoder: str, chunks: Sequence[int], vectors: Sequence[bytes]
) -> None:
    """Keep vectors of chunks that still exist, unless another encoder has claimed the store meanwhile."""
    row = database.execute("SELECT value FROM meta WHERE key = 'encoder'").fetchone()
    if row[0] != encoder:
        return
    database.executemany(
        "INSERT OR IGNORE INTO vectors (chunk, data) SELECT id, ? FROM chunks WHERE id = ?",
        list(zip(vectors, chunks, strict=True)),
    )


def _now() -> int:
    return micros(datetime.now(UTC))
