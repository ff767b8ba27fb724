"""Questions over the findings of all jobs, as one principal may see them, within time and rows.

Connections can only read, and only the tables that the views are made of (an authorizer refuses the rest). A
principal's groups are part of every query: see `data.visibility`.
"""

from __future__ import annotations

import contextlib
import json
import queue
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from icelos.contracts import Principal, Tier
from icelos.data import visibility
from icelos.data.query import facts
from icelos.data.query.compiling import SQLITE, Compiled, Place, compiled
from icelos.data.query.identity import address, fold, is_identifier, own_part, same_host, same_purl, same_user
from icelos.data.query.language import Field, Kind, Query, View, parsed
from icelos.errors import InputError, StoreError
from icelos.findings import Finding

SECONDS = 10.0
"""A question that takes longer is given up."""
CACHE_KIB = 32 * 1024
_STEPS = 10_000
"""Instructions of SQLite between two looks at the clock."""

_STATE = "coalesce((SELECT state FROM casework.current WHERE finding_id = outcomes.id), 'open')"
_ASSIGNEE = "coalesce((SELECT assignee FROM casework.current WHERE finding_id = outcomes.id), '')"
_COMPUTED, _PUBLISHED, _OUTSIDE = Tier.COMPUTED, Tier.PUBLISHED, Tier.OUTSIDE


def _text(name: str, tier: Tier = _OUTSIDE, *, sql: str = "", own: str = "") -> Field:
    return Field(name, Kind.TEXT, sql or f"outcomes.{name}", tier, own)


_COMMON = (
    _text("id", _COMPUTED),
    _text("job", _COMPUTED),
    _text("record_id", _COMPUTED),
    _text("verdict", _COMPUTED),
    _text("label", _COMPUTED),
    Field("score", Kind.NUMBER, "outcomes.score", _COMPUTED),
    _text("summary"),
    _text("source"),
    Field("seen", Kind.TIME, "outcomes.seen", _COMPUTED),
    _text("state", _COMPUTED, sql=_STATE),
    _text("assignee", Tier.OWN, sql=_ASSIGNEE),
)
_TIME = Field("time", Kind.TIME, "outcomes.time", _COMPUTED)
_ENTITY = _text("entity", own=f"outcomes.who = {facts.own_part('{0}')}")
_EXPLOITABLE = "outcomes.status = 'affected' AND outcomes.verdict IN ('alert', 'review')"
"""As `facts.EXPLOITABLE`, whose index is found by it."""


def _view(name: str, *fields: Field) -> View:
    return View(name, {field.name: field for field in (*_COMMON, *fields)})


VIEWS: Mapping[str, View] = {
    view.name: view
    for view in (
        _view("findings"),
        _view(
            "vulnerabilities",
            *(
                _text(name, _PUBLISHED)
                for name in ("vulnerability", "advisory", "purl", "package", "version", "fixed_in")
            ),
            _text("status", _COMPUTED),
            Field("exploitable", Kind.BOOLEAN, f"coalesce({_EXPLOITABLE}, false)", _COMPUTED, _EXPLOITABLE),
            _text("kev", _COMPUTED),
            Field("epss", Kind.NUMBER, "outcomes.epss", _COMPUTED),
            _text("target"),
        ),
        _view(
            "mail",
            _text("sender", own=_ENTITY.own),
            _text("recipients"),
            _text("subject"),
            _text("intents", _COMPUTED),
            _TIME,
        ),
        _view(
            "log_alerts",
            _ENTITY,
            _text("source_ip"),
            _text("host"),
            _TIME,
            _text("technique", _COMPUTED),
            _text("incident", _COMPUTED),
            _text("resembles", _COMPUTED),
            _text("rule"),
        ),
    )
}
JOBS = {"vulnerabilities": "vulns", "mail": "mail", "log_alerts": "logs"}
"""The job whose findings a view has."""


