"""Questions over the findings of all jobs, as one principal may see them, within time and rows.

A principal's groups are part of every query: see `data.visibility`.
"""

from __future__ import annotations

import contextlib
import json
import queue
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from icelos.contracts import Principal
from icelos.data import visibility
from icelos.data.query import facts
from icelos.data.query.compiling import SQLITE, Place, compiled
from icelos.data.query.connections import Reading, Rights, is_interrupted, is_there, uri_of
from icelos.data.query.identity import (
    address,
    fold,
    is_identifier,
    own_part,
    same_host,
    same_purl,
    same_user,
)
from icelos.data.query.language import Kind, Query, parsed
from icelos.data.query.views import ASSIGNEE, JOBS, STATE, VIEWS
from icelos.errors import StoreError
from icelos.findings import Finding

SECONDS = 10.0
"""A question that takes longer is given up."""


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
        self._idle: queue.LifoQueue[Reading] = queue.LifoQueue()
        self._lock = threading.Lock()
        self._prepared = False

    def ask(self, arguments: Mapping[str, Any], *, principal: Principal) -> Answer:
        """Answer a question from JSON. Raises InputError for one that cannot be asked, or takes too long;
        StoreError for a store that cannot be read, or without a principal."""
        return self.answer(parsed(arguments, VIEWS), principal=principal)

    def answer(self, asked: Query, *, principal: Principal) -> Answer:
        """The same for a question that has been checked."""
        columns = tuple(field.name for field in asked.fields) + (("count",) if asked.counts else ())
        kinds = [field.kind for field in asked.fields]
        with self._reading(principal) as (store, rights):
            if store is None:
                return Answer(columns, [(0,)] if columns == ("count",) else [], 0)
            rows, total = _run(store, asked, rights)
        return Answer(columns, [_typed(row, kinds) for row in rows], total)

    def whole(self, asked: Query, *, principal: Principal) -> list[Finding]:
        """The findings themselves that a question for rows finds, in its order. Raises as `answer`."""
        with self._reading(principal) as (store, rights):
            if store is None:
                return []
            rows, _ = _run(store, asked, rights)
            place = [field.name for field in asked.fields].index("id")
            ids = [row[place] for row in rows]
            bodies: dict[str, bytes] = dict(store.rows(_BODIES, {"ids": json.dumps(ids)}))
        return [msgspec.json.decode(bodies[one], type=Finding) for one in ids if one in bodies]

    def naming(self, entity: str, *, principal: Principal) -> list[Mapping[str, Any]]:
        """Findings of all jobs that name a user, host, address, package or vulnerability, by their columns.

        In the order of their times, at most `MOST_NAMED`, the newest of more. Raises as `answer`.
        """
        with self._reading(principal) as (store, rights):
            if store is None:
                return []
            rows = _near(store, entity, rights)
        return [row for row in rows if names(row, entity)]

    def close(self) -> None:
        """Close the connections that are idle; the others are closed when they are given back."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    @contextlib.contextmanager
    def _reading(self, principal: Principal) -> Iterator[tuple[Reading | None, Rights]]:
        """A connection, and what the principal may see; None where there is no store yet."""
        if not self.path.is_file():
            visibility.parameters(principal)
            yield None, Rights("false", {})
            return
        try:
            store = self._connection()
            try:
                with store.as_seen_by(principal, self.seconds) as rights:
                    yield store, rights
            except BaseException:
                store.close()
                raise
            self._idle.put(store)
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise StoreError(f"cannot read findings: {error}", source=str(self.path)) from error

    def _connection(self) -> Reading:
        self._prepare()
        while True:
            try:
                store = self._idle.get_nowait()
            except queue.Empty:
                return Reading(self.path, self._casework)
            if store.has_casework == is_there(self._casework):
                return store
            store.close()

    def _prepare(self) -> None:
        """An older store gets its table of facts, as it does wherever it is opened to be written."""
        with self._lock:
            if self._prepared:
                return
            from icelos.data.sinks import SqliteSink

            with contextlib.closing(sqlite3.connect(uri_of(self.path), uri=True)) as database:
                self._prepared = facts.is_current(database)
            if not self._prepared:
                SqliteSink(self.path).close()
                self._prepared = True


def _run(store: Reading, asked: Query, rights: Rights) -> tuple[list[tuple[Any, ...]], int | None]:
    """The rows, and how many there are in all; None where there is no time left to count them."""
    job = JOBS.get(asked.view.name)
    condition = f"outcomes.job = $view_job AND {rights.condition}" if job else rights.condition
    parameters = rights.parameters | ({"view_job": job} if job else {})
    place = Place("facts AS outcomes", condition, "outcomes.place", "outcomes.place DESC", parameters)
    if asked.view.name == "failures":
        condition = f"outcomes.kind = 'failure' AND {rights.condition}"
        place = Place("outcomes", condition, "outcomes.rowid", "outcomes.rowid DESC", parameters)
    question = compiled(asked, place, SQLITE)
    rows = store.rows(question.rows, question.parameters)
    if len(rows) < asked.limit:
        return rows, len(rows)
    try:
        return rows, int(store.rows(question.total, question.parameters)[0][0])
    except sqlite3.OperationalError as error:
        if not is_interrupted(error):
            raise
        return rows, None


def _typed(row: Sequence[Any], kinds: Sequence[Kind]) -> tuple[Any, ...]:
    """SQLite has no true and false."""
    return tuple(
        bool(value) if place < len(kinds) and kinds[place] is Kind.BOOLEAN and value is not None else value
        for place, value in enumerate(row)
    )


def _near(store: Reading, entity: str, rights: Rights) -> list[dict[str, Any]]:
    """Rows that may name something; more than do."""
    values = {
        "name": entity.strip(), "own": own_part(entity), "short": entity.split(".")[0],
        "address": address(entity) or entity.strip(), **rights.parameters,
    }  # fmt: skip
    looked_up = [f"SELECT place FROM facts WHERE {one}" for one in _NAMED]
    scanned = (_BY_ADVISORY, *(() if is_identifier(entity) else _SCANNED))
    if not fold(entity).startswith("cve-"):  # findings go by their CVE where they have one
        looked_up.append(f"SELECT place FROM facts NOT INDEXED WHERE {' OR '.join(scanned)}")
    places = " UNION ".join(looked_up)
    rows = store.rows(_NAMING.format(rights=rights.condition, places=places), values)
    return [dict(zip(_NAMED_COLUMNS, row, strict=True)) for row in reversed(rows)]


_BODIES = """SELECT id, body FROM outcomes WHERE kind = 'finding'
AND id IN (SELECT value FROM json_each($ids))"""
"""Of ids that may be seen in this state of the store."""
MOST_NAMED = 2000
_NAMED = ("who = $own", "vulnerability = $name", "package = $name", "target = $name")
"""By index."""
_BY_ADVISORY = "job = 'vulns' AND advisory = $name"
_SCANNED = (
    "job = 'logs' AND source_ip = $address",
    "job = 'mail' AND instr(lower(recipients), $own) > 0",
    "job = 'vulns' AND substr(purl, 1, length($name)) = $name COLLATE NOCASE",
    "job = 'logs' AND (substr(host, 1, length($short)) = $short)",
    "job = 'vulns' AND substr(target, 1, length($short)) = $short",
)
"""By one pass over all rows, for names that need not be those of a catalogue."""
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
_NAMING = f"""SELECT {", ".join(f"outcomes.{name}" for name in _NAMED_COLUMNS[:-2])}, {STATE}, {ASSIGNEE}
FROM facts AS outcomes WHERE {{rights}} AND outcomes.place IN ({{places}})
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
