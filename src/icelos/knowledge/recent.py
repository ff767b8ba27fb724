"""Documents by when they came in or were changed, without a question to search by."""

from __future__ import annotations

import sqlite3
from datetime import datetime

import msgspec

from icelos.knowledge.access import Filter
from icelos.knowledge.schema import micros, moment

LIMIT = 10_000


class Recent(msgspec.Struct, frozen=True, kw_only=True):
    """A document in one line, with the identifiers that it has and names ("CVE-2024-1234"), upper case."""

    document_id: str
    title: str
    kind: str
    url: str
    source: str
    collection: str
    version: int
    modified: datetime | None
    indexed: datetime
    names: tuple[str, ...]


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A document that came or got a new version: `version` is 1 for a new one."""

    id: str
    title: str
    kind: str
    collection: str
    source: str
    version: int
    indexed: datetime


def since(database: sqlite3.Connection, when: datetime, allowed: Filter) -> list[Recent]:
    """Of since then by the publisher's date, else by when it came in; the newest first, at most `LIMIT`."""
    rows = database.execute(
        "SELECT v.vid, d.id, v.title, v.url, v.source, d.collection, v.number, v.modified, v.valid_from,"
        " v.kind"
        f" FROM documents d JOIN versions v ON v.doc = d.doc WHERE {allowed.sql}"
        " AND coalesce(v.modified, v.valid_from) >= :since"
        " ORDER BY coalesce(v.modified, v.valid_from) DESC, d.id LIMIT :limit",
        {**allowed.parameters, "since": micros(when), "limit": LIMIT},
    ).fetchall()
    named = (
        "SELECT upper(target) FROM relations WHERE vid = :vid UNION SELECT upper(key) FROM names"
        " WHERE vid = :vid AND role < 2 ORDER BY 1"
    )
    return [
        Recent(
            document_id=identity, title=title, kind=kind, url=url, source=source, collection=collection,
            version=number, modified=None if modified is None else moment(modified),
            indexed=moment(indexed),
            names=tuple(name for (name,) in database.execute(named, {"vid": vid})),
        )
        for vid, identity, title, url, source, collection, number, modified, indexed, kind in rows
    ]  # fmt: skip


def before(database: sqlite3.Connection, when: datetime, kind: str) -> list[str]:
    """Ids of documents of a kind whose version in force came in before."""
    rows = database.execute(
        "SELECT d.id FROM documents d JOIN versions v ON v.doc = d.doc AND v.valid_to IS NULL"
        " WHERE v.kind = ? AND v.valid_from < ? ORDER BY d.id",
        (kind, micros(when)),
    )
    return [identity for (identity,) in rows]


def changed(
    database: sqlite3.Connection, since: datetime, allowed: Filter, limit: int
) -> tuple[list[Changed], int]:
    """What came into force since a time, the newest first, and how many there are."""
    tables = "FROM versions v JOIN documents d ON d.doc = v.doc"
    where = f"v.valid_from > :since AND {allowed.sql}"
    values = {**allowed.parameters, "since": micros(since), "most": limit}
    total = database.execute(f"SELECT count(*) {tables} WHERE {where}", values).fetchone()[0]
    rows = database.execute(
        f"SELECT d.id, v.title, v.kind, d.collection, v.source, v.number, v.valid_from {tables}"
        f" WHERE {where} ORDER BY v.valid_from DESC, d.id LIMIT :most",
        values,
    )
    names = ("id", "title", "kind", "collection", "source", "version")
    found = [Changed(**dict(zip(names, row[:6], strict=True)), indexed=moment(row[6])) for row in rows]
    return found, int(total)
