"""Findings and failures in a table of PostgreSQL, which many machines write at once.

    icelos scan mail inbox.mbox --sink postgresql://icelos@db.example.org/security

One row an outcome, by its permanent id: a replay overwrites it, and a good outcome replaces the failure of
its record. `body` is the outcome as JSON. PostgreSQL has no NUL: its symbol stands for it, and where there is
one, `exact` has the outcome as it was.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from icelos.data.sinks import FinishedByContext, row_of
from icelos.data.stores.postgres import database_of, driver, one_line
from icelos.errors import StoreError
from icelos.findings import Failure, Finding, Outcome
from icelos.records import record_id

if TYPE_CHECKING:
    from icelos.data.stores.postgres import Connection

TABLE = "icelos_outcomes"
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
  id text PRIMARY KEY, kind text NOT NULL, job text NOT NULL, record_id text NOT NULL, verdict text NOT NULL,
  label text NOT NULL, score double precision, source text NOT NULL, seen timestamptz NOT NULL,
  body jsonb NOT NULL, exact bytea);
CREATE INDEX IF NOT EXISTS {TABLE}_listed ON {TABLE} (kind, job, verdict, seen);
"""
_COLUMNS = ("id", "kind", "job", "record_id", "verdict", "label", "score", "source", "seen", "body", "exact")
_UPSERT = f"""
INSERT INTO {TABLE} ({", ".join(_COLUMNS)})
SELECT id, kind, job, record_id, verdict, label, score, source, seen, body::jsonb, exact
FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::float8[], %b::text[],
  %b::text[]::timestamptz[], %b::text[], %b::bytea[]) AS rows ({", ".join(_COLUMNS)})
ORDER BY id
ON CONFLICT (id) DO UPDATE SET {", ".join(f"{name} = EXCLUDED.{name}" for name in _COLUMNS[1:])}
"""  # noqa: S608 - put together from our own names
_RESOLVE = f"""
WITH over AS (
  SELECT id FROM {TABLE} WHERE kind = 'failure' AND id = ANY(%s) ORDER BY id FOR UPDATE)
DELETE FROM {TABLE} USING over WHERE {TABLE}.id = over.id
"""  # noqa: S608
AT_ONCE = 2000
"""Rows in one statement; a write is one transaction all the same."""
_TRIES = 5


