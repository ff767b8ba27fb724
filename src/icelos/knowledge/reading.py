"""What a query reads from the tables. Every function carries an access filter and has no other way in."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from icelos.contracts import Hit
from icelos.errors import StoreError
from icelos.knowledge.access import Filter
from icelos.knowledge.identifiers import fold
from icelos.knowledge.schema import ROLE_OTHER, moment
from icelos.knowledge.search import Ranked
from icelos.records import Document, record_id


class StoredDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A whole document as it stands in the store. `valid_to` is None for the version in force."""

    document: Document
    version: int
    collection: str
    path: str
    indexed: datetime
    valid_to: datetime | None = None


class Related(msgspec.Struct, frozen=True, kw_only=True):
    """A neighbour: `direction` "out" is a relation of the named document, "in" one that points at it."""

    relation: str
    direction: str
    hit: Hit
    note: str = ""


class SourceInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One file or feed: what of it can be read, and how fresh it is."""

    collection: str
    path: str
    documents: int
    chunks: int
    kinds: tuple[str, ...]
    indexed: datetime
    modified: datetime | None
    truncated: int
    licence: str


HIT = """SELECT c.id, d.id, v.number, v.title, c.heading, c.text, v.source, c.place, v.kind, d.collection,
  v.url, v.identifiers, v.valid_from, v.modified, v.truncated
  FROM chunks c JOIN versions v ON v.vid = c.vid JOIN documents d ON d.doc = v.doc"""


def generation(database: sqlite3.Connection) -> int:
    """Counts the writes to the store."""
    return int(database.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()[0])


def hits(database: sqlite3.Connection, ranked: Sequence[Ranked], allowed: Filter) -> list[Hit]:
    """Passages in the given order; those that the filter hides are left out."""
    found = _by_chunk(database, [r.chunk for r in ranked], allowed)
    return [_hit(found[r.chunk], r.score, r.why) for r in ranked if r.chunk in found]


def _by_chunk(database: sqlite3.Connection, chunks: Sequence[int], allowed: Filter) -> dict[int, Any]:
    rows = database.execute(
        f"{HIT} WHERE c.id IN (SELECT value FROM json_each(:chunks)) AND {allowed.sql}",
        {**allowed.parameters, "chunks": json.dumps(list(chunks))},
    )
    return {row[0]: row for row in rows}


def _hit(row: Sequence[Any], score: float, why: Mapping[str, float]) -> Hit:
    chunk, document, version, title, heading, text, source, place, kind, collection = row[:10]
    url, identifiers, indexed, modified, truncated = row[10:]
    return Hit(
        chunk_id=f"c{chunk}", document_id=document, version=version, title=title, heading=heading, text=text,
        source=source, place=place, kind=kind, collection=collection, url=url,
        identifiers=tuple(json.loads(identifiers)), indexed=moment(indexed),
        modified=moment(modified) if modified is not None else None, truncated=bool(truncated),
        score=score, why=why,
    )  # fmt: skip


def lookup(database: sqlite3.Connection, name: str, allowed: Filter, *, limit: int = 50) -> list[Hit]:
    """First passages of the documents with exactly this name, the likeliest owner of the name first."""
    rows = database.execute(
        "SELECT v.first, min(n.role) FROM names n JOIN versions v ON v.vid = n.vid"
        f" JOIN documents d ON d.doc = v.doc WHERE n.key = :name AND {allowed.sql}"
        " GROUP BY v.vid ORDER BY min(n.role), v.number DESC, d.id LIMIT :most",
        {**allowed.parameters, "name": fold(name), "most": limit},
    ).fetchall()
    ranked = [Ranked(chunk, 1.0, {"exact" if role <= ROLE_OTHER else "name": 1.0}) for chunk, role in rows]
    return hits(database, ranked, allowed)


def document(
    database: sqlite3.Connection, identity: str, version: int | None, allowed: Filter
) -> StoredDocument | None:
    """A document with its whole body. Raises StoreError where the body is broken."""
    row = database.execute(
        "SELECT b.body, v.number, d.collection, d.path, v.valid_from, v.valid_to FROM documents d"
        " JOIN versions v ON v.doc = d.doc JOIN bodies b ON b.vid = v.vid"
        " WHERE d.id = :id AND (:version IS NULL AND v.valid_to IS NULL OR v.number = :version)"
        f" AND {allowed.sql}",
        {**allowed.parameters, "id": identity, "version": version},
    ).fetchone()
    if row is None:
        return None
    body, number, collection, path, start, end = row
    try:
        whole = msgspec.msgpack.decode(zlib.decompress(body), type=Document)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise StoreError(f"document {identity!r} is broken in the store: {error}") from error
    return StoredDocument(
        document=whole, version=number, collection=collection, path=path, indexed=moment(start),
        valid_to=moment(end) if end is not None else None,
    )  # fmt: skip


def passage(database: sqlite3.Connection, chunk_id: str, allowed: Filter) -> Hit | None:
    """One passage by its public id."""
    number = chunk_id[1:]
    if not chunk_id.startswith("c") or not (number.isascii() and number.isdigit()) or len(number) > 18:
        return None
    row = _by_chunk(database, [int(number)], allowed).get(int(number))
    return _hit(row, 1.0, {}) if row is not None else None


def passages(database: sqlite3.Connection, identity: str, version: int | None, allowed: Filter) -> list[Hit]:
    """The passages of one version of a document, in order."""
    rows = database.execute(
        f"{HIT} WHERE d.id = :id AND (:version IS NULL AND v.valid_to IS NULL OR v.number = :version)"
        f" AND {allowed.sql} ORDER BY c.id",
        {**allowed.parameters, "id": identity, "version": version},
    )
    return [_hit(row, 1.0, {}) for row in rows]


def texts(database: sqlite3.Connection, identities: Iterable[str]) -> list[tuple[str, str]]:
    """Ids of documents with the text of each passage in force."""
    return database.execute(
        "SELECT d.id, c.text FROM documents d JOIN versions v ON v.doc = d.doc AND v.valid_to IS NULL"
        " JOIN chunks c ON c.vid = v.vid WHERE d.id IN (SELECT value FROM json_each(?)) ORDER BY c.id",
        (json.dumps(list(identities)),),
    ).fetchall()


def related(
    database: sqlite3.Connection,
    identifier: str,
    allowed: Filter,
    *,
    kinds: Sequence[str],
    relation: str,
    limit: int,
) -> list[Related]:
    """Neighbours in both directions; each edge and its end must be readable."""
    parameters = {
        **allowed.parameters, "name": fold(identifier), "relation": relation,
        "wanted": json.dumps(list(kinds)), "all": int(not kinds), "most": limit,
    }  # fmt: skip
    wanted = (
        "(:relation = '' OR r.kind = :relation)"
        " AND (:all OR v.kind IN (SELECT value FROM json_each(:wanted)))"
    )
    mine = (
        "SELECT v.vid FROM names n JOIN versions v ON v.vid = n.vid JOIN documents d ON d.doc = v.doc"
        f" WHERE n.key = :name AND n.role <= {ROLE_OTHER} AND {allowed.sql}"
    )
    outgoing = (
        "SELECT r.kind, 'out', r.note, v.first FROM relations r"
        " JOIN names t ON t.key = r.target AND t.role = 0 JOIN versions v ON v.vid = t.vid"
        " JOIN documents d ON d.doc = v.doc"
        f" WHERE r.vid IN ({mine}) AND {wanted} AND {allowed.sql}"
    )
    incoming = (
        "SELECT r.kind, 'in', r.note, v.first FROM relations r JOIN versions v ON v.vid = r.vid"
        f" JOIN documents d ON d.doc = v.doc WHERE r.target = :name AND {wanted} AND {allowed.sql}"
    )
    rows = database.execute(
        f"{outgoing} UNION {incoming} ORDER BY 2 DESC, 1, 4 LIMIT :most", parameters
    ).fetchall()
    found = _by_chunk(database, [row[3] for row in rows], allowed)
    return [
        Related(relation=kind, direction=direction, note=note, hit=_hit(found[chunk], 1.0, {"relation": 1.0}))
        for kind, direction, note, chunk in rows
        if chunk in found
    ]


def sample(database: sqlite3.Connection, number: int, allowed: Filter) -> list[Hit]:
    """First passages of the documents whose ids have the lowest hashes: new documents hardly change which."""
    rows = database.execute(
        f"SELECT d.id, v.first FROM versions v JOIN documents d ON d.doc = v.doc WHERE {allowed.sql}",
        allowed.parameters,
    )
    chosen = sorted((record_id("sample", identity), first) for identity, first in rows)[:number]
    return hits(database, [Ranked(first, 1.0, {}) for _, first in chosen], allowed)


def tagged(database: sqlite3.Connection, tag: str) -> list[str]:
    """Ids of the documents in force that have a tag."""
    rows = database.execute(
        "SELECT d.id FROM tags t JOIN versions v ON v.vid = t.vid AND v.valid_to IS NULL"
        " JOIN documents d ON d.doc = v.doc WHERE t.name = ? ORDER BY d.id",
        (tag,),
    )
    return [row[0] for row in rows]


def sources(database: sqlite3.Connection, allowed: Filter) -> list[SourceInfo]:
    """Counts and dates by collection and path, over what the filter lets through."""
    rows = database.execute(
        "SELECT d.collection, d.path, count(*), sum(v.chunks), group_concat(DISTINCT v.kind),"
        " max(v.valid_from), max(v.modified), sum(v.truncated), max(v.licence)"
        " FROM versions v JOIN documents d ON d.doc = v.doc"
        f" WHERE {allowed.sql} GROUP BY d.collection, d.path ORDER BY d.collection, d.path",
        allowed.parameters,
    )
    return [
        SourceInfo(
            collection=collection, path=path, documents=documents, chunks=chunks,
            kinds=tuple(sorted(kinds.split(","))), indexed=moment(indexed),
            modified=moment(modified) if modified is not None else None, truncated=truncated, licence=licence,
        )
        for collection, path, documents, chunks, kinds, indexed, modified, truncated, licence in rows
    ]  # fmt: skip


def stats(database: sqlite3.Connection) -> dict[str, Any]:
    """Row counts, the encoder that the vectors are of, and the size on disk in bytes."""
    counts = {
        name: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for name, table in (
            ("documents", "documents"), ("versions", "versions"), ("chunks", "chunks"),
            ("vectors", "vectors"), ("relations", "relations"), ("collections", "collections"),
            ("files", "files"),
        )
    }  # fmt: skip
    encoder = database.execute("SELECT value FROM meta WHERE key = 'encoder'").fetchone()[0]
    pages = (
        database.execute("PRAGMA page_count").fetchone()[0]
        * database.execute("PRAGMA page_size").fetchone()[0]
    )
    return {
        **counts,
        "vectors_pending": counts["chunks"] - counts["vectors"],
        "encoder_of_vectors": encoder,
        "bytes": pages,
    }
