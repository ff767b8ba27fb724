"""Questions over kept logs, as one principal may see them, within time, memory and rows.

The catalogue says which files a principal may see; only those are opened. What answers is a database in
memory that can read these files and nothing else, and whose settings are locked before it sees the question
(https://duckdb.org/docs/stable/operations_manual/securing_duckdb/overview).
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from icelos.contracts import Principal, Tier
from icelos.data.query.catalogue import Catalogue, KeptLog
from icelos.data.query.compiling import DUCKDB, Compiled, Place, compiled
from icelos.data.query.findings import Answer
from icelos.data.query.identity import address, fold, is_identifier, own_part, same_host, same_user
from icelos.data.query.keeping import NO_EXTENSIONS
from icelos.data.query.language import Field, Kind, Query, View, parsed, shown
from icelos.errors import InputError, StoreError

if TYPE_CHECKING:
    import duckdb

SECONDS = 15.0
MEMORY = "512MB"
AT_ONCE = 4
"""Questions that are answered at the same time; more wait."""
ORIGINAL = "fields."
"""Begins the names of a row's own fields."""


def _text(name: str, tier: Tier = Tier.OUTSIDE) -> Field:
    return Field(name, Kind.TEXT, f'kept."{name}"', tier)


def _original(name: str) -> Field | None:
    """A field of the rows themselves: its name is bound, as values are."""
    own = name.removeprefix(ORIGINAL)
    if own == name or not own or len(own) > 200 or "\0" in own or not own.isprintable():
        return None
    key = f"f{own.encode().hex()}"
    return Field(name, Kind.TEXT, f"element_at(kept.fields, ${key})[1]", Tier.OUTSIDE, bound=((key, own),))


_FIELDS = (
    _text("log", Tier.OWN),
    Field("row", Kind.TEXT, "replace(CAST(kept.row AS VARCHAR), '-', '')", Tier.COMPUTED),
    Field("time", Kind.TIME, "kept.time", Tier.COMPUTED),
    *map(_text, ("user", "source_ip", "host", "application", "action")),
    _text("outcome", Tier.COMPUTED), _text("text"), _text("source"),
)  # fmt: skip
VIEW = View("logs", {field.name: field for field in _FIELDS}, _original)
_ORDER = "kept.time DESC NULLS LAST, kept.row"


class LogsReader:
    """Answers questions over the kept logs of one folder. Safe to share between threads."""

    def __init__(self, folder: Path, *, seconds: float = SECONDS) -> None:
        self.folder, self.seconds = folder, seconds
        self._room = threading.BoundedSemaphore(AT_ONCE)

    def logs(self, *, principal: Principal) -> list[KeptLog]:
        """The logs that a principal may see, by name. Raises StoreError without a principal."""
        if not isinstance(principal, Principal):
            raise StoreError("no principal: nothing may be read", hint="say who asks")
        if not (self.folder / "catalogue.sqlite").is_file():
            return []
        with Catalogue(self.folder) as catalogue:
            return catalogue.seen_by(principal)

    def ask(self, arguments: Mapping[str, Any], *, principal: Principal) -> Answer:
        """Answer a question from JSON; `log` in it names one log, all are asked without it. Raises InputError
        for one that cannot be asked, or takes too long or too much memory; StoreError."""
        asked = dict(arguments)
        name = asked.pop("log", "")
        query = parsed({**asked, "view": VIEW.name}, {VIEW.name: VIEW})
        return self.answer(query, log=name, principal=principal)

    def answer(self, asked: Query, *, log: str = "", principal: Principal) -> Answer:
        """The same for a question that has been checked."""
        files = self._files(log, principal)
        columns = tuple(field.name for field in asked.fields) + (("count",) if asked.counts else ())
        if not files:
            return Answer(columns, [(0,)] if columns == ("count",) else [], 0)
        question = compiled(asked, Place("kept", "true", "", _ORDER, {}), DUCKDB)
        with self._room, _database(files) as database:
            rows, total = _run(database, question, asked.limit, time.monotonic() + self.seconds)
        return Answer(columns, [tuple(map(_plain, row)) for row in rows], total)

    def naming(
        self,
        entity: str,
        *,
        begin: datetime | None = None,
        end: datetime | None = None,
        limit: int,
        principal: Principal,
    ) -> Answer:
        """Rows that name a user, host or address, the oldest first; all columns of `VIEW`. Raises as
        `ask`."""
        files = self._files("", principal)
        columns = tuple(VIEW.fields)
        if not files or is_identifier(entity):
            return Answer(columns, [], 0)
        span: dict[str, object] = {
            "begin": begin and begin.replace(tzinfo=None),
            "end": end and end.replace(tzinfo=None),
        }
        deadline = time.monotonic() + self.seconds
        with self._room, _database(files) as database:
            near = {"own": own_part(entity), "short": fold(entity).split(".")[0]}
            users, hosts = (
                [row[0] for row in _execute(database, sql, {name: value}, deadline)]
                for sql, (name, value) in zip(_NEAR, near.items(), strict=True)
            )
            chosen: dict[str, object] = {
                "users": [one for one in users if same_user(one, entity)],
                "hosts": [one for one in hosts if same_host(one, entity)],
                "address": address(entity),
            }
            found = _NAMED.format(names=", ".join(field.sql for field in VIEW.fields.values()))
            question = Compiled(f"{found} ORDER BY kept.time, kept.row LIMIT {int(limit)}",
                                _NAMED.format(names="count(*)"), chosen | span)  # fmt: skip
            rows, total = _run(database, question, limit, deadline)
        return Answer(columns, [tuple(map(_plain, row)) for row in rows], total)

    def _files(self, log: str, principal: Principal) -> list[str]:
        """Raises InputError for a log that is not there, or not for this principal: nobody learns which."""
        seen = self.logs(principal=principal)
        if log and log not in [one.name for one in seen]:
            known = ", ".join(one.name for one in seen) or "none is kept: icelos logs keep FILE --as NAME"
            raise InputError(f"no log called {shown(log)}", hint=f"logs: {known}")
        if not seen:
            return []
        with Catalogue(self.folder) as catalogue:
            return [
                str((self.folder / one.name / part.file).absolute())
                for one in seen
                if not log or one.name == log
                for part in catalogue.parts(one.name)
            ]