class PostgresSink(FinishedByContext):
    """One transaction a write; after an error the next one connects anew. Raises what `database_of` does.

    The password is that of PGPASSWORD or ~/.pgpass unless it is given. The table is created where it is not
    there. Raises StoreError where the database does not answer.
    """

    def __init__(self, location: str, *, password: str = "") -> None:
        self._database = database_of(str(location))
        self._password = password
        self._driver = driver()
        self._lock = threading.Lock()
        self._open: Connection | None = None
        with self._connected("open"):
            pass

    @contextlib.contextmanager
    def _connected(self, what: str) -> Iterator[Connection]:
        """The connection, in good order; one that failed is not used again."""
        with self._lock:
            try:
                if self._open is None:
                    self._open = self._database.connect(self._password)
                    _prepare(self._open, self._database.name)
                yield self._open
            except self._driver.Error as error:
                self._drop()
                hint = "set PGPASSWORD" if "no password" in str(error) else None
                where = self._database.name
                raise StoreError(
                    f"cannot {what} findings: {one_line(error)}", source=where, hint=hint
                ) from error
            except BaseException:
                self._drop()
                raise

    def _drop(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """All of them or none. Raises StoreError."""
        seen = datetime.now(UTC).isoformat(timespec="seconds")
        rows = {outcome.id: _stored(row_of(outcome, seen)) for outcome in outcomes}
        ordered = [rows[key] for key in sorted(rows)]  # all writers lock rows in one order
        if ordered:
            self._transact("write", lambda connection: _upsert(connection, ordered))

    def resolve(self, job: str, record_ids: Sequence[str]) -> int:
        """Forget the failures of these records, which since have been scored well; how many there were.

        Findings stay. Raises StoreError.
        """
        ids = [record_id(job, one) for one in record_ids]
        if not ids:
            return 0
        return self._transact("write", lambda connection: connection.execute(_RESOLVE, [ids]).rowcount)

    def _transact(self, what: str, act: Any) -> int:
        """Again where other writers were in the way."""
        for left in reversed(range(_TRIES)):
            with self._connected(what) as connection:
                try:
                    with connection.transaction():
                        return int(act(connection))
                except (self._driver.errors.DeadlockDetected, self._driver.errors.SerializationFailure):
                    if not left:
                        raise
        raise AssertionError("unreachable")

    def findings(
        self, *, job: str = "", verdict: str = "", limit: int = 100, offset: int = 0
    ) -> list[Finding]:
        """The newest first."""
        return [
            msgspec.json.decode(body, type=Finding)
            for body in self._bodies("finding", job, verdict, limit, offset)
        ]

    def failures(self, *, job: str = "", limit: int = 100, offset: int = 0) -> list[Failure]:
        """The newest first."""
        return [
            msgspec.json.decode(body, type=Failure)
            for body in self._bodies("failure", job, "", limit, offset)
        ]

    def open_failures(self, job: str) -> dict[str, str]:
        """The source of every record that a job has failed at, by the record's id."""
        query = f"SELECT record_id, source FROM {TABLE} WHERE kind = 'failure' AND job = %s"  # noqa: S608
        with self._connected("read") as connection:
            return {str(one): str(source) for one, source in connection.execute(query, [job])}

    def count(self, kind: str, *, job: str = "") -> int:
        """How many of kind "finding" or "failure"."""
        query = f"SELECT count(*) FROM {TABLE} WHERE kind = %s AND (%s = '' OR job = %s)"  # noqa: S608
        with self._connected("read") as connection:
            row = connection.execute(query, [kind, job, job]).fetchone()
        return int(row[0]) if row else 0

    def _bodies(self, kind: str, job: str, verdict: str, limit: int, offset: int) -> list[str]:
        query = (
            f"SELECT coalesce(convert_from(exact, 'UTF8'), body::text) FROM {TABLE} WHERE kind = %s"  # noqa: S608
            " AND (%s = '' OR job = %s) AND (%s = '' OR verdict = %s)"
            " ORDER BY seen DESC, id LIMIT %s OFFSET %s"
        )
        with self._connected("read") as connection:
            rows = connection.execute(query, [kind, job, job, verdict, verdict, limit, offset]).fetchall()
        return [str(row[0]) for row in rows]

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._drop()


def _stored(row: tuple[object, ...]) -> tuple[object, ...]:
    """Texts that PostgreSQL takes."""
    *columns, body = row
    if not isinstance(body, bytes):
        raise TypeError("the body of an outcome is bytes")
    if b"\\u0000" not in body:
        return (*columns, body.decode(), None)
    shown = msgspec.json.encode(_without_nul(msgspec.json.decode(body)))
    return (*map(_without_nul, columns), shown.decode(), body)


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\u2400")
    if isinstance(value, list):
        return [_without_nul(one) for one in value]
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(one) for key, one in value.items()}
    return value


def _upsert(connection: Connection, rows: Sequence[tuple[object, ...]]) -> int:
    for begin in range(0, len(rows), AT_ONCE):
        columns = [list(column) for column in zip(*rows[begin : begin + AT_ONCE], strict=True)]
        connection.execute(_UPSERT, columns)
    return len(rows)


def _prepare(connection: Connection, where: str) -> None:
    """The table, whoever else creates it at this moment; and commits that are durable."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        hint = "createdb --encoding=UTF8 --template=template0 NAME"
        raise StoreError(f"the database's encoding is {encoding}, not UTF8", source=where, hint=hint)
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false)"
        " WHERE current_setting('synchronous_commit') IN ('off', 'local')"
    )
    found = connection.execute("SELECT to_regclass(%s)", [TABLE]).fetchone()
    if found is None or found[0] is None:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [TABLE])
            for statement in filter(str.strip, SCHEMA.split(";")):
                connection.execute(statement)
