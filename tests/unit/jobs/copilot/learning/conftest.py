"""A store of locks and doors, a history, and people who mark answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from icelos.contracts import Principal, Right
from icelos.jobs.copilot.answers import Answer, Citation, Status
from icelos.jobs.copilot.history import History
from icelos.knowledge.store import KnowledgeStore
from icelos.records import Document, Section
from icelos.settings import KnowledgeSettings, Settings, Workspace


def person(name: str, *groups: str, rights: frozenset[Right] = frozenset(Right)) -> Principal:
    return Principal(name, frozenset(groups), rights)


ANN, BEN, CAT = (person(name, "soc") for name in ("ann", "ben", "cat"))
EVE = person("eve", "sales")


def document(name: str, text: str, *, title: str = "", groups: Sequence[str] = ()) -> Document:
    return Document(
        id=f"doc/{name}", source=f"{name}.md", title=title or f"{name} {text.split('.')[0][:40]}",
        identifiers=(name,), sections=(Section("", text, "line 1"),), groups=tuple(groups),
    )  # fmt: skip


DOCUMENTS = [
    document("LOCK-1", "Pins of a lock are lifted with a thin pick until the cylinder turns."),
    document("LOCK-2", "A lock is opened with a bump key that makes the pins jump."),
    document("DOOR-1", "A door is forced open with a crowbar between frame and leaf."),
    document("DOOR-2", "A door is lifted off its hinges when the pins of the hinges are pulled."),
    document("GLASS-1", "A window pane is cut with a glass cutter and taken out."),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(workspace=Workspace(home=str(tmp_path)), knowledge=KnowledgeSettings(encoder="off"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[KnowledgeStore]:
    with KnowledgeStore(tmp_path / "knowledge.sqlite") as opened:
        opened.add(DOCUMENTS, collection="field")
        yield opened


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "history.sqlite")


class Desk:
    """Asks, and marks what was shown."""

    def __init__(self, store: KnowledgeStore, history: History) -> None:
        self.store, self.history, self.count = store, history, 0

    def ask(self, query: str, who: Principal) -> Answer:
        """The five best sources as an answer that cites them."""
        self.count += 1
        hits = self.store.search(query, k=5, principal=who)
        citations = tuple(
            Citation(
                handle=f"K{n}a{n}", chunk_id=hit.chunk_id, document_id=hit.document_id, version=hit.version,
                title=hit.title, heading=hit.heading, quote=hit.text[:20], source=hit.source,
                place=hit.place, kind=hit.kind, collection=hit.collection, url=hit.url,
                indexed=datetime.now(UTC), modified=None,
            )
            for n, hit in enumerate(hits, 2)
        )  # fmt: skip
        answer = Answer(
            question=query, status=Status.ANSWERED, citations=citations, answer_id=f"a{self.count}",
            conversation=f"c{self.count}",
        )  # fmt: skip
        self.history.add(answer, resolved=query, principal=who)
        return answer

    def mark(self, query: str, document_id: str, who: Principal, kind: str = "up") -> None:
        """Ask, and mark the source of one document."""
        answer = self.ask(query, who)
        chunk = next(c.chunk_id for c in answer.citations if c.document_id == document_id)
        self.history.feedback(answer.answer_id, kind, principal=who, citation=chunk)


@pytest.fixture
def desk(store: KnowledgeStore, history: History) -> Desk:
    return Desk(store, history)