class Answer(NamedTuple):
    """Names of columns, rows of their values, and how many there are in all; None where counting took
    long."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    total: int | None


class FindingsReader:
    """Answers questions over one store of findings. Safe to share between threads; close it when done.

    `casework` is the file of what people do about findings; it need not be there.
    """

    def __init__(self, path: Path, casework: Path | None = None, *, seconds: float = SECONDS) -> None:
        self.path, self.seconds = path, seconds
        self._casework = casework
        self._idle: queue.LifoQueue[_Connection] = queue.LifoQueue()
        self._lock = threading.Lock()
        self._prepared = False

    def ask(self, arguments: Mapping[str, Any], *, principal: Principal) -> Answer:
        """Answer a question from JSON. Raises InputError for one that cannot be asked, or takes too long;
        StoreError for a store that cannot be read, or without a principal."""
        return self.answer(parsed(arguments, VIEWS), principal=principal)

    def answer(self, asked: Query, *, principal: Principal) -> Answer:
        """The same for a question that has been checked."""
        job = JOBS.get(asked.view.name)
        condition = f"{'outcomes.job = $view_job AND ' if job else ''}{visibility.VISIBLE}"
        parameters = visibility.parameters(principal) | ({"view_job": job} if job else {})
        place = Place("facts AS outcomes", condition, "outcomes.place", "outcomes.place DESC", parameters)
        question = compiled(asked, place, SQLITE)
        columns = tuple(field.name for field in asked.fields) + (("count",) if asked.counts else ())
        if not self.path.is_file():
            return Answer(columns, [(0,)] if columns == ("count",) else [], 0)
        with self._reading() as connection:
            rows, total = connection.run(question, asked.limit, time.monotonic() + self.seconds)
        kinds = [field.kind for field in asked.fields]
        return Answer(columns, [_typed(row, kinds) for row in rows], total)

    def whole(self, asked: Query, *, principal: Principal) -> list[Finding]:
        """The findings themselves that a question for rows finds, in its order. Raises as `answer`."""
        found = self.answer(asked, principal=principal)
        ids = [row[found.columns.index("id")] for row in found.rows]
        if not ids:
            return []
        with self._reading() as connection:
            bodies = connection.bodies(ids, visibility.parameters(principal), time.monotonic() + self.seconds)
        return [msgspec.json.decode(bodies[one], type=Finding) for one in ids if one in bodies]

    def naming(self, entity: str, *, principal: Principal) -> list[Mapping[str, Any]]:
        """Findings of all jobs that name a user, host, address, package or vulnerability, by their columns.

        In the order of their times, at most `MOST_NAMED`, the newest of more. Raises as `answer`.
        """
        parameters = visibility.parameters(principal)
        if not self.path.is_file():
            return []
        with self._reading() as connection:
            rows = connection.named(entity, parameters, time.monotonic() + self.seconds)
        return [row for row in rows if names(row, entity)]

    def close(self) -> None:
        """Close the connections that are idle; the others are closed when they are given back."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[_Connection]:
        try:
            connection = self._connection()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            self._idle.put(connection)
        except sqlite3.Error as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                hint = "ask for less: more conditions, or a count"
                raise InputError("this takes too long", hint=hint) from error
            raise StoreError(f"cannot read findings: {error}", source=str(self.path)) from error

    def _connection(self) -> _Connection:
        self._prepare()
        while True:
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                return _Connection(self.path, self._casework)
            if connection.has_casework == _is_there(self._casework):
                return connection
            connection.close()

    def _prepare(self) -> None:
        """An older store gets its table of facts, as it does wherever it is opened to be written."""
        with self._lock:
            if self._prepared:
                return
            from icelos.data.sinks import SqliteSink

            with contextlib.closing(sqlite3.connect(_uri(self.path), uri=True)) as database:
                self._prepared = facts.is_current(database)
            if not self._prepared:
                SqliteSink(self.path).close()
                self._prepared = True


