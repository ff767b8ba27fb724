"""Who may see what, as one SQL condition that every query of the store carries.

A document is visible where its collection's scope and its own scope are open or share a group with
the principal. Access is that of now, also for old versions. It fails closed: without a principal there
is an error, and an unknown scope matches nothing.
"""

from __future__ import annotations

import json
import sqlite3

import msgspec

from icelos.contracts import Principal, Where
from icelos.errors import StoreError
from icelos.knowledge.identifiers import fold
from icelos.knowledge.schema import micros

OPEN_SCOPE = 0

READABLE = """(SELECT scope FROM scopes WHERE scope = 0
  UNION SELECT scope FROM scope_groups WHERE name IN (SELECT value FROM json_each(:groups)))"""

VISIBLE = f"""d.scope IN {READABLE}
  AND d.collection IN (SELECT name FROM collections WHERE scope IN {READABLE})"""
"""Needs `documents d` in the query and the parameters of `Filter`."""


class Filter(msgspec.Struct, frozen=True):
    """A condition over `documents d` and `versions v`, with its named parameters."""

    sql: str
    parameters: dict[str, object]

    @property
    def key(self) -> str:
        """Equal for equal filters of equal principals: what a cache must be keyed by."""
        return json.dumps([self.sql, self.parameters], sort_keys=True)


def readable(principal: Principal) -> Filter:
    """Everything the principal may read, all versions. Raises StoreError without a principal."""
    if not isinstance(principal, Principal):
        raise StoreError("no principal: nothing may be read", hint="say who asks")
    return Filter(VISIBLE, {"groups": json.dumps(sorted(principal.groups))})


def matching(principal: Principal, where: Where | None) -> Filter:
    """What the principal may read and `where` lets through, in the versions that it asks for."""
    base = readable(principal)
    where = where or Where()
    conditions, parameters = [base.sql], dict(base.parameters)
    if where.as_of is None:
        conditions.append("v.valid_to IS NULL")
    else:
        conditions.append("v.valid_from <= :as_of AND (v.valid_to IS NULL OR v.valid_to > :as_of)")
        parameters["as_of"] = micros(where.as_of)
    for name, values, sql in (
        ("kinds", where.kinds, "v.kind IN (SELECT value FROM json_each(:kinds))"),
        ("collections", where.collections, "d.collection IN (SELECT value FROM json_each(:collections))"),
        ("tags", where.tags, _any_of("tags", "name", "tags")),
        ("identifiers", [fold(i) for i in where.identifiers], _any_of("names", "key", "identifiers")),
    ):
        if values:
            conditions.append(sql)
            parameters[name] = json.dumps(list(values))
    if where.modified_after is not None:
        conditions.append("v.modified > :modified_after")
        parameters["modified_after"] = micros(where.modified_after)
    return Filter(" AND ".join(f"({c})" for c in conditions), parameters)


def _any_of(table: str, column: str, parameter: str) -> str:
    return f"v.vid IN (SELECT vid FROM {table} WHERE {column} IN (SELECT value FROM json_each(:{parameter})))"


def scope_of(database: sqlite3.Connection, groups: object) -> int:
    """The scope for a set of group names, made where new; 0 for none (open). Inside a transaction."""
    names = sorted({str(name) for name in groups if str(name)})  # type: ignore[attr-defined]
    text = json.dumps(names)
    row = database.execute("SELECT scope FROM scopes WHERE groups = ?", (text,)).fetchone()
    if row is not None:
        return int(row[0])
    scope = int(database.execute("INSERT INTO scopes (groups) VALUES (?)", (text,)).lastrowid or 0)
    database.executemany("INSERT INTO scope_groups VALUES (?, ?)", [(scope, name) for name in names])
    return scope