_NEAR = (
    """SELECT DISTINCT kept."user" FROM kept WHERE contains(lower(kept."user"), $own) LIMIT 10000""",
    """SELECT DISTINCT kept.host FROM kept WHERE starts_with(lower(kept.host), $short) LIMIT 10000""",
)
"""Names that may be the one that is looked for."""
_NAMED = """SELECT {names} FROM kept WHERE (list_contains($users, kept."user")
  OR list_contains($hosts, kept.host)
  OR (kept.source_ip <> '' AND kept.source_ip = $address))
  AND ($begin IS NULL OR kept.time >= $begin) AND ($end IS NULL OR kept.time < $end)"""


class _Spent(NamedTuple):
    """An error of duckdb's, by what is told of it."""

    name: str
    message: str
    hint: str


_SPENT = (
    _Spent("InterruptException", "this takes too long", "ask for less: one log, a time, or a count"),
    _Spent(
        "OutOfMemoryException", "this takes too much memory", "ask for less: one log, a time, or fewer groups"
    ),
)


@contextlib.contextmanager
def _database(files: Sequence[str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database whose view `kept` has the rows of these files, and which can reach nothing else."""
    import duckdb

    config: dict[str, Any] = {"memory_limit": MEMORY, "threads": 2, "temp_directory": ""}
    try:
        with duckdb.connect(config=config | NO_EXTENSIONS) as database:
            database.execute("SET TimeZone = 'UTC'")
            database.execute(f"SET allowed_paths = [{', '.join(map(_literal, files))}]")
            database.execute("SET enable_external_access = false")
            database.execute("SET lock_configuration = true")
            names = ", ".join(map(_literal, files))
            database.execute(f"CREATE VIEW kept AS SELECT * FROM read_parquet([{names}])")
            yield database
    except duckdb.Error as error:
        for spent in _SPENT:
            if type(error).__name__ == spent.name:
                raise InputError(spent.message, hint=spent.hint) from error
        raise StoreError(f"cannot read kept logs: {' '.join(str(error).split())[:300]}") from error


def _literal(path: str) -> str:
    """Files are called by digits alone, and logs by what `catalogue.NAME` lets through; homes may hold
    quotes."""
    return "'" + path.replace("'", "''") + "'"


def _run(
    database: duckdb.DuckDBPyConnection, question: Compiled, limit: int, deadline: float
) -> tuple[list[tuple[Any, ...]], int | None]:
    rows = _execute(database, question.rows, question.parameters, deadline)
    if len(rows) < limit:
        return rows, len(rows)
    with contextlib.suppress(InputError):
        return rows, int(_execute(database, question.total, question.parameters, deadline)[0][0])
    return rows, None


def _execute(
    database: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, object], deadline: float
) -> list[tuple[Any, ...]]:
    import duckdb

    watch = threading.Timer(max(0.0, deadline - time.monotonic()), database.interrupt)
    watch.daemon = True
    watch.start()
    try:
        return database.execute(sql, dict(parameters)).fetchall()
    except duckdb.InterruptException as error:
        raise InputError(_SPENT[0].message, hint=_SPENT[0].hint) from error
    finally:
        watch.cancel()


def _plain(value: Any) -> Any:
    """Times as text, RFC 3339."""
    if not isinstance(value, datetime):
        return value
    text = value.replace(tzinfo=UTC).isoformat(timespec="microseconds" if value.microsecond else "seconds")
    return text.replace("+00:00", "Z")
