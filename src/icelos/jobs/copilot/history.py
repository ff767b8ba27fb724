"""Conversations, answers and feedback in one SQLite file, keyed by who asked.

Everything is read and written for one principal: nobody sees another's. Feedback is append-only.
Knows nothing of how answers are made, or of what is learned from the log.
"""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from icelos.contracts import Principal
from icelos.errors import AbsentError, StoreError
from icelos.jobs.copilot.answers import Answer
from icelos.jobs.copilot.learning import tables
from icelos.jobs.copilot.learning.feedback import Feedback, append, made, read
from icelos.records import record_id


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One question with its answer. `resolved` is the question with what it referred to filled in."""

    question: str
    resolved: str
    answer: Answer
    asked: datetime


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list of conversations: its first question, its size, its last use."""

    conversation: str
    title: str
    turns: int
    last: datetime


class History:
    """What was asked and answered. One connection a call: safe to use from many threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self.opened() as database:
            database.execute("PRAGMA journal_mode = WAL")
            tables.prepare(database)
        path.chmod(0o600)
        # While one connection is open, closing another one does not empty and delete the write-ahead log.
        held = sqlite3.connect(path, check_same_thread=False)
        held.execute("SELECT count(*) FROM sqlite_master").fetchone()
        weakref.finalize(self, held.close)

    def add(self, answer: Answer, *, resolved: str, principal: Principal) -> None:
        """Keep one answer, under its conversation and id. Raises StoreError."""
        row = (
            answer.answer_id, answer.conversation, key(principal), _now(), answer.question, resolved,
            msgspec.json.encode(answer), principal.name,
        )  # fmt: skip
        seen = [(name, principal.name, row[3]) for name in sorted(principal.groups)]
        with self.opened() as database:
            database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            database.executemany("INSERT OR REPLACE INTO members VALUES (?, ?, ?)", seen)

    def turns(self, conversation: str, *, principal: Principal, last: int = 0) -> list[Turn]:
        """The turns of a conversation in order; with `last`, only so many of the latest."""
        with self.opened() as database:
            rows = database.execute(
                "SELECT question, resolved, answer, asked FROM answers WHERE principal = ? AND"
                " conversation = ? ORDER BY asked DESC, rowid DESC LIMIT ?",
                (key(principal), conversation, last or -1),
            ).fetchall()
        return [
            Turn(
                question=question,
                resolved=resolved,
                answer=msgspec.json.decode(answer, type=Answer),
                asked=datetime.fromisoformat(asked),
            )
            for question, resolved, answer, asked in reversed(rows)
        ]

    def conversations(self, *, principal: Principal, limit: int = 100) -> list[Conversation]:
        """The principal's conversations, the latest first."""
        query = (
            "SELECT a.conversation, a.turns, a.last, (SELECT question FROM answers b WHERE"
            " b.conversation = a.conversation AND b.principal = ?1 ORDER BY asked, rowid LIMIT 1)"
            " FROM (SELECT conversation, count(*) AS turns, max(asked) AS last FROM answers"
            " WHERE principal = ?1 GROUP BY conversation ORDER BY last DESC LIMIT ?2) a ORDER BY a.last DESC"
        )
        with self.opened() as database:
            rows = database.execute(query, (key(principal), limit)).fetchall()
        return [
            Conversation(conversation=name, title=title, turns=turns, last=datetime.fromisoformat(last))
            for name, turns, last, title in rows
        ]

    def answer(self, answer_id: str, *, principal: Principal) -> Answer | None:
        """One answer that this principal was given."""
        with self.opened() as database:
            row = database.execute(
                "SELECT answer FROM answers WHERE answer_id = ? AND principal = ?",
                (answer_id, key(principal)),
            ).fetchone()
        return msgspec.json.decode(row[0], type=Answer) if row else None

    def feedback(
        self, answer_id: str, kind: str, *, principal: Principal, citation: str = "", correction: str = ""
    ) -> None:
        """Append what somebody says of an answer that they were given, or of one of its sources.

        `kind` is one of `feedback.Kind`; `citation` a handle or chunk of the answer; `correction` what it
        should have said. Raises InputError for what does not fit, or an answer that is not the principal's.
        """
        with self.opened() as database:
            row = database.execute(
                "SELECT answer, resolved FROM answers WHERE answer_id = ? AND principal = ?",
                (answer_id, key(principal)),
            ).fetchone()
            if row is None:
                raise AbsentError(f"no answer {answer_id[:60]!r}", hint="`answer_id` stands in the answer")
            answer = msgspec.json.decode(row[0], type=Answer)
            one = made(answer, row[1], kind, principal=principal, citation=citation, correction=correction)
            append(database, one, principal=key(principal))

    def given(self, *, principal: Principal) -> list[Feedback]:
        """Every thumb for a whole answer of this principal, in the order given; the last one counts."""
        with self.opened() as database:
            where = "principal = ? AND kind IN ('up', 'down') AND chunk_id = ''"
            return read(database, where, (key(principal),))

    def forget(self, conversation: str = "", *, principal: Principal) -> int:
        """Delete one conversation, or with "" all of this principal's; how many answers went.

        Feedback on them stays, with the question that it was given for, until everything about the person is
        deleted (`learning.person`).
        """
        scope = " AND conversation = ?" if conversation else ""
        values = (key(principal), conversation) if conversation else (key(principal),)
        with self.opened() as database:
            return database.execute(f"DELETE FROM answers WHERE principal = ?{scope}", values).rowcount  # noqa: S608 - our own words

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """The file, for one transaction. Raises StoreError."""
        try:
            with closing(sqlite3.connect(self.path, timeout=30)) as database, database:
                yield database
        except sqlite3.Error as error:
            raise StoreError(f"cannot use the history: {error}", source=str(self.path)) from error


def key(principal: Principal) -> str:
    """What history is kept under: the name and the groups, so that lost access also loses old answers."""
    return record_id(principal.name, *sorted(principal.groups))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
