"""What is read of a PostgreSQL database: a table or a query, and the key that orders its rows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from icelos.data.stores.postgres import driver
from icelos.errors import InputError

if TYPE_CHECKING:
    from icelos.data.stores.postgres import Connection

_ROW = "_icelos_row"
_SELECT = re.compile(r"(select|with|values|table)\b", re.IGNORECASE)
_TABLES = """
SELECT CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname NOT LIKE 'pg_temp%%'
  AND has_table_privilege(c.oid, 'SELECT')
ORDER BY 1 LIMIT %s
"""
_KEYS = """
SELECT i.indisprimary, array(
  SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
  WHERE k.place <= i.indnkeyatts ORDER BY k.place)
FROM pg_index i
WHERE i.indrelid = to_regclass(%s) AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
  AND i.indexprs IS NULL AND NOT EXISTS (
    SELECT FROM pg_attribute a
    WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[]) AND NOT a.attnotnull)
ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid
"""
"""The primary key first, then other columns that tell rows apart and are never NULL."""


class Ordered:
    """A relation with its rows in order. `is_unique`: no two have the same key."""

    def __init__(
        self, name: str, relation: Any, key: Sequence[str], types: Sequence[str], *, is_unique: bool
    ) -> None:
        self.name = name
        self.is_unique = is_unique
        self._relation = relation
        self._key = key
        self._types = types

    def select(self, after: Sequence[str]) -> tuple[Any, list[object]]:
        """Query and values for rows as JSON with their keys as text: those behind a key, or from it on."""
        sql = driver().sql
        columns = [_name(_ROW, name) for name in self._key]
        text = sql.SQL("row_to_json({}.*)::text").format(sql.Identifier(_ROW))
        order = columns if self.is_unique else [*columns, sql.SQL('{} COLLATE "C"').format(text)]
        where = sql.SQL("%s")
        if after and columns:
            casts = [sql.SQL(f"CAST(%s AS {name})") for name in self._types]
            where = sql.SQL("%s AND ({}) {} ({})").format(
                sql.SQL(", ").join(columns),
                sql.SQL(">" if self.is_unique else ">="),
                sql.SQL(", ").join(casts),
            )
        query = sql.SQL("SELECT {} FROM {} AS {} WHERE {} ORDER BY {}").format(
            sql.SQL(", ").join([text, *(sql.SQL("{}::text").format(one) for one in columns)]),
            self._relation, sql.Identifier(_ROW), where, sql.SQL(", ").join(order),
        )  # fmt: skip
        return query, [True, *(after if columns else ())]


def relation_of(connection: Connection, table: str, query: str, key: Sequence[str]) -> Ordered:
    """What a location means. Raises InputError, and psycopg.Error for a query that does not run."""
    if query:
        name, relation, keys = _queried(query)
    else:
        name, relation, keys = _table(connection, table)
    if not key and keys:
        key = keys[0]
    is_unique = bool(key) and any(set(one) <= set(key) for one in keys)
    types = _types(connection, relation, key, name)
    if key and not is_unique:
        _refuse_nulls(connection, relation, key, name)
    return Ordered(name, relation, key, types, is_unique=is_unique)


def _queried(query: str) -> tuple[str, Any, list[Sequence[str]]]:
    """One SELECT, as a relation: what is more than that does not fit into its brackets."""
    text = query.strip().rstrip(";").strip()
    if not _SELECT.match(text):
        raise InputError("the query is no SELECT", source="query")
    sql = driver().sql
    digest = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
    return f"query-{digest}", sql.SQL("(\n" + text.replace("%", "%%") + "\n)"), []


def _table(connection: Connection, table: str) -> tuple[str, Any, list[Sequence[str]]]:
    sql = driver().sql
    if not table:
        tables = [row[0].decode() for row in connection.execute(_TABLES, [21])]
        if len(tables) != 1:
            raise InputError("say which table", source="table", hint=f"tables: {', '.join(tables[:20])}")
        table = tables[0]
    schema, _, name = table.partition(".")
    for parts in ([table], [schema, name]):
        written = sql.Identifier(*parts).as_string(connection)
        kind = connection.execute("SELECT relkind::text FROM pg_class WHERE oid = to_regclass(%s)", [written])
        found = kind.fetchone()
        if found is not None and found[0] in (b"r", b"p", b"v", b"m", b"f"):
            keys = [[one.decode() for one in row[1]] for row in connection.execute(_KEYS, [written])]
            return table, _name(*parts), [*keys]
    tables = [row[0].decode() for row in connection.execute(_TABLES, [20])]
    raise InputError(f"no table {table!r}", source="table", hint=f"tables: {', '.join(tables)}")


def _types(connection: Connection, relation: Any, key: Sequence[str], name: str) -> list[str]:
    """The types of the key's columns, as SQL. Raises InputError for a column that is not there."""
    sql = driver().sql
    query = sql.SQL("SELECT * FROM {} AS {} LIMIT %s").format(relation, sql.Identifier(_ROW))
    columns = {column.name: column.type_code for column in connection.execute(query, [0]).description or ()}
    missing = [one for one in key if one not in columns]
    if missing:
        hint = f"columns: {', '.join(list(columns)[:20])}"
        raise InputError(f"no column {missing[0]!r} for a key", source=name, hint=hint)
    found = []
    for one in key:  # with -1 a type without a length, and not that of length 1
        row = connection.execute("SELECT format_type(%s, -1)", [columns[one]]).fetchone()
        found.append(row[0].decode() if row else "text")
    return found


def _refuse_nulls(connection: Connection, relation: Any, key: Sequence[str], name: str) -> None:
    """Rows without a key would be left out."""
    sql = driver().sql
    nulls = sql.SQL(" OR ").join(sql.SQL("{} IS NULL").format(_name(_ROW, one)) for one in key)
    query = sql.SQL("SELECT EXISTS (SELECT FROM {} AS {} WHERE %s AND ({}))").format(
        relation, sql.Identifier(_ROW), nulls
    )
    row = connection.execute(query, [True]).fetchone()
    if row and row[0]:
        raise InputError("NULL in a key", source=name, hint="name columns that every row has")


def _name(*parts: str) -> Any:
    """An identifier in a query with values, where a per cent sign is written twice."""
    return driver().sql.Identifier(*(part.replace("%", "%%") for part in parts))
