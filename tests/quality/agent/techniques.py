"""What the bundled ATT&CK says of a technique, read from its documents without the knowledge store."""

from __future__ import annotations

from functools import cache

from icelos.data.feeds.attack import bundled_documents, bundled_techniques
from icelos.records import Document


@cache
def _documents() -> tuple[Document, ...]:
    return tuple(bundled_documents())


def mitigations(technique: str) -> list[str]:
    """Each as "M1036|its name"."""
    return [
        one.title.replace(" ", "|", 1) for one in _documents()
        if one.kind == "mitigation"
        and any(r.kind == "mitigates" and r.target == technique for r in one.relations)
    ]  # fmt: skip


def name(technique: str) -> str:
    """Its name, without that of the technique that it belongs to."""
    return bundled_techniques()[technique].name.rpartition(": ")[2]


def tactics(technique: str) -> tuple[str, ...]:
    """The names of its tactics, as people write them and as their short name."""
    found = next(one for one in _documents() if one.id == f"attack/{technique}").facts["tactics"]
    return tuple(f"{one}|{one.lower().replace(' ', '-')}" for one in found.split(", "))