class _Connection:
    """One connection that can read the tables of the views and nothing else."""

    def __init__(self, path: Path, casework: Path | None) -> None:
        self.has_casework = _is_there(casework)
        self._deadline = 0.0
        self._database = sqlite3.connect(_uri(path), uri=True, isolation_level=None, check_same_thread=False)
        try:
            self._set_up(casework)
        except BaseException:
            self._database.close()
            raise

    def _set_up(self, casework: Path | None) -> None:
        database = self._database
        if self.has_casework and casework is not None:
            database.execute("ATTACH ? AS casework", (_uri(casework),))
        else:
            database.execute("ATTACH ':memory:' AS casework")
            database.execute(
                "CREATE TABLE casework.current (finding_id TEXT PRIMARY KEY, state TEXT, assignee TEXT)"
            )
        database.execute("PRAGMA query_only = ON")
        database.execute("PRAGMA trusted_schema = OFF")
        database.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        database.execute("SELECT value FROM json_each('[]')")  # it declares its columns as a table is created
        database.set_progress_handler(self._is_late, _STEPS)
        database.set_authorizer(_allowed)

    def _is_late(self) -> bool:
        return time.monotonic() > self._deadline

    def run(
        self, question: Compiled, limit: int, deadline: float
    ) -> tuple[list[tuple[Any, ...]], int | None]:
        """The rows, and how many there are in all, of one state of the store."""
        self._deadline = deadline
        self._database.execute("BEGIN")
        try:
            rows = self._execute(question.rows, question.parameters)
            if len(rows) < limit:
                return rows, len(rows)
            try:
                return rows, int(self._execute(question.total, question.parameters)[0][0])
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                    raise
                return rows, None
        finally:
            self._deadline = time.monotonic() + 1.0
            self._database.execute("ROLLBACK")

    def bodies(
        self, ids: Sequence[str], parameters: Mapping[str, object], deadline: float
    ) -> dict[str, bytes]:
        """The findings with these ids that may be seen, as they were written."""
        self._deadline = deadline
        rows = self._execute(_BODIES, {"ids": json.dumps(list(ids)), **parameters})
        return dict(rows)

    def named(self, entity: str, parameters: Mapping[str, object], deadline: float) -> list[dict[str, Any]]:
        """Rows that may name something; more than do."""
        self._deadline = deadline
        values = {
            "name": entity.strip(),
            "own": own_part(entity),
            "short": entity.split(".")[0],
            **parameters,
        }
        values["address"] = address(entity) or entity.strip()
        looked_up = [*_NAMED, *(() if is_identifier(entity) else _SCANNED)]
        places = " UNION ".join(f"SELECT place FROM facts WHERE {one}" for one in looked_up)
        rows = self._execute(_NAMING.format(places=places), values)
        return [dict(zip(_NAMED_COLUMNS, row, strict=True)) for row in reversed(rows)]

    def _execute(self, sql: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        return self._database.execute(sql, parameters).fetchall()

    def close(self) -> None:
        self._database.close()


_BODIES = f"""SELECT id, body FROM outcomes WHERE kind = 'finding'
AND id IN (SELECT value FROM json_each($ids)) AND {visibility.VISIBLE}"""
MOST_NAMED = 2000
_NAMED = ("who = $own", "vulnerability = $name", "package = $name", "source_ip = $address", "target = $name")
"""By index."""
_SCANNED = (
    "job = 'mail' AND instr(lower(recipients), $own) > 0",
    "job = 'vulns' AND (advisory = $name OR (purl >= $name AND substr(purl, 1, length($name)) = $name))",
    "job = 'logs' AND (substr(host, 1, length($short)) = $short)",
    "job = 'vulns' AND substr(target, 1, length($short)) = $short",
)
"""By all rows of a job, for names that need not be those of a catalogue."""
_NAMED_COLUMNS = (
    "id",
    "job",
    "record_id",
    "verdict",
    "label",
    "score",
    "summary",
    "source",
    "seen",
    "time",
    "vulnerability",
    "advisory",
    "package",
    "purl",
    "target",
    "sender",
    "recipients",
    "subject",
    "entity",
    "source_ip",
    "host",
    "state",
    "assignee",
)
_NAMING = f"""SELECT {", ".join(f"outcomes.{name}" for name in _NAMED_COLUMNS[:-2])}, {_STATE}, {_ASSIGNEE}
FROM facts AS outcomes WHERE {visibility.VISIBLE} AND outcomes.place IN ({{places}})
ORDER BY coalesce(outcomes.time, outcomes.seen) DESC, outcomes.place DESC LIMIT {MOST_NAMED}"""


def names(row: Mapping[str, Any], entity: str) -> bool:
    """Whether a finding's columns name exactly this."""
    same = fold(entity)
    if any(
        row[name] and fold(row[name]) == same for name in ("vulnerability", "advisory", "package", "target")
    ):
        return True
    if is_identifier(entity):
        return False
    users = [row["entity"], row["sender"], *(row["recipients"] or "").split(", ")]
    hosts = (row["host"], row["target"], row["source_ip"], row["entity"])
    return (
        any(one and same_user(one, entity) for one in users)
        or any(one and same_host(one, entity) for one in hosts)
        or bool(row["purl"] and same_purl(row["purl"], entity))
    )


_TABLES = frozenset(
    {"facts", "outcomes", "job_groups", "finding_groups", "audiences", "current", "json_each"}
)
_FUNCTIONS = frozenset({"coalesce", "count", "instr", "length", "lower", "min", "replace", "rtrim", "substr"})


def _allowed(action: int, first: str | None, second: str | None, base: str | None, _: str | None) -> int:
    """For sqlite3.set_authorizer: https://www.sqlite.org/c3ref/c_alter_table.html lists the arguments."""
    del base
    if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_TRANSACTION):
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_READ and (not first or first in _TABLES):
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and second in _FUNCTIONS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _uri(path: Path) -> str:
    return f"{path.absolute().as_uri()}?mode=ro"


def _is_there(path: Path | None) -> bool:
    return path is not None and path.is_file()


def _typed(row: Sequence[Any], kinds: Sequence[Kind]) -> tuple[Any, ...]:
    """SQLite has no true and false."""
    return tuple(
        bool(value) if place < len(kinds) and kinds[place] is Kind.BOOLEAN and value is not None else value
        for place, value in enumerate(row)
    )
