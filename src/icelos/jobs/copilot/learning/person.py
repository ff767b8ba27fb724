"""Everything that is kept about one person: to see, to export, to delete.

Their answers, feedback, profile, saved questions and notes, where their shift ended, and their votes in what
groups have learned. Deleting takes their votes out of every version at once; how much the others' votes are
trusted is reckoned anew at the next learning.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import msgspec

from icelos.contracts import Principal, Right
from icelos.errors import InputError
from icelos.jobs.copilot.history import History, key
from icelos.jobs.copilot.learning import profile, questions, versions
from icelos.jobs.copilot.learning.feedback import read
from icelos.jobs.copilot.learning.notes import author_tag
from icelos.jobs.copilot.learning.priors import Taught, without
from icelos.knowledge.store import KnowledgeStore


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """How much there is about a person."""

    person: str
    profile: profile.Profile
    answers: int
    conversations: int
    feedback: int
    questions: int
    notes: int
    votes: int
    shift_ended: str


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """What went. `versions` had votes of theirs; `told` says what that means for what was learned."""

    person: str
    answers: int
    feedback: int
    questions: int
    notes: int
    versions: int
    told: str


def of(name: str, principal: Principal) -> str:
    """Whose things are meant: one's own ("" or one's name), for an admin anyone's. Raises InputError."""
    if name in ("", principal.name):
        return principal.name
    if Right.ADMIN in principal.rights:
        return name
    raise InputError("what is kept about others is for them and for admins")


def summary(history: History, store: KnowledgeStore, name: str, *, principal: Principal) -> Summary:
    """Counts of everything. Raises InputError, StoreError."""
    person = of(name, principal)
    with history.opened() as database:
        mine, values = _answers_of(person, principal)
        counts = f"SELECT count(*), count(DISTINCT conversation) FROM answers WHERE {mine}"  # noqa: S608 - our own words
        answers, conversations = database.execute(counts, values).fetchone()
        row = database.execute("SELECT ended FROM shifts WHERE person = ?", (person,)).fetchone()
        return Summary(
            person=person, profile=profile.load(database, person), answers=answers,
            conversations=conversations, feedback=len(read(database, *_log_of(person, principal))),
            questions=len(questions.listed(database, person)), notes=len(store.tagged(author_tag(person))),
            votes=sum(_votes_of(taught, person) for taught in _versions(database)),
            shift_ended=row[0] if row else "",
        )  # fmt: skip


def exported(
    history: History, store: KnowledgeStore, name: str, *, principal: Principal
) -> Iterator[dict[str, Any]]:
    """Everything, one object a line: {"answer": …}, {"feedback": …} … Raises InputError, StoreError."""
    person = of(name, principal)
    with history.opened() as database:
        mine, values = _answers_of(person, principal)
        yield {"profile": profile.load(database, person), "person": person}
        query = f"SELECT asked, resolved, answer FROM answers WHERE {mine} ORDER BY asked, rowid"  # noqa: S608 - our own words
        for asked, resolved, answer in database.execute(query, values):
            yield {"answer": msgspec.Raw(answer), "asked": asked, "resolved": resolved}
        for one in read(database, *_log_of(person, principal)):
            yield {"feedback": one}
        for saved in questions.listed(database, person):
            yield {"question": saved, "answer": questions.last(database, person, saved.name)[2]}
        for row in database.execute("SELECT ended FROM shifts WHERE person = ?", (person,)):
            yield {"shift": {"ended": row[0]}}
        for group, seen in database.execute("SELECT name, seen FROM members WHERE person = ?", (person,)):
            yield {"member": {"group": group, "seen": seen}}
        for taught in _versions(database):
            if votes := _votes_of(taught, person):
                yield {"learned": {"scope": taught.scope, "votes": votes}}
    for note in store.tagged(author_tag(person)):
        yield {"note": note, "document": store.whole(note)}


def delete(
    history: History, store: KnowledgeStore, name: str, *, principal: Principal, keep_notes: bool = False
) -> Deleted:
    """Delete everything about a person, in one step but for their notes. Raises InputError, StoreError."""
    person = of(name, principal)
    notes = [] if keep_notes else store.tagged(author_tag(person))
    with history.opened() as database:
        answers = _delete(database, "answers", *_answers_of(person, principal))
        given = _delete(database, "log", *_log_of(person, principal))
        saved = _delete(database, "questions", "person = ?", (person,))
        for table in ("profiles", "shifts", "members"):
            _delete(database, table, "person = ?", (person,))
        touched = versions.rewrite(database, lambda taught: without(taught, person))
    removed = store.delete(notes)
    return Deleted(
        person=person, answers=answers, feedback=given, questions=saved, notes=removed, versions=touched,
        told=_told(touched),
    )  # fmt: skip


def _told(touched: int) -> str:
    if not touched:
        return "None of your votes was in what groups have learned."
    count = f"{touched} version{'s' if touched > 1 else ''}"
    return (
        f"Your votes are out of {count} of what groups have learned, and move no answer from now on;"
        " what remains is weighed anew at the next learning."
    )


def _delete(database: sqlite3.Connection, table: str, where: str, values: tuple[str, ...]) -> int:
    return database.execute(f"DELETE FROM {table} WHERE {where}", values).rowcount  # noqa: S608 - our own words


def _answers_of(person: str, principal: Principal) -> tuple[str, tuple[str, ...]]:
    """Answers by name; older ones, which name nobody, by the key of who asks now."""
    own = key(principal) if person == principal.name else ""
    return "(person = ? OR (person = '' AND principal = ?))", (person, own)


def _log_of(person: str, principal: Principal) -> tuple[str, tuple[str, ...]]:
    return _answers_of(person, principal)


def _versions(database: sqlite3.Connection) -> Iterator[Taught]:
    for (body,) in database.execute("SELECT body FROM priors ORDER BY version"):
        yield msgspec.msgpack.decode(body, type=Taught)


def _votes_of(taught: Taught, person: str) -> int:
    if person not in taught.voters:
        return 0
    number = taught.voters.index(person)
    return sum(row[2] == number for row in taught.votes)
