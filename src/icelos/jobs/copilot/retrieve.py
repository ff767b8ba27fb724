"""What the sources hold on a question: passages by search, and whole documents of what it names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from icelos.contracts import Hit, Principal, Where
from icelos.jobs.copilot import suspicion
from icelos.jobs.copilot.learning.profile import fitting
from icelos.jobs.copilot.understand import Query
from icelos.knowledge.lifts import Lifts
from icelos.knowledge.reading import Related, SourceInfo, StoredDocument
from icelos.records import Document


class Sources(Protocol):
    """What the copilot needs of a store; `icelos.knowledge.store.KnowledgeStore` is one."""

    def search(
        self, query: str, *, k: int = 10, where: Where | None = None, principal: Principal,
        per_document: int = 1, lifts: Lifts | None = None,
    ) -> list[Hit]: ...  # fmt: skip

    def lookup(self, identifier: str, *, principal: Principal, where: Where | None = None) -> list[Hit]: ...

    def passage(self, chunk_id: str, *, principal: Principal) -> Hit | None: ...

    def passages(
        self, document_id: str, *, principal: Principal, version: int | None = None
    ) -> list[Hit]: ...

    def document(
        self, document_id: str, *, principal: Principal, version: int | None = None
    ) -> StoredDocument | None: ...

    def related(
        self, identifier: str, *, principal: Principal, kinds: Sequence[str] = (), relation: str = "",
        limit: int = 50,
    ) -> list[Related]: ...  # fmt: skip

    def texts(self, document_ids: Iterable[str]) -> Iterable[tuple[str, str]]: ...

    def weights(self, words: Iterable[str], *, principal: Principal) -> dict[str, float]: ...

    def sources(self, *, principal: Principal) -> list[SourceInfo]: ...


class Taught(Protocol):
    """What people have taught; `icelos.jobs.copilot.learning.learned.Learned` is one."""

    def lifts(self, query: str, principal: Principal, encoder: str) -> Lifts | None: ...


class Reader:
    """The sources as one principal may read them for one question, each document read once.

    `taught` moves documents a little; `stack` are names of what the asker works with (`learning.profile`).
    """

    def __init__(
        self, store: Sources, principal: Principal, where: Where, *, taught: Taught | None = None
    ) -> None:
        self._store = store
        self.principal = principal
        self.where = where
        self.stack: Sequence[str] = ()
        self._taught = taught
        self._passages: dict[tuple[str, int], list[Hit]] = {}
        self._lookups: dict[str, list[Hit]] = {}
        self._documents: dict[tuple[str, int], Document | None] = {}

    def search(self, text: str, *, k: int, per_document: int = 1, where: Where | None = None) -> list[Hit]:
        """Passages for a text; `where` instead of the question's own."""
        where = where or self.where
        lifts = self._lifts(text, where)
        # A store of another kind need not know lifts.
        extra = {"lifts": lifts} if lifts is not None else {}
        found = self._store.search(
            text, k=k, per_document=per_document, where=where, principal=self.principal, **extra
        )
        return fitting(found, self.stack) if self.stack else found

    def _lifts(self, text: str, where: Where) -> Lifts | None:
        """What the asker's groups have taught; nothing of another time than now."""
        if self._taught is None or where.as_of is not None:
            return None
        encoder = getattr(getattr(self._store, "encoder", None), "name", "")
        return self._taught.lifts(text, self.principal, encoder)

    def document(self, hit: Hit) -> Document | None:
        """The whole document that a hit is of, in the hit's version."""
        key = (hit.document_id, hit.version)
        if key not in self._documents:
            stored = self._store.document(hit.document_id, principal=self.principal, version=hit.version)
            self._documents[key] = stored.document if stored is not None else None
        return self._documents[key]

    def lookup(self, name: str) -> list[Hit]:
        """Documents of exactly this name."""
        if name not in self._lookups:
            self._lookups[name] = self._store.lookup(name, principal=self.principal, where=self.where)
        return self._lookups[name]

    def mentions(self, identifier: str) -> list[Hit]:
        """Passages that name something which has no document of its own here."""
        found = self.search(identifier, k=MOST_MENTIONS, per_document=2)
        pattern = re.compile(rf"(?<![\w.-]){re.escape(identifier)}(?![\w-]|\.\d)", re.IGNORECASE)
        return [hit for hit in found if pattern.search(hit.text)]

    def is_name(self, phrase: str) -> bool:
        """Is this the name of some group, software, campaign or advisory here, written small or not?"""
        kinds = _NAMED if " " in phrase else _NAMED_IN_ONE_WORD
        return any(hit.kind in kinds for hit in self.lookup(phrase))

    def passages(self, hit: Hit) -> list[Hit]:
        """All passages of the document that a hit is of, in the hit's version."""
        key = (hit.document_id, hit.version)
        if key not in self._passages:
            self._passages[key] = self._store.passages(
                hit.document_id, principal=self.principal, version=hit.version
            )
        return self._passages[key]

    def related(self, name: str, *, relation: str = "", kinds: Sequence[str] = ()) -> list[Related]:
        """Neighbours by relation, those that the question's filters let through."""
        found = self._store.related(
            name, principal=self.principal, relation=relation, kinds=kinds, limit=MOST_RELATED
        )
        return [one for one in found if _passes(one.hit, self.where)]

    def weights(self, words: Iterable[str]) -> dict[str, float]:
        """How much each word says in these sources."""
        return self._store.weights(words, principal=self.principal)

    def is_empty(self) -> bool:
        """Is there nothing at all that this principal may read?"""
        return not self._store.sources(principal=self.principal)


MOST_RELATED = 400
MOST_MENTIONS = 20
_NAMED_IN_ONE_WORD = frozenset({"group", "software", "campaign"})
"""Kinds whose names are seldom ordinary words, as "server" and "credentials" are, names of techniques."""
_NAMED = frozenset(
    {"group", "software", "campaign", "technique", "weakness", "attack-pattern", "vulnerability"}
)


def _passes(hit: Hit, where: Where) -> bool:
    if where.kinds and hit.kind not in where.kinds:
        return False
    if where.collections and hit.collection not in where.collections:
        return False
    return where.modified_after is None or (hit.modified is not None and hit.modified > where.modified_after)


class Evidence(msgspec.Struct, frozen=True):
    """The passages for a question, the best first, each once; `weights` of the question's words by stem."""

    hits: tuple[Hit, ...]
    weights: Mapping[str, float]

    def explained(self) -> list[dict[str, Any]]:
        """What was retrieved and why, for --explain."""
        return [
            {"chunk_id": hit.chunk_id, "title": hit.title, "heading": hit.heading, "source": hit.source}
            | {"place": hit.place, "score": round(hit.score, 4), "why": dict(hit.why)}
            for hit in self.hits
        ]


def gather(query: Query, reader: Reader, *, passages: int) -> Evidence:
    """First the documents that the question names, then what is found by its words."""
    found = suspicion.lowered(reader.search(query.text, k=passages, per_document=3))
    hits = {hit.chunk_id: hit for hit in found}
    return Evidence(tuple(hits.values()), _weights(query, reader))


def with_mentions(query: Query, reader: Reader) -> Query:
    """The query with what is unknown by name, but stands in some text, told apart from the unknown."""
    mentioned = tuple(name for name in query.unknown if reader.mentions(name))
    unknown = tuple(name for name in query.unknown if name not in mentioned)
    return msgspec.structs.replace(query, unknown=unknown, mentioned=mentioned)


def _weights(query: Query, reader: Reader) -> dict[str, float]:
    known = reader.weights(query.words.values())
    return {stem: known[word] for stem, word in query.words.items()}
