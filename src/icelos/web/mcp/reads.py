"""Tools on the console's services, behind the contract of registered ones, which replace them by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from icelos.contracts import Fact, Hit, Observation, Principal, Right, Tier, Tool, Where
from icelos.errors import InputError
from icelos.findings import Finding
from icelos.knowledge.reading import StoredDocument
from icelos.web.services import Services

LONGEST = 20_000
"""Characters of one document that are given at once."""

_TEXT = {"type": "string", "minLength": 1, "maxLength": 2000}
_LIMIT = {"type": "integer", "minimum": 1, "maximum": 50, "default": 10}


class Read:
    """A tool that is one function of the services."""

    right = Right.READ

    def __init__(
        self, name: str, description: str, properties: Mapping[str, Any], required: Iterable[str],
        call: Callable[[Mapping[str, Any], Principal], Observation],
    ) -> None:  # fmt: skip
        self.tool = Tool(
            name, description,
            {"type": "object", "properties": properties, "required": list(required),
             "additionalProperties": False},
        )  # fmt: skip
        self._call = call

    def call(self, arguments: Mapping[str, Any], *, principal: Principal) -> Observation:
        """What it found. Raises InputError."""
        return self._call(arguments, principal)


def reads(here: Services) -> tuple[Read, ...]:
    """Search, documents, names and findings."""

    def search(given: Mapping[str, Any], principal: Principal) -> Observation:
        where = Where(kinds=tuple(given.get("kinds", ())))
        hits = here.knowledge.search(
            given["query"], k=given.get("limit", 10), where=where, principal=principal
        )
        return Observation(facts=tuple(map(passage, hits)))

    def lookup(given: Mapping[str, Any], principal: Principal) -> Observation:
        hits = here.knowledge.lookup(given["identifier"], principal=principal)
        return Observation(facts=tuple(map(passage, hits)), total=len(hits))

    def get_document(given: Mapping[str, Any], principal: Principal) -> Observation:
        stored = here.knowledge.document(given["id"], principal=principal)
        if stored is None:
            raise InputError(f"no document {given['id']!r}, or not for you")
        return Observation(facts=(document(stored),), total=1)

    return (
        Read(
            "search_knowledge", "Passages of the organisation's sources (ATT&CK, advisories, rules, runbooks)"
            " that fit a text best.",
            {"query": _TEXT, "kinds": {"type": "array", "items": _TEXT, "maxItems": 20}, "limit": _LIMIT},
            ["query"], search,
        ),
        Read("get_document", "One document, whole, by the id that a search gave.", {"id": _TEXT}, ["id"],
             get_document),
        Read("lookup", "What is known of one exact identifier or name: T1110.003, CVE-2024-3094, APT29.",
             {"identifier": _TEXT}, ["identifier"], lookup),
    )  # fmt: skip


def passage(hit: Hit) -> Fact:
    """A passage as a fact."""
    return Fact(
        ref=f"passage:{hit.chunk_id}", text=f"{hit.title}: {hit.text}",
        source=f"{hit.source} {hit.place}".strip(),
        values={"document": hit.document_id, "kind": hit.kind, "url": hit.url, "version": hit.version},
        tier=Tier.PUBLISHED,
    )  # fmt: skip


def document(stored: StoredDocument) -> Fact:
    """A document as a fact, its first characters."""
    whole = stored.document
    text = "\n\n".join(f"{part.heading}\n{part.text}".strip() for part in whole.sections)
    cut = text[:LONGEST] + (" […]" if len(text) > LONGEST else "")
    return Fact(
        ref=f"document:{whole.id}", text=f"{whole.title}\n\n{cut}", source=whole.source,
        values={"kind": whole.kind, "url": whole.url, "version": stored.version}, tier=Tier.PUBLISHED,
    )  # fmt: skip


def finding(found: Finding) -> Fact:
    """A finding as a fact, with its evidence."""
    quotes = "".join(f'\n"{one.quote}" ({one.source}, {one.how})' for one in found.evidence)
    return Fact(
        ref=f"finding:{found.job}/{found.record_id}", text=found.summary + quotes, source=found.source,
        values={"job": found.job, "record_id": found.record_id, "verdict": found.verdict.value,
                "label": found.label, "score": found.score},
        tier=Tier.OUTSIDE,
    )  # fmt: skip
