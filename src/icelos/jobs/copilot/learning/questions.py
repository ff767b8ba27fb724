"""Saved questions: asked again by name, and what has changed in their answers since the last time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from icelos.errors import AbsentError, InputError
from icelos.jobs.copilot.answers import Answer, Status

MOST = 100
"""Saved questions of one person."""
LONGEST = 4000
LONGEST_NAME = 60

Ask = Callable[[str], Answer]


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """A question with the time of its last answer and that answer's status."""

    name: str
    question: str
    saved: datetime
    ran: datetime
    status: Status


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What is different from the answer before: sentences that came and went, sources in a new version.

    `sources` are ids of documents that are cited now in another version than before, or were not.
    """

    name: str
    question: str
    before: datetime
    changed: bool
    status_before: Status
    added: tuple[str, ...]
    gone: tuple[str, ...]
    sources: tuple[str, ...]
    answer: Answer


def save(database: sqlite3.Connection, person: str, name: str, question: str, answer: Answer) -> None:
    """Keep a question with its answer of now. Inside a transaction. Raises InputError."""
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise InputError("a saved question needs a short name", hint="such as 'kev this week'")
    if not any(c.isalnum() for c in question) or len(question) > LONGEST:
        raise InputError("the question is empty or too long")
    count = database.execute("SELECT count(*) FROM questions WHERE person = ?", (person,)).fetchone()[0]
    if count >= MOST:
        raise InputError(f"{MOST} questions are saved already", hint="remove one first")
    now = _now()
    try:
        database.execute(
            "INSERT INTO questions VALUES (?, ?, ?, ?, ?, ?)",
            (person, name, now, question, now, msgspec.json.encode(answer)),
        )
    except sqlite3.IntegrityError:
        raise InputError(f"a question {name!r} is saved already", hint="remove it first") from None


def listed(database: sqlite3.Connection, person: str) -> list[Saved]:
    """The saved questions of a person, by name."""
    rows = database.execute(
        "SELECT name, question, saved, ran, answer FROM questions WHERE person = ? ORDER BY name", (person,)
    )
    return [
        Saved(
            name=name, question=question, saved=datetime.fromisoformat(saved),
            ran=datetime.fromisoformat(ran), status=msgspec.json.decode(answer, type=Answer).status,
        )
        for name, question, saved, ran, answer in rows
    ]  # fmt: skip


def remove(database: sqlite3.Connection, person: str, name: str) -> None:
    """Forget a question. Inside a transaction. Raises InputError where there is none of this name."""
    row = database.execute("DELETE FROM questions WHERE person = ? AND name = ?", (person, name))
    if row.rowcount == 0:
        raise _unknown(name)


def last(database: sqlite3.Connection, person: str, name: str) -> tuple[str, datetime, Answer]:
    """A question, when it was last answered, and how. Raises InputError where there is none of this name."""
    row = database.execute(
        "SELECT question, ran, answer FROM questions WHERE person = ? AND name = ?", (person, name)
    ).fetchone()
    if row is None:
        raise _unknown(name)
    return row[0], datetime.fromisoformat(row[1]), msgspec.json.decode(row[2], type=Answer)


def keep(database: sqlite3.Connection, person: str, name: str, answer: Answer) -> None:
    """The answer of now is what the next one is compared with. Inside a transaction."""
    database.execute(
        "UPDATE questions SET ran = ?, answer = ? WHERE person = ? AND name = ?",
        (_now(), msgspec.json.encode(answer), person, name),
    )


def compared(name: str, before: datetime, old: Answer, new: Answer) -> Difference:
    """What is different between two answers to one question; their handles differ anyway."""
    was, now = ([s.text for s in one.sentences] for one in (old, new))
    cited = {(c.document_id, c.version) for c in old.citations}
    sources = dict.fromkeys(c.document_id for c in new.citations if (c.document_id, c.version) not in cited)
    added = tuple(text for text in now if text not in was)
    gone = tuple(text for text in was if text not in now)
    changed = bool(added or gone or sources) or old.status is not new.status
    return Difference(
        name=name, question=new.question, before=before, changed=changed, status_before=old.status,
        added=added, gone=gone, sources=tuple(sources), answer=new,
    )  # fmt: skip


def _unknown(name: str) -> InputError:
    return AbsentError(f"no saved question {name[:60]!r}", hint="`icelos questions list` shows them")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
