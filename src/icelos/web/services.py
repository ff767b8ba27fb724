"""What the routes work with: copilot, knowledge, history, findings; each opened when first used, once.

The workspace has an owner, whom `copilot.user` and `copilot.groups` name, and may have users besides.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from icelos.data.workspace import Workspace
from icelos.settings import Settings

if TYPE_CHECKING:
    from icelos.contracts import Principal
    from icelos.data.casework.desk import Desk
    from icelos.data.sinks import SqliteSink
    from icelos.jobs.copilot.answer import Copilot
    from icelos.jobs.copilot.answers import Answer, Event
    from icelos.jobs.copilot.history import History
    from icelos.knowledge.store import KnowledgeStore
    from icelos.people.audit import Audit
    from icelos.people.store import People


class Services:
    """Shared by all requests, from any thread. Raises StoreError where a store cannot be opened."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.workspace = Workspace.of(settings)
        self._lock = threading.RLock()

    @cached_property
    def principal(self) -> Principal:
        """The owner of the workspace: `copilot.user`, else the login name, with `copilot.groups`."""
        from icelos.jobs.copilot.job import principal_of

        return principal_of(self.settings)

    @property
    def copilot(self) -> Copilot:
        """The copilot; the lock keeps two first questions from opening it twice."""
        with self._lock:
            return self._copilot

    @property
    def knowledge(self) -> KnowledgeStore:
        """The knowledge store, for reading."""
        with self._lock:
            return self._knowledge

    @property
    def history(self) -> History:
        """Conversations and feedback."""
        with self._lock:
            return self._history

    @property
    def findings(self) -> SqliteSink:
        """Findings and failures of every job."""
        with self._lock:
            return self._findings

    @property
    def desk(self) -> Desk:
        """Findings with their cases, after a look at what jobs have written since the last time."""
        with self._lock:
            desk = self._desk
        desk.renew()
        return desk

    @property
    def people(self) -> People:
        """Users and their tokens."""
        with self._lock:
            return self._people

    @property
    def audit(self) -> Audit:
        """The audit log."""
        with self._lock:
            return self._audit

    def record(self, principal: Principal, action: str, subject: str = "", /, **details: object) -> None:
        """Put into the audit log what somebody does: ids and counts, never contents.

        Call it before the answer is given: what cannot be recorded (StoreError) is not to be done.
        """
        self.audit.record(principal, action, subject, **details)

    def stream(
        self, question: str, *, principal: Principal, conversation: str, explain: bool
    ) -> Iterator[Event]:
        """One answer as it is made; question and answer are recorded."""
        events = self.copilot.stream(
            question, conversation=conversation, explain=explain, principal=principal
        )
        return self._recorded(events, question, principal, conversation)

    def stream_once(self, question: str, *, principal: Principal, extractive: bool) -> Iterator[Event]:
        """The same without memory, for clients that bring the conversation along; `extractive`: no model."""
        copilot = copy.copy(self.copilot)
        copilot.history = None
        if extractive:
            copilot.llm = None
        return self._recorded(copilot.stream(question, principal=principal), question, principal)

    def _recorded(
        self, events: Iterator[Event], question: str, principal: Principal, conversation: str = ""
    ) -> Iterator[Event]:
        self.record(principal, "ask", conversation, question=question)
        for event in events:
            if event.answer is not None:
                self.record(principal, "answer", event.answer.answer_id, **shown_by(event.answer))
            yield event

    def close(self) -> None:
        """Close what was opened."""
        self.__dict__.pop("_copilot", None)
        for name in ("_knowledge", "_desk", "_findings", "_people", "_audit"):
            opened = self.__dict__.pop(name, None)
            if opened is not None:
                opened.close()

    @cached_property
    def _copilot(self) -> Copilot:
        from icelos.jobs.copilot.answer import Copilot
        from icelos.llm.budget import DAY, Budget
        from icelos.llm.connect import connect

        llm = connect(self.settings, budget=Budget.of(self.settings.llm, window=DAY))
        return Copilot.over(self.knowledge, self.settings, llm=llm, history=self.history)

    @cached_property
    def _knowledge(self) -> KnowledgeStore:
        from icelos.knowledge.store import KnowledgeStore

        return KnowledgeStore.open(self.settings)

    @cached_property
    def _history(self) -> History:
        from icelos.jobs.copilot.history import History

        return History(self.workspace.history)

    @cached_property
    def _desk(self) -> Desk:
        from icelos.data.casework.desk import Desk
        from icelos.data.casework.store import CaseStore

        return Desk(self._findings, CaseStore(self.workspace.casework))

    @cached_property
    def _findings(self) -> SqliteSink:
        from icelos.data.sinks import SqliteSink

        return SqliteSink(self.workspace.findings)

    @cached_property
    def _people(self) -> People:
        from icelos.people.store import People

        return People(self.workspace.people)

    @cached_property
    def _audit(self) -> Audit:
        from icelos.people.audit import Audit

        return Audit(self.workspace.audit)


def shown_by(answer: Answer) -> dict[str, object]:
    """What an answer showed, for the audit log: ids of passages, refs of facts, and how it ended."""
    return {
        "status": answer.status.value, "conversation": answer.conversation,
        "passages": [
            *(one.chunk_id or one.ref for one in answer.citations), *(one.chunk_id for one in answer.nearest),
        ],
    }  # fmt: skip
