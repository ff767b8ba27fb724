"""Conversations, answers and feedback in one SQLite file, keyed by who asked.

Everything is read and written for one principal: nobody sees another's. Feedback is append-only.
Knows nothing of how answers are made.
"""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from icelos.contracts import Principal
from icelos.errors import InputError, StoreError
from icelos.jobs.copilot.answers import Answer
from icelos.records import record_id

Thumb = Literal["up", "down"]

_TABLES = """
CREATE TABLE IF NOT EXISTS answers (
  answer_id TEXT PRIMARY KEY, conversation TEXT NOT NULL, principal TEXT NOT NULL,
  asked TEXT NOT NULL, question TEXT NOT NULL, resolved TEXT NOT NULL, answer BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS answers_by_conversation ON answers (principal, conversation, asked);
CREATE TABLE IF NOT EXISTS feedback (
  number INTEGER PRIMARY KEY AUTOINCREMENT, answer_id TEXT NOT NULL, principal TEXT NOT NULL,
  given TEXT NOT NULL, thumb TEXT NOT NULL
) STRICT;
"""


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


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    """One thumb, as given."""

    answer_id: str
    thumb: Thumb
    given: datetime


class History:
    """What was asked and answered. One connection a call: safe to use from many threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._open() as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.executescript(_TABLES)
        path.chmod(0o600)
        # While one connection is open, closing another one does not empty and delete the write-ahead log.
        held = sqlite3.connect(path, check_same_thread=False)
        held.execute("SELECT count(*) FROM sqlite_master").fetchone()
        weakref.finalize(self, held.close)

    def add(self, answer: Answer, *, resolved: str, principal: Principal) -> None:
        """Keep one answer, under its conversation and id. Raises StoreError."""
        row = (
            answer.answer_id, answer.conversation, key(principal), _now(), answer.question, resolved,
            msgspec.json.encode(answer),
        )  # fmt: skip
        with self._open() as database:
            database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def turns(self, conversation: str, *, principal: Principal, last: int = 0) -> list[Turn]:
        """The turns of a conversation in order; with `last`, only so many of the latest."""
        with self._open() as database:
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
        with self._open() as database:
            rows = database.execute(query, (key(principal), limit)).fetchall()
        return [
            Conversation(conversation=name, title=title, turns=turns, last=datetime.fromisoformat(last))
            for name, turns, last, title in rows
        ]

    def answer(self, answer_id: str, *, principal: Principal) -> Answer | None:
        """One answer that this principal was given."""
        with self._open() as database:
            row = database.execute(
                "SELECT answer FROM answers WHERE answer_id = ? AND principal = ?",
                (answer_id, key(principal)),
            ).fetchone()
        return msgspec.json.decode(row[0], type=Answer) if row else None

    def feedback(self, answer_id: str, thumb: Thumb, *, principal: Principal) -> None:
        """Append a thumb. Raises InputError for another thumb or an answer that is not the principal's."""
        if thumb not in ("up", "down"):
            raise InputError(f"no such thumb: {thumb!r}", hint="up or down")
        if self.answer(answer_id, principal=principal) is None:
            raise InputError(f"no answer {answer_id!r}", hint="`answer_id` stands in the answer")
        with self._open() as database:
            database.execute(
                "INSERT INTO feedback (answer_id, principal, given, thumb) VALUES (?, ?, ?, ?)",
                (answer_id, key(principal), _now(), thumb),
            )

    def given(self, *, principal: Principal) -> list[Feedback]:
        """Every thumb of this principal, in the order given; the last one for an answer counts."""
        query = "SELECT answer_id, thumb, given FROM feedback WHERE principal = ? ORDER BY number"
        with self._open() as database:
            rows = database.execute(query, (key(principal),)).fetchall()
        return [Feedback(answer_id=a, thumb=t, given=datetime.fromisoformat(g)) for a, t, g in rows]

    def forget(self, conversation: str = "", *, principal: Principal) -> int:
        """Delete one conversation, or with "" all of this principal's; how many answers went.

        Feedback stays: it names an answer by its id and holds no text.
        """
        scope = " AND conversation = ?" if conversation else ""
        values = (key(principal), conversation) if conversation else (key(principal),)
        with self._open() as database:
            return database.execute(f"DELETE FROM answers WHERE principal = ?{scope}", values).rowcount  # noqa: S608 - our own words

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
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
