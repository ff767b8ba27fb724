"""One source on its way into the advisory database, inside of an open transaction."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import msgspec

from icelos.data.advisories import advisory_failure
from icelos.data.advisory_schema import pack, unpack
from icelos.data.parse.intelligence import Facts, joined
from icelos.data.parse.osv_advisories import Advisory
from icelos.errors import InputError

Item = Advisory | Facts | InputError
KEPT_FAILURES = 1000
"""Most failures of one source that are kept; the rest is counted."""


class SourceState(msgspec.Struct, frozen=True, kw_only=True):
    """What is in force of one source; `digest` is that of the file it came from, `filled` a time in UTC."""

    name: str
    digest: str
    filled: str
    advisories: int
    facts: int
    failures: int


class Filling:
    """One source on its way into an open transaction."""

    def __init__(self, database: sqlite3.Connection, name: str) -> None:
        self._database, self._name = database, name
        database.execute("INSERT INTO source (name) VALUES (?)", (name,))
        self._source = database.execute("SELECT number FROM source WHERE name=?", (name,)).fetchone()[0]
        (self._next,) = database.execute("SELECT coalesce(max(number), 0) + 1 FROM advisory").fetchone()
        self._releases: set[tuple[str, str]] = set()
        self._advisories = self._facts = self._good = self._bad = 0
        self._reason = ""

    def add(self, item: Item) -> None:
        """One more of it."""
        if isinstance(item, InputError):
            self._fail(item)
            return
        self._good += 1
        if isinstance(item, Advisory) and not item.withdrawn:
            self._add_advisory(item)
        elif isinstance(item, Facts):
            self._add_facts(item)

    def _add_advisory(self, advisory: Advisory) -> None:
        number, self._next = self._next, self._next + 1
        self._advisories += 1
        head = msgspec.structs.replace(advisory, affected=())
        self._database.execute("INSERT INTO advisory VALUES (?,?,?)", (number, self._source, pack(head)))
        rows = [
            (found.ecosystem, found.name, number, position, found.release, pack(found))
            for position, found in enumerate(advisory.affected)
        ]
        self._database.executemany("INSERT INTO statement VALUES (?,?,?,?,?,?)", rows)
        self._releases.update((found.ecosystem, found.release) for found in advisory.affected)
        if advisory.vectors or advisory.rating or advisory.weaknesses:
            names = dict.fromkeys((*advisory.names, *(advisory.cves if len(advisory.cves) == 1 else ())))
            for name in names:
                self._add_facts(Facts(
                    name=name, vectors=advisory.vectors, rating=advisory.rating,
                    weaknesses=advisory.weaknesses,
                ))  # fmt: skip

    def _add_facts(self, facts: Facts) -> None:
        if facts == Facts(name=facts.name):  # nothing is said
            return
        key = (facts.name, self._source)
        done = self._database.execute("INSERT OR IGNORE INTO facts VALUES (?,?,?)", (*key, pack(facts)))
        if done.rowcount:
            self._facts += 1
            return
        (before,) = self._database.execute(
            "SELECT content FROM facts WHERE name=? AND source=?", key
        ).fetchone()
        both = pack(joined(unpack(before, Facts), facts))
        self._database.execute("UPDATE facts SET content=? WHERE name=? AND source=?", (both, *key))

    def _fail(self, error: InputError) -> None:
        self._bad += 1
        self._reason = self._reason or str(error)
        if self._bad <= KEPT_FAILURES:
            found = advisory_failure(error, self._name)
            row = (self._source, found.record_id, found.error, found.source)
            self._database.execute("INSERT OR REPLACE INTO failure VALUES (?,?,?,?)", row)

    def done(self, digest: str) -> SourceState:
        """The state, written down. Raises InputError where the source is not what it should be."""
        if self._good <= self._bad:
            raise InputError(
                f"what was fetched cannot be read: {self._reason or 'nothing in it'}",
                source=self._name,
                hint="the old data stays in force",
            )
        self._database.executemany(
            "INSERT INTO release VALUES (?,?,?)", [(self._source, e, r) for e, r in sorted(self._releases)]
        )
        state = SourceState(
            name=self._name, digest=digest, filled=datetime.now(UTC).isoformat(timespec="seconds"),
            advisories=self._advisories, facts=self._facts, failures=self._bad,
        )  # fmt: skip
        self._database.execute(
            "UPDATE source SET digest=?, filled=?, advisories=?, facts=?, failures=? WHERE number=?",
            (state.digest, state.filled, state.advisories, state.facts, state.failures, self._source),
        )
        return state
