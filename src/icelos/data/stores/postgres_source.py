"""Rows of a PostgreSQL table or query as records, in an order from which it can be gone on.

    PGPASSWORD=... icelos scan logs 'postgresql://reader@db.example.org/audit?table=events'

The server itself turns rows into JSON, which it can for every type: times with their zone (UTC), NULL,
numeric, arrays, uuid, bytea as "\\x…". Nothing is written: the transaction is read only.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from icelos.data.reading import LINE_LIMIT
from icelos.data.resuming import Resuming
from icelos.data.row_ids import ROW_ID_FIELDS, names_itself
from icelos.data.stores.postgres import database_of, driver, one_line
from icelos.data.stores.relations import Ordered, relation_of
from icelos.errors import InputError, SettingsError
from icelos.findings import Failure, failure
from icelos.records import LogLine, Record, record_id

if TYPE_CHECKING:
    from icelos.data.stores.postgres import Connection

WAITS = (1, 2, 4, 8, 15)
"""Seconds before a lost connection is tried again."""
SPAN = 30.0
"""Seconds of one transaction, where a key can go on in the next: long ones keep a server from cleaning up."""
_FETCHED = 8 << 20
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class _Position(msgspec.Struct, frozen=True):
    """Behind a row: its key, its number among those with that key, and among equal ones."""

    key: tuple[str, ...] = ()
    rank: int = 0
    same: int = 0
    digest: str = ""


class PostgresSource(Resuming[_Position, Record | Failure | None]):
    """Rows as `LogLine`s whose fields are the columns; their ids do not depend on where the reading began.

    `location` is postgresql://user@host:port/database; options, there or apart: `table` ("events" or
    "schema.events"), or `query`, one SELECT; `key`, the columns that order the rows, separated by commas. Of
    a table that is the primary key, unless another is given. Rows that no key tells apart are ordered by
    their text as well, which costs the server a sort. The password is that of PGPASSWORD or ~/.pgpass unless
    it is given.

    Memory: some megabytes of rows. A lost connection is tried again for half a minute, and yields None
    meanwhile. A row that is committed behind the key that is being read is not seen by this reading. Raises
    InputError where there is nothing to read, and where the server stays away.
    """

    options = ("table", "query", "key")

    def __init__(
        self, location: str, *, table: str = "", query: str = "", key: str = "", password: str = ""
    ) -> None:
        self._database = database_of(str(location))
        self._password = password
        self._driver = driver()
        ours = self._database.ours
        self._table = table or ours.get("table", "")
        self._query = query or ours.get("query", "")
        self._key = tuple(filter(None, (part.strip() for part in (key or ours.get("key", "")).split(","))))
        if self._table and self._query:
            raise SettingsError("a table and a query", hint="give one of them")
        if "\0" in self._table + self._query + "".join(self._key):
            raise SettingsError("a NUL in the name of a table, in a key or a query")
        super().__init__(_Position(), self._database.name)

    def _behind(
        self, position: _Position
    ) -> Generator[tuple[_Position, Record | Failure | None], None, None]:
        waits = iter(WAITS)
        ordered: Ordered | None = None
        while True:
            try:
                with self._database.connect(self._password) as connection:
                    self._prepare(connection)
                    if ordered is None:
                        with connection.transaction():
                            ordered = relation_of(connection, self._table, self._query, self._key)
                    for at, item in self._rows(connection, ordered, position):
                        waits, position = iter(WAITS), at
                        yield at, item
                    return
            except self._driver.Error as error:
                wait = next(waits, None) if ordered is not None and self._may_pass(error) else None
                if wait is None:
                    hint = "set PGPASSWORD" if "no password" in str(error) else None
                    raise InputError(
                        f"cannot read: {one_line(error)}", source=self._name, hint=hint
                    ) from error
                for _ in range(wait):
                    time.sleep(1.0)
                    yield position, None

    def _may_pass(self, error: Any) -> bool:
        """Whether the server was lost, is starting or was in the way of itself."""
        state = error.sqlstate or ""
        return isinstance(error, self._driver.OperationalError) and (
            not state or state.startswith(("08", "25P03", "40", "53", "57P"))
        )

    def _prepare(self, connection: Connection) -> None:
        """Rows as bytes in one form, and no writing."""

        class Raw(self._driver.adapt.Loader):  # type: ignore[name-defined,misc]
            def load(self, data: bytes) -> bytes:
                return bytes(data)

        connection.adapters.register_loader("text", Raw)
        connection.read_only = True
        connection.isolation_level = self._driver.IsolationLevel.REPEATABLE_READ
        connection.execute(
            "SELECT set_config('timezone', 'UTC', false), set_config('bytea_output', 'hex', false)"
        )

    def _rows(
        self, connection: Connection, ordered: Ordered, at: _Position
    ) -> Iterator[tuple[_Position, Record | Failure]]:
        more = True
        while more:
            more = False
            until = time.monotonic() + SPAN
            with connection.transaction(), connection.cursor(name="icelos_rows") as cursor:
                query, values = ordered.select(at.key)
                cursor.execute(query, values)
                left = 0 if ordered.is_unique else at.rank
                for text, *key in _fetched(cursor):
                    if left:  # of those with the key that it stopped in
                        left -= 1
                        continue
                    at = _after(at, tuple(one.decode("utf-8", "replace") for one in key), text)
                    yield at, self._record(ordered.name, at, text)
                    if ordered.is_unique and time.monotonic() > until:
                        more = True
                        break

    def _record(self, name: str, at: _Position, data: bytes) -> Record | Failure:
        shown = _CONTROL.sub(" ", ",".join(at.key))[:200]
        if not at.key or at.rank > 1:
            shown += f"#{at.rank}"
        where = f"{self._database.dbname}.{name}:{shown}"
        place = record_id(f"{self._database.dbname}.{name}", *at.key, data, str(at.same))
        try:
            if len(data) > LINE_LIMIT:
                raise ValueError("row is too long")
            text = data.decode()
            fields = msgspec.json.decode(text, type=dict[str, object])
        except (ValueError, RecursionError, msgspec.MsgspecError) as error:
            return failure(
                record_id=place, job="", error=f"cannot read the row: {error}", source=where, raw=data
            )
        identity = (
            record_id("row", text) if at.same == 1 and names_itself(map(fields.get, ROW_ID_FIELDS)) else place
        )
        return LogLine(id=identity, source=where, text=text, fields=fields)


def _after(at: _Position, key: tuple[str, ...], text: bytes) -> _Position:
    """The position behind a row, from that behind the one before it."""
    digest = hashlib.blake2b(text, digest_size=16).hexdigest()
    if not at.rank or key != at.key:
        return _Position(key, 1, 1, digest)
    return _Position(key, at.rank + 1, at.same + 1 if digest == at.digest else 1, digest)


def _fetched(cursor: Any) -> Iterator[tuple[bytes, ...]]:
    """Rows, at first a few at a time and then as many as are about `_FETCHED` bytes."""
    count = 64
    while rows := cursor.fetchmany(count):
        yield from rows
        size = sum(len(row[0]) for row in rows) // len(rows) + 1
        count = max(1, min(_FETCHED // size, 4096, count * 4))
