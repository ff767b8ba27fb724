"""The log of feedback: what people said of an answer or did with it, with all that learning needs of it.

Append-only: what was given is never changed, and goes only with everything about its person. A principal with
the right to write teaches; what others open or say is kept and does not.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from icelos.contracts import Principal, Right
from icelos.errors import InputError
from icelos.jobs.copilot.answers import Answer
from icelos.jobs.copilot.handles import HANDLE
from icelos.knowledge.identifiers import known_families

LONGEST_CORRECTION = 4000
"""Characters of a corrected answer."""
MOST_NAMED = 5
"""Identifiers of a correction that are taken as the right sources."""


class Kind(StrEnum):
    """UP, DOWN: of an answer, or of one of its sources. CORRECTED: how the answer should have been, in words.
    WRONG_CITATION: a source that does not carry what it is cited for. OPENED: a source was read."""

    UP = "up"
    DOWN = "down"
    CORRECTED = "corrected"
    WRONG_CITATION = "wrong_citation"
    OPENED = "opened"


THUMBS = (Kind.UP, Kind.DOWN)


class Passage(msgspec.Struct, frozen=True):
    """A source as it was shown: `rank` is its place in the list of sources, from 1."""

    document_id: str
    version: int
    chunk_id: str
    rank: int
    cited: bool


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log.

    `groups` are those of the asker at that time, and `teaches` whether they could write. `chunk_id` is the
    source that is meant, "" where the whole answer is; `named` are identifiers in a `correction`.
    """

    number: int
    person: str
    groups: tuple[str, ...]
    teaches: bool
    given: datetime
    kind: Kind
    answer_id: str
    query: str
    shown: tuple[Passage, ...]
    chunk_id: str = ""
    named: tuple[str, ...] = ()
    correction: str = ""

    @property
    def thumb(self) -> str:
        """The kind, where it is a thumb."""
        return self.kind.value if self.kind in THUMBS else ""


def shown(answer: Answer) -> tuple[Passage, ...]:
    """The passages of an answer in the order in which people see them, each once; else the nearest.

    Facts that tools found are none: nothing is learned of them.
    """
    passages = [citation for citation in answer.citations if citation.chunk_id]
    first = {citation.chunk_id: citation for citation in reversed(passages)}
    order = dict.fromkeys(citation.chunk_id for citation in passages)
    if order:
        cited = [first[chunk] for chunk in order]
        return tuple(
            Passage(c.document_id, c.version, c.chunk_id, rank, True) for rank, c in enumerate(cited, 1)
        )
    near = enumerate(answer.nearest, 1)
    return tuple(Passage(n.document_id, n.version, n.chunk_id, rank, False) for rank, n in near)


def made(
    answer: Answer, query: str, kind: str, *, principal: Principal, citation: str = "", correction: str = ""
) -> Feedback:
    """A line for the log. `citation` is a handle or a chunk of the answer.

    Raises InputError for another kind, a source that the answer does not have, or a correction without text.
    """
    try:
        what = Kind(kind)
    except ValueError:
        hint = ", ".join(Kind)
        raise InputError(f"no such feedback: {kind[:40]!r}", hint=f"one of: {hint}") from None
    chunk = _chunk(answer, citation) if citation else ""
    if what in (Kind.WRONG_CITATION, Kind.OPENED) and not chunk:
        raise InputError(f"{what} is about one source", hint="name its handle")
    correction = correction.strip()
    if (what is Kind.CORRECTED) != bool(correction):
        raise InputError("a corrected answer needs its text, and nothing else has one")
    if len(correction) > LONGEST_CORRECTION:
        raise InputError(f"a correction has at most {LONGEST_CORRECTION} characters")
    return Feedback(
        number=0, person=principal.name, groups=tuple(sorted(principal.groups)),
        teaches=Right.WRITE in principal.rights, given=datetime.now(UTC), kind=what,
        answer_id=answer.answer_id, query=query, shown=shown(answer), chunk_id=chunk,
        named=tuple(known_families(correction))[:MOST_NAMED], correction=correction,
    )  # fmt: skip


def _chunk(answer: Answer, citation: str) -> str:
    if HANDLE.fullmatch(citation):
        found = next((c.chunk_id or c.ref for c in answer.citations if c.handle == citation), "")
    else:
        known = {passage.chunk_id for passage in shown(answer)}
        found = citation if citation in known else ""
    if not found:
        raise InputError(f"the answer has no source {citation[:40]!r}", hint="a handle such as K7f2")
    return found


_COLUMNS = (
    "number, person, groups, teaches, given, kind, answer_id, query, shown, chunk_id, named, correction"
)


def append(database: sqlite3.Connection, one: Feedback, *, principal: str) -> None:
    """Write a line; `principal` is what the history keeps its answer under. Inside a transaction."""
    database.execute(
        "INSERT INTO log (principal, person, groups, teaches, given, kind, answer_id, query, shown,"
        " chunk_id, named, correction) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            principal, one.person, _json(one.groups), int(one.teaches),
            one.given.astimezone(UTC).isoformat(timespec="microseconds"), one.kind.value, one.answer_id,
            one.query, _json(one.shown), one.chunk_id, _json(one.named), one.correction,
        ),
    )  # fmt: skip


def read(database: sqlite3.Connection, where: str = "1", values: Sequence[object] = ()) -> list[Feedback]:
    """Lines of the log in the order given. `where` is our own SQL; its values are bound."""
    query = f"SELECT {_COLUMNS} FROM log WHERE {where} ORDER BY number"  # noqa: S608 - our own words
    return [_of(row) for row in database.execute(query, tuple(values))]


def _of(row: Sequence[object]) -> Feedback:
    names = re.split(r", ", _COLUMNS)
    values = dict(zip(names, row, strict=True))
    for name in ("groups", "shown", "named"):
        values[name] = msgspec.json.decode(str(values[name]))
    return msgspec.convert(values, Feedback, strict=False)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
