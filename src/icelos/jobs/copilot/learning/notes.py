"""Notes of analysts: documents of the collection "notes", searched and cited like any other source.

A note is its author's own; its groups may read it. Every change is a new version of its document, so that an
answer goes on to cite what it was made from. What a note says is its author's word: its title and its source
say whose, and when.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from icelos.contracts import Principal, Right, Tier, Where
from icelos.errors import AbsentError, InputError
from icelos.knowledge.identifiers import known_families
from icelos.knowledge.index import NOBODY
from icelos.knowledge.reading import StoredDocument
from icelos.knowledge.store import KnowledgeStore
from icelos.records import Document, Relation, Section

COLLECTION = "notes"
KIND = "note"
TIER = Tier.OWN
"""How far notes are to be trusted: the organisation wrote them."""
LONGEST = 20_000
"""Characters of a note."""
MOST = 1000
"""Notes that are listed."""
_PREFIX = "note:"


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One note. `related` are identifiers that it is about; `version` counts its changes from 1."""

    id: str
    title: str
    text: str
    author: str
    written: datetime
    groups: tuple[str, ...]
    related: tuple[str, ...]
    version: int


class Notes:
    """The notes of a store. Every method sees what its principal may see, and raises StoreError."""

    def __init__(self, store: KnowledgeStore) -> None:
        self._store = store

    def add(
        self, text: str, *, principal: Principal, title: str = "", related: Sequence[str] = (),
        groups: Sequence[str] | None = None,
    ) -> Note:  # fmt: skip
        """Write a note, for `groups` or, where they are not given, for the author's own.

        An author without groups writes for everyone; no group (an empty list) is everyone, too. Raises
        InputError for an empty or too long text, or a group that the author is not in.
        """
        _may_write(principal)
        readers = _readers(principal, groups)
        note = Note(
            id=_PREFIX + uuid.uuid4().hex[:12], title=title.strip(), text=_checked(text),
            author=principal.name, written=datetime.now(UTC), groups=readers,
            related=_related(text, related), version=1,
        )  # fmt: skip
        self._put(note)
        return note

    def edit(
        self, note_id: str, text: str, *, principal: Principal, title: str | None = None,
        related: Sequence[str] | None = None,
    ) -> Note:  # fmt: skip
        """A new version of a note. Raises InputError where it is not there, or not the principal's."""
        old = self._own(note_id, principal)
        note = msgspec.structs.replace(
            old, text=_checked(text), title=old.title if title is None else title.strip(),
            related=_related(text, old.related if related is None else related), version=old.version + 1,
            written=datetime.now(UTC),
        )  # fmt: skip
        self._put(note)
        return self.get(note_id, principal=principal)

    def remove(self, note_id: str, *, principal: Principal) -> None:
        """Delete a note with its versions. Raises InputError where it is not there, or not one's own."""
        self._own(note_id, principal)
        self._store.delete([note_id])

    def get(self, note_id: str, *, principal: Principal) -> Note:
        """One note. Raises InputError where it is not there, or not for the principal."""
        stored = self._store.document(note_id, principal=principal) if _is_note(note_id) else None
        if stored is None or stored.collection != COLLECTION:
            raise AbsentError(f"no note {note_id[:60]!r}", hint="`icelos notes list` shows them")
        return _note(stored)

    def listed(self, *, principal: Principal, author: str = "") -> list[Note]:
        """The notes that the principal may read, the newest first; of one author where named."""
        hits = self._store.sample(MOST, principal=principal, where=Where(collections=(COLLECTION,)))
        found = [self.get(hit.document_id, principal=principal) for hit in hits if _is_note(hit.document_id)]
        mine = [note for note in found if not author or note.author == author]
        return sorted(mine, key=lambda note: (note.written, note.id), reverse=True)

    def _own(self, note_id: str, principal: Principal) -> Note:
        _may_write(principal)
        note = self.get(note_id, principal=principal)
        if note.author != principal.name and Right.ADMIN not in principal.rights:
            raise InputError(f"note {note_id} is {note.author}'s", hint="write one of your own")
        return note

    def _put(self, note: Note) -> None:
        self._store.add([as_document(note)], collection=COLLECTION)


def as_document(note: Note) -> Document:
    """The note as a source. Its own id is its only exact name: it does not answer for what it is about."""
    by = f"note by {note.author}, {note.written.day} {note.written:%B %Y}"
    title = f"{note.title} ({by})" if note.title else f"{by[0].upper()}{by[1:]}"
    return Document(
        id=note.id, source=by, title=title, kind=KIND,
        identifiers=(note.id,), sections=_sections(note), tags=("note", author_tag(note.author)),
        relations=tuple(Relation("about", name) for name in note.related),
        modified=note.written, groups=note.groups,
        facts={"author": note.author, "title": note.title, "tier": TIER.value},
    )  # fmt: skip


def author_tag(author: str) -> str:
    """The tag of everything that somebody wrote."""
    return f"author:{author}"


def _sections(note: Note) -> tuple[Section, ...]:
    text = Section("", note.text, f"version {note.version}")
    named = ", ".join(name for name in note.related if name.casefold() not in note.text.casefold())
    return (text, Section("Related", named, f"version {note.version}")) if named else (text,)


def _note(stored: StoredDocument) -> Note:
    document = stored.document
    return Note(
        id=document.id, title=document.facts.get("title", ""), text=document.sections[0].text,
        author=document.facts.get("author", ""), written=document.modified or stored.indexed,
        groups=tuple(name for name in document.groups if name != NOBODY),
        related=tuple(r.target for r in document.relations if r.kind == "about"), version=stored.version,
    )  # fmt: skip


def _is_note(name: str) -> bool:
    return name.startswith(_PREFIX)


def _may_write(principal: Principal) -> None:
    if Right.WRITE not in principal.rights:
        raise InputError(f"{principal.name} may not write notes", hint="it needs the right to write")


def _readers(principal: Principal, groups: Sequence[str] | None) -> tuple[str, ...]:
    if groups is None:
        return tuple(sorted(principal.groups))
    strange = sorted(set(groups) - principal.groups)
    if strange and Right.ADMIN not in principal.rights:
        raise InputError(f"{principal.name} is not in the group {strange[0][:60]!r}")
    return tuple(sorted(set(groups)))


def _checked(text: str) -> str:
    text = text.strip()
    if not any(character.isalnum() for character in text):
        raise InputError("the note is empty")
    if len(text) > LONGEST:
        raise InputError(f"a note has at most {LONGEST:,} characters")
    return text


def _related(text: str, related: Sequence[str]) -> tuple[str, ...]:
    """Identifiers as given, and those of public catalogues that the text names."""
    given = [name.strip() for name in related if name.strip()]
    return tuple(dict.fromkeys([*given, *(name.upper() for name in known_families(text))]))[:100]
