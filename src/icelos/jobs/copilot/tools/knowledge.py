"""Tools over the organisation's sources: search, look up by name, read whole, and follow relations."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import msgspec

from icelos.contracts import Fact, Hit, Observation, Principal, Tool, Where
from icelos.errors import InputError
from icelos.knowledge.reading import Related
from icelos.knowledge.store import KnowledgeStore
from icelos.knowledge.tiers import flags_of, tier_of
from icelos.llm.read_tools import LIMIT, ReadingTool, digest, object_schema, plain, text_schema
from icelos.records import DOCUMENT_KINDS
from icelos.settings import Settings

NOTHING = "nothing is indexed yet: `icelos kb add FOLDER`, `icelos feeds update attack`"
PER_SEARCH = 8
MOST_PASSAGES = 60
_KINDS = {"type": "array", "items": {"type": "string", "maxLength": 60}, "maxItems": 20,
          "description": f"Only these kinds of document: {', '.join(DOCUMENT_KINDS)}"}  # fmt: skip

_stores: dict[tuple[Path, str], KnowledgeStore] = {}
_lock = threading.Lock()


def open_store(settings: Settings) -> KnowledgeStore | None:
    """The workspace's store for reading, one for all tools of a process; None where there is none yet."""
    path = settings.home / "knowledge.sqlite"
    with _lock:
        key = (path, settings.knowledge.encoder)
        if key in _stores:
            if path.is_file():
                return _stores[key]
            _stores.pop(key).close()
        if not path.is_file():
            return None
        _stores[key] = KnowledgeStore.open(settings, read_only=True)
        return _stores[key]


def passage(hit: Hit) -> Fact:
    """A passage as a fact."""
    title = f"{hit.title} > {hit.heading}" if hit.heading else hit.title
    return Fact(
        ref=f"passage:{hit.chunk_id}",
        text=f"{title}: {hit.text}",
        source=f"{hit.source} {hit.place}".strip(),
        values={
            "document": hit.document_id,
            "title": hit.title,
            "heading": hit.heading,
            "kind": hit.kind,
            "collection": hit.collection,
            "identifiers": ", ".join(hit.identifiers),
            "url": hit.url,
            "version": hit.version,
            "indexed": hit.indexed.isoformat(timespec="seconds"),
            "modified": hit.modified.isoformat(timespec="seconds") if hit.modified else None,
        },
        tier=tier_of(hit, flags=flags_of(hit.text)),
    )


class _KnowledgeTool(ReadingTool, ABC):
    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def _found(self, given: dict[str, Any], principal: Principal) -> Observation:
        store = open_store(self._settings)
        if store is None:
            return Observation(notices=(NOTHING,), total=0)
        return self._read(store, given, principal)

    @abstractmethod
    def _read(self, store: KnowledgeStore, given: dict[str, Any], principal: Principal) -> Observation: ...


class SearchKnowledge(_KnowledgeTool):
    """`search_knowledge {query, kinds?, limit?}`."""

    tool = Tool(
        "search_knowledge",
        "Passages of the organisation's sources (runbooks, ATT&CK, advisories, rules, notes) that fit"
        " a text best, one or two of a document.",
        object_schema(
            ("query",), query=text_schema("What to look for", most=2000), kinds=_KINDS, limit=LIMIT
        ),
    )

    def _read(self, store: KnowledgeStore, given: dict[str, Any], principal: Principal) -> Observation:
        where = Where(kinds=tuple(given.get("kinds", ())))
        limit = given.get("limit", PER_SEARCH)
        hits = store.search(given["query"], k=limit, where=where, principal=principal, per_document=2)
        return Observation(facts=tuple(map(passage, hits)))


class GetDocument(_KnowledgeTool):
    """`get_document {id}`."""

    tool = Tool(
        "get_document",
        "One document, whole, passage by passage, by the id that a search or lookup gave as document.",
        object_schema(("id",), id=text_schema("Id of the document")),
    )

    def _read(self, store: KnowledgeStore, given: dict[str, Any], principal: Principal) -> Observation:
        hits = store.passages(given["id"], principal=principal)
        if not hits:
            raise InputError(
                f"no document {plain(given['id'], 80)!r}", hint="ids are what a search gives as `document`"
            )
        return Observation(facts=tuple(map(passage, hits[:MOST_PASSAGES])), total=len(hits))


class Lookup(_KnowledgeTool):
    """`lookup {identifier}`."""

    tool = Tool(
        "lookup",
        "What sources have under one exact identifier or name: CVE-2024-3094, T1110.003, APT29, a rule's id.",
        object_schema(("identifier",), identifier=text_schema("The identifier or name, whole")),
    )

    def _read(self, store: KnowledgeStore, given: dict[str, Any], principal: Principal) -> Observation:
        hits = store.lookup(given["identifier"], principal=principal)
        return Observation(facts=tuple(map(passage, hits)), total=len(hits))


class AttackGraph(_KnowledgeTool):
    """`attack_graph {id, relation?, kinds?}`."""

    tool = Tool(
        "attack_graph",
        "What stands in relation to an object of ATT&CK, or to another named document: who uses a technique,"
        " what mitigates or detects it. Both directions.",
        object_schema(
            ("id",),
            id=text_schema("Identifier: T1110, G0016, S0154, M1032, CVE-…"),
            relation=text_schema(
                "Only this relation: uses, mitigates, detects, subtechnique-of, mentions, …", most=60
            ),
            kinds=_KINDS,
        ),
    )

    def _read(self, store: KnowledgeStore, given: dict[str, Any], principal: Principal) -> Observation:
        name = given["id"]
        if not store.lookup(name, principal=principal):
            return Observation(total=0, notices=(f"the sources have nothing under {plain(name, 80)!r}",))
        found = store.related(
            name,
            principal=principal,
            relation=given.get("relation", ""),
            kinds=tuple(given.get("kinds", ())),
            limit=500,
        )
        facts: dict[str, Fact] = {}
        for one in found:
            fact = _edge(name, one)
            if fact.ref in facts:  # one neighbour by two relations
                fact = msgspec.structs.replace(fact, ref=digest("attack_graph", name, fact.text))
            facts[fact.ref] = fact
        return Observation(facts=tuple(facts.values())[:100], total=len(facts) if len(found) < 500 else None)


def _edge(name: str, one: Related) -> Fact:
    """One relation as a fact."""
    other = passage(one.hit)
    number = one.hit.identifiers[0] if one.hit.identifiers else ""
    called = one.hit.title if number in one.hit.title else f"{number} {one.hit.title}"
    first, last = (name, called) if one.direction == "out" else (called, name)
    return Fact(
        ref=other.ref, source=other.source, tier=other.tier,
        text=f"{first} {one.relation} {last}{f' ({one.note})' if one.note else ''}",
        values={
            "relation": one.relation, "direction": one.direction, "id": number, "name": one.hit.title,
            "kind": one.hit.kind, "note": one.note, "document": one.hit.document_id,
        },
    )  # fmt: skip


def build_search(settings: Settings) -> SearchKnowledge:
    """For the registry."""
    return SearchKnowledge(settings)


def build_document(settings: Settings) -> GetDocument:
    """For the registry."""
    return GetDocument(settings)


def build_lookup(settings: Settings) -> Lookup:
    """For the registry."""
    return Lookup(settings)


def build_graph(settings: Settings) -> AttackGraph:
    """For the registry."""
    return AttackGraph(settings)
