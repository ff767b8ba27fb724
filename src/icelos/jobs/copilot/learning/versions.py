"""Versions of what was learned, kept beside the log: candidates, and what is or was in force for a scope.

A scope is a group ("group:soc"), or one person who asks without one ("person:ann"). Of a scope's promoted
versions the newest is in force; a rollback withdraws it, and the one before is in force again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

import msgspec

from icelos.contracts import Principal
from icelos.jobs.copilot.learning.priors import Taught

State = Literal["candidate", "promoted", "withdrawn"]
KEPT = 10
"""Versions of one scope that are kept, and never fewer than what is in force."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an offline replay showed: nDCG@10 of later feedback without and with what was learned before it.

    `low` is the lower end of the interval of the difference; `guard_before`, `guard_after` are of questions
    that have nothing to do with feedback. `why` says in words why it was promoted, or not.
    """

    votes: int = 0
    people: int = 0
    cases: int = 0
    before: float = 0.0
    after: float = 0.0
    low: float = 0.0
    guard_cases: int = 0
    guard_before: float = 0.0
    guard_after: float = 0.0
    why: str = ""


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version without its body; `learned_to` is the last line of the log that it knows."""

    version: int
    scope: str
    state: State
    made: datetime
    learned_to: int
    report: Report


def scopes(principal: Principal) -> list[str]:
    """Whose votes count for a principal: those of their groups, or their own where they are in none."""
    if principal.groups:
        return [f"group:{name}" for name in sorted(principal.groups)]
    return [f"person:{principal.name}"]


def principal_of(scope: str) -> Principal:
    """Somebody who may read what everyone in a scope may: for replays."""
    kind, _, name = scope.partition(":")
    return Principal("learning", frozenset({name})) if kind == "group" else Principal(name)


def keep(database: sqlite3.Connection, taught: Taught, state: State, learned_to: int, report: Report) -> int:
    """Write a version; its number. Inside a transaction."""
    made = datetime.now(UTC).isoformat(timespec="microseconds")
    number = database.execute(
        "INSERT INTO priors (scope, state, made, learned_to, report, body) VALUES (?, ?, ?, ?, ?, ?)",
        (
            taught.scope, state, made, learned_to, msgspec.json.encode(report).decode(),
            msgspec.msgpack.encode(taught),
        ),
    ).lastrowid  # fmt: skip
    database.execute(
        "DELETE FROM priors WHERE scope = ?1 AND version NOT IN"
        " (SELECT version FROM priors WHERE scope = ?1 ORDER BY version DESC LIMIT ?2)"
        " AND version NOT IN (SELECT version FROM priors WHERE scope = ?1 AND state = 'promoted'"
        " ORDER BY version DESC LIMIT 2)",
        (taught.scope, KEPT),
    )
    changed(database)
    return int(number or 0)


def listed(database: sqlite3.Connection) -> list[Version]:
    """Every version, the newest first."""
    rows = database.execute(
        "SELECT version, scope, state, made, learned_to, report FROM priors ORDER BY version DESC"
    )
    return [
        Version(
            version=version, scope=scope, state=state, made=datetime.fromisoformat(made), learned_to=to,
            report=msgspec.json.decode(report, type=Report),
        )
        for version, scope, state, made, to, report in rows
    ]  # fmt: skip


def in_force(database: sqlite3.Connection, scope: str) -> Taught | None:
    """What is in force for a scope."""
    row = database.execute(
        "SELECT body FROM priors WHERE scope = ? AND state = 'promoted' ORDER BY version DESC LIMIT 1",
        (scope,),
    ).fetchone()
    return msgspec.msgpack.decode(row[0], type=Taught) if row else None


def newest(database: sqlite3.Connection, scope: str) -> Taught | None:
    """The newest version of a scope in any state: its vectors need not be made again."""
    row = database.execute(
        "SELECT body FROM priors WHERE scope = ? ORDER BY version DESC LIMIT 1", (scope,)
    ).fetchone()
    return msgspec.msgpack.decode(row[0], type=Taught) if row else None


def learned_to(database: sqlite3.Connection, scope: str) -> int:
    """The last line of the log that a scope's newest version knows."""
    query = "SELECT coalesce(max(learned_to), 0) FROM priors WHERE scope = ?"
    return int(database.execute(query, (scope,)).fetchone()[0])


def withdraw(database: sqlite3.Connection, scope: str) -> int:
    """Take what is in force for a scope out of force; its number, or 0. Inside a transaction."""
    row = database.execute(
        "SELECT version FROM priors WHERE scope = ? AND state = 'promoted' ORDER BY version DESC LIMIT 1",
        (scope,),
    ).fetchone()
    if row is None:
        return 0
    database.execute("UPDATE priors SET state = 'withdrawn' WHERE version = ?", row)
    changed(database)
    return int(row[0])


def rewrite(database: sqlite3.Connection, change: Callable[[Taught], Taught]) -> int:
    """Change the bodies of all versions; how many did change. Inside a transaction."""
    count = 0
    for version, body in database.execute("SELECT version, body FROM priors").fetchall():
        old = msgspec.msgpack.decode(body, type=Taught)
        new = change(old)
        if new is not old:
            body = msgspec.msgpack.encode(new)
            database.execute("UPDATE priors SET body = ? WHERE version = ?", (body, version))
            count += 1
    if count:
        changed(database)
    return count


def changed(database: sqlite3.Connection) -> None:
    """Readers hold an older state."""
    database.execute("UPDATE generations SET value = value + 1 WHERE name = 'priors'")


def generation(database: sqlite3.Connection) -> int:
    """Counts the changes of what is in force."""
    row = database.execute("SELECT value FROM generations WHERE name = 'priors'").fetchone()
    return int(row[0])
