"""Canary documents: put into the knowledge base, and taken out again."""

from __future__ import annotations

from collections.abc import Iterable

from icelos.data.workspace import Workspace
from icelos.knowledge.store import KnowledgeStore
from icelos.llm.canary import Canaries, Canary, new
from icelos.records import Document, Section, record_id
from icelos.settings import Settings

PATH = "canary:"
"""Paths of canary documents in the store: no folder that is indexed again touches them."""


def plant(
    settings: Settings, name: str, *, groups: Iterable[str] = (), about: str = "", collection: str = "default"
) -> Canary:  # fmt: skip
    """A marker, and a document that holds it. Everybody whom its groups let may search for it.

    The marker is kept first: a kill in between leaves a marker without a document, never the other way
    round. Raises StoreError.
    """
    workspace = Workspace.of(settings)
    canary = new(name, groups=groups, document=record_id("canary", name))
    text = f"{about or name}\n\nReference {canary.token}. Internal, do not pass on."
    document = Document(
        id=canary.document, source=f"{PATH}{name}", title=name, sections=(Section("", text, "line 1"),),
        kind="note", groups=canary.groups,
    )  # fmt: skip
    Canaries(workspace.canaries).add(canary)
    with KnowledgeStore.open(settings) as store:
        store.replace([document], collection=collection, path=document.source)
    return canary


def withdraw(settings: Settings, name: str) -> Canary:
    """Document and marker gone. Raises InputError for an unknown name, and StoreError."""
    canaries = Canaries(Workspace.of(settings).canaries)
    canary = canaries.remove(name)
    with KnowledgeStore.open(settings) as store:
        store.delete([canary.document])
    return canary
