"""What one person asks of a workspace beside answers: notes, profile, saved questions, shifts, own data.

    mine = Colleague(copilot, store, workspace, Principal("ann"))
    mine.run("kev this week")

The one place that commands and routes use, so that both do the same.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from icelos.contracts import Principal
from icelos.data.casework.model import Case
from icelos.data.casework.store import CaseStore
from icelos.data.workspace import Workspace
from icelos.errors import StoreError
from icelos.jobs.copilot.answer import Copilot
from icelos.jobs.copilot.answers import Answer
from icelos.jobs.copilot.history import History
from icelos.jobs.copilot.learning import person, profile, questions, shift
from icelos.jobs.copilot.learning.notes import Note, Notes
from icelos.jobs.copilot.learning.person import Deleted, Summary
from icelos.jobs.copilot.learning.profile import Profile
from icelos.jobs.copilot.learning.questions import Difference, Saved
from icelos.jobs.copilot.learning.shift import Shift
from icelos.knowledge.store import KnowledgeStore

Record = Callable[..., object]
"""Puts into the audit log what is done, before it is: an action, the id of what it is done to, details."""


def unrecorded(action: str, subject: str = "", /, **details: object) -> None:
    """No audit log."""
    del action, subject, details


class Colleague:
    """Everything for one principal. Methods raise InputError and StoreError."""

    def __init__(
        self, copilot: Copilot, store: KnowledgeStore, workspace: Workspace, principal: Principal, *,
        record: Record = unrecorded,
    ) -> None:  # fmt: skip
        if copilot.history is None:
            raise StoreError("there is no history to keep this in")
        self.principal = principal
        self._record = record
        self._notes = Notes(store)
        self._copilot, self._store, self._workspace = copilot, store, workspace
        self._history: History = copilot.history

    # ---- notes

    def note(
        self, text: str, *, title: str = "", related: Sequence[str] = (), groups: Sequence[str] | None = None
    ) -> Note:
        """Write a note."""
        self._record("note.add", groups=groups)
        return self._notes.add(text, principal=self.principal, title=title, related=related, groups=groups)

    def edit_note(
        self, note_id: str, text: str, *, title: str | None = None, related: Sequence[str] | None = None
    ) -> Note:
        """A new version of a note."""
        self._record("note.edit", note_id)
        return self._notes.edit(note_id, text, principal=self.principal, title=title, related=related)

    def remove_note(self, note_id: str) -> None:
        """Delete a note."""
        self._record("note.remove", note_id)
        self._notes.remove(note_id, principal=self.principal)

    def notes(self, author: str = "") -> list[Note]:
        """The notes that may be read, the newest first."""
        found = self._notes.listed(principal=self.principal, author=author)
        self._record("notes", shown=[note.id for note in found])
        return found

    # ---- profile

    def profile(self) -> Profile:
        """What is known of the principal."""
        return self._copilot.profile(self.principal)

    def set_profile(self, wanted: Profile) -> Profile:
        """Replace it."""
        self._record("profile", self.principal.name)
        with self._history.opened() as database:
            profile.save(database, self.principal.name, wanted)
        return wanted

    # ---- saved questions

    def saved(self) -> list[Saved]:
        """The saved questions, by name."""
        with self._history.opened() as database:
            return questions.listed(database, self.principal.name)

    def save(self, name: str, question: str) -> Answer:
        """Ask a question, and keep it with its answer."""
        answer = self._ask(question)
        with self._history.opened() as database:
            questions.save(database, self.principal.name, name, question, answer)
        return answer

    def run(self, name: str, *, keep: bool = True) -> Difference:
        """Ask a saved question again; what has changed. With `keep` the next run compares with this one."""
        with self._history.opened() as database:
            question, before, old = questions.last(database, self.principal.name, name)
        new = self._ask(question)
        if keep:
            with self._history.opened() as database:
                questions.keep(database, self.principal.name, name, new)
        return questions.compared(name, before, old, new)

    def remove(self, name: str) -> None:
        """Forget a saved question."""
        with self._history.opened() as database:
            questions.remove(database, self.principal.name, name)

    def _ask(self, question: str) -> Answer:
        """An answer that belongs to no conversation."""
        asked = copy.copy(self._copilot)
        asked.history = None
        self._record("ask", question=question)
        answer = asked.ask(question, principal=self.principal)
        passages = [*(one.chunk_id for one in answer.citations), *(one.chunk_id for one in answer.nearest)]
        self._record("answer", answer.answer_id, status=answer.status.value, passages=passages)
        return answer

    # ---- shifts

    def shift(self, since: datetime | None = None) -> Shift:
        """What has changed since then, or since the last shift ended. Changes nothing."""
        changes = [self.run(one.name, keep=False) for one in self.saved()]
        with self._history.opened() as database:
            report = shift.report(
                database, self._workspace.findings, self._store, changes, principal=self.principal,
                cases=self._cases(), since=since,
            )  # fmt: skip
        shown = [line.ref for topic in report.sections for line in topic.lines]
        self._record("shift", since=report.since.isoformat(), shown=shown)
        return report

    def _cases(self) -> list[Case]:
        """What people have done about findings, the latest first."""
        path = self._workspace.casework
        if not path.is_file():
            return []
        with CaseStore(path) as cases:
            return cases.listed()

    def end_shift(self, until: datetime | None = None) -> datetime:
        """The next report begins at `until`, or now; saved questions are compared with answers of now."""
        self._record("shift.end", until=str(until or "now"))
        with self._history.opened() as database:
            moment = shift.end(database, self._workspace.findings, principal=self.principal, until=until)
        for one in self.saved():
            self.run(one.name)
        return moment

    # ---- what is kept about people

    def summary(self, name: str = "") -> Summary:
        """How much there is about the principal; about others for an admin."""
        self._record("me.show", person.of(name, self.principal))
        return person.summary(self._history, self._store, name, principal=self.principal)

    def exported(self, name: str = "") -> Iterator[dict[str, Any]]:
        """All of it, one object a line."""
        self._record("me.export", person.of(name, self.principal))
        return person.exported(self._history, self._store, name, principal=self.principal)

    def forget(self, name: str = "", *, keep_notes: bool = False) -> Deleted:
        """Delete all of it."""
        self._record("me.delete", person.of(name, self.principal), keep_notes=keep_notes)
        return person.delete(
            self._history, self._store, name, principal=self.principal, keep_notes=keep_notes
        )
