"""Drafts to sentences with handles and citations, and the notices that citations call for."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from icelos.contracts import Fact, Hit
from icelos.jobs.copilot.answers import Citation, Nearest, Sentence
from icelos.jobs.copilot.extract import Draft, Quote
from icelos.jobs.copilot.handles import Handles
from icelos.jobs.copilot.place import DocumentOf, exact
from icelos.knowledge.tiers import flags_of

OLD_NOTICE = "Some sources here are old: {names}. Check that they still hold."
TRUNCATED_NOTICE = (
    "The bundled ATT&CK data cuts descriptions at 303 characters;"
    " `icelos feeds update attack` brings the full text."
)
CUT_NOTICE = "Some sources here are cut short by their publisher: {names}."


class Citing:
    """The handles and citations of one answer, given out sentence by sentence.

    `texts` are the whole passages behind the handles, and their own addresses.
    """

    def __init__(
        self, *, stale_days: int, now: datetime | None = None, document_of: DocumentOf | None = None,
        seed: str = "",
    ) -> None:  # fmt: skip
        self.handles = Handles(seed)
        self._document_of = document_of
        self._now = now or datetime.now(UTC)
        self._limit = self._now - timedelta(days=stale_days)
        self._citations: dict[str, Citation] = {}
        self.texts: dict[str, tuple[str, ...]] = {}

    def sentence(self, draft: Draft) -> Sentence:
        """The draft with a handle for each of its quotes."""
        return Sentence(text=draft.text, handles=tuple(self.handle(quote) for quote in draft.quotes))

    def handle(self, quote: Quote) -> str:
        """The handle of a quote, with its citation on record."""
        handle = self.handles.of(f"{quote.hit.chunk_id}:{quote.start}:{quote.end}")
        if handle not in self._citations:
            self._citations[handle] = self._citation(handle, quote)
            self.texts[handle] = (quote.hit.text, quote.hit.url)
        return handle

    def fact(self, fact: Fact) -> str:
        """The handle of a fact that a tool found, with its citation on record."""
        handle = self.handles.of(fact.ref)
        if handle not in self._citations:
            self._citations[handle] = self._of_fact(handle, fact)
            self.texts[handle] = (fact.text, *(v for v in fact.values.values() if isinstance(v, str)))
        return handle

    def _of_fact(self, handle: str, fact: Fact) -> Citation:
        kind, _, name = fact.ref.partition(":")
        is_passage = kind == "passage"
        return Citation(
            handle=handle, chunk_id=name if is_passage else "",
            document_id=str(fact.values.get("document_id") or "") if is_passage else "", version=0,
            title=str(fact.values.get("title") or _TITLES.get(kind, kind)), heading="", quote=fact.text,
            source=fact.source, place="", kind=kind, collection="", url="", indexed=self._now,
            modified=_moment_of(fact), ref=fact.ref, tier=fact.tier.value,
        )  # fmt: skip

    def of(self, handles: Sequence[str]) -> tuple[Citation, ...]:
        """The citations of these handles."""
        return tuple(self._citations[handle] for handle in handles)

    def cited(self, sentences: Sequence[Sentence]) -> tuple[Citation, ...]:
        """The citations of these sentences, each once, in order."""
        return self.of(tuple(dict.fromkeys(h for sentence in sentences for h in sentence.handles)))

    def _citation(self, handle: str, quote: Quote) -> Citation:
        hit = quote.hit
        heading, place, tags = hit.heading, hit.place, tuple[str, ...]()
        if self._document_of is not None:
            heading, place = exact(quote.text, hit, self._document_of)
            document = self._document_of(hit)
            tags = document.tags if document is not None else ()
        return Citation(
            handle=handle, chunk_id=hit.chunk_id, document_id=hit.document_id, version=hit.version,
            title=hit.title, heading=heading, quote=quote.text, source=hit.source, place=place,
            kind=hit.kind, collection=hit.collection, url=hit.url, indexed=hit.indexed,
            modified=hit.modified, truncated=hit.truncated, old=(hit.modified or hit.indexed) < self._limit,
            flags=flags_of(hit.text, tags),
        )  # fmt: skip


_TITLES = {"finding": "Finding", "log": "Log", "computed": "Counted", "document": "Document"}


def _moment_of(fact: Fact) -> datetime | None:
    """When what a fact tells of happened, or was written."""
    for name in ("time", "seen", "modified"):
        value = fact.values.get(name)
        if isinstance(value, str):
            with suppress(ValueError):
                moment = datetime.fromisoformat(value)
                return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def notices(citations: Sequence[Citation]) -> list[str]:
    """What the reader must know of the sources: old, or cut short."""
    found = []
    if old := [c for c in citations if c.old]:
        found.append(OLD_NOTICE.format(names=_names(old)))
    cut = [c for c in citations if c.truncated]
    if any(_is_bundled_attack(c) for c in cut):
        found.append(TRUNCATED_NOTICE)
    if others := [c for c in cut if not _is_bundled_attack(c)]:
        found.append(CUT_NOTICE.format(names=_names(others)))
    return found


def _is_bundled_attack(citation: Citation) -> bool:
    return "attack" in f"{citation.collection} {citation.source}".lower()


def _names(citations: Sequence[Citation], *, most: int = 3) -> str:
    names = list(
        dict.fromkeys(f"{c.title} ({(c.modified or c.indexed).date().isoformat()})" for c in citations)
    )
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def nearest(hits: Sequence[Hit], *, most: int = 5) -> tuple[Nearest, ...]:
    """The nearest sources, one a document."""
    first = {hit.document_id: hit for hit in reversed(hits)}
    ordered = [hit for hit in hits if first.get(hit.document_id) is hit]
    return tuple(
        Nearest(
            title=hit.title, source=hit.source, place=hit.place, document_id=hit.document_id,
            chunk_id=hit.chunk_id, url=hit.url, version=hit.version,
        )
        for hit in ordered[:most]
    )  # fmt: skip
