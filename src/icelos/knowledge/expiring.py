"""Entries of news feeds as a kind for retention."""

from __future__ import annotations

from datetime import datetime

from icelos.data.retention import Kind
from icelos.knowledge.store import KnowledgeStore
from icelos.settings import Settings

NEWS = "news"


def news(settings: Settings) -> Kind:
    """Entries whose last version came before; their feed may still list them: then they come again."""

    def due(before: datetime) -> list[str]:
        path = settings.home / "knowledge.sqlite"
        if not path.is_file():
            return []
        with KnowledgeStore(path, read_only=True) as store:
            return store.indexed_before(before, kind=NEWS)

    def expire(before: datetime) -> int:
        found = due(before)
        if not found:
            return 0
        with KnowledgeStore.open(settings) as store:
            return store.delete(found)

    return Kind("entries of news feeds", lambda before: len(due(before)), expire)
