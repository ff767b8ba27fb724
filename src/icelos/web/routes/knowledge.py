"""What answers come from: passages at their place, documents, sources with their freshness."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response

from icelos.knowledge.reading import SourceInfo, StoredDocument
from icelos.web.passages import around, page
from icelos.web.routes.access import Here, Reading
from icelos.web.schemas import (
    QUESTION_LIMIT,
    DocumentView,
    HitList,
    PassageView,
    SourceList,
    SourceView,
    describe,
    reply,
)  # fmt: skip
from icelos.web.services import Services

router = APIRouter(tags=["knowledge"])

HIDDEN = "not there, or not for you"
"""One answer for both: what may not be read must not be told from what does not exist."""


@router.get("/api/passages/{chunk_id}", openapi_extra=describe(gives=PassageView))
def passage(chunk_id: str, here: Here, reader: Reading) -> Response:
    """A passage at its place in its document, in the version that was cited."""
    hit = here.knowledge.passage(chunk_id, principal=reader)
    if hit is None:
        raise HTTPException(404, HIDDEN)
    stored = here.knowledge.document(hit.document_id, principal=reader, version=hit.version)
    if stored is None:
        raise HTTPException(404, HIDDEN)
    parts, before, after = around(stored.document.sections, hit.text, heading=hit.heading, place=hit.place)
    view = PassageView(
        passage=hit, parts=parts, more_before=before, more_after=after, current=stored.valid_to is None,
        old=_old(hit.modified or hit.indexed, here), path=stored.path, licence=stored.document.licence,
        groups=stored.document.groups,
    )  # fmt: skip
    here.record(reader, "passage", chunk_id, document=hit.document_id, version=hit.version)
    return reply(view)


@router.get("/api/search", openapi_extra=describe(gives=HitList))
def search(
    here: Here,
    reader: Reading,
    q: Annotated[str, Query(min_length=1, max_length=QUESTION_LIMIT)],
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Response:
    """The passages that fit a text best, one of each document."""
    hits = tuple(here.knowledge.search(q, k=limit, principal=reader))
    here.record(reader, "search", query=q, shown=[one.chunk_id for one in hits])
    return reply(HitList(hits=hits))


@router.get("/api/documents/{document_id:path}", openapi_extra=describe(gives=DocumentView))
def document(
    document_id: str,
    here: Here,
    reader: Reading,
    version: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    first: Annotated[int, Query(ge=0, le=2**62, description="Number of the first section wanted")] = 0,
) -> Response:
    """A document, the version in force unless told; a long one in pieces."""
    stored = here.knowledge.document(document_id, principal=reader, version=version)
    if stored is None:
        raise HTTPException(404, HIDDEN)
    here.record(reader, "document", document_id, version=stored.version, first=first)
    return reply(_document(stored, first, here))


@router.get("/api/sources", openapi_extra=describe(gives=SourceList))
def sources(here: Here, reader: Reading, request: Request) -> Response:
    """Everything that answers may come from, with its freshness."""
    preparation = request.app.state.prepare.state
    found = here.knowledge.sources(principal=reader)
    view = SourceList(
        sources=tuple(_source(source, here) for source in found),
        documents=sum(source.documents for source in found),
        stale_days=here.settings.knowledge.stale_days,
        preparation=preparation,
    )
    return reply(view)


def _old(moment: datetime, here: Services) -> bool:
    return moment < datetime.now(UTC) - timedelta(days=here.settings.knowledge.stale_days)


def _source(source: SourceInfo, here: Services) -> SourceView:
    return SourceView(
        collection=source.collection, path=source.path, documents=source.documents, passages=source.chunks,
        kinds=source.kinds, indexed=source.indexed, modified=source.modified, truncated=source.truncated,
        licence=source.licence, old=_old(source.modified or source.indexed, here),
    )  # fmt: skip


def _document(stored: StoredDocument, first: int, here: Services) -> DocumentView:
    whole = stored.document
    sections, rest = page(whole.sections, first)
    return DocumentView(
        id=whole.id, title=whole.title, kind=whole.kind, collection=stored.collection, source=whole.source,
        path=stored.path, url=whole.url, version=stored.version, identifiers=whole.identifiers,
        aliases=whole.aliases, tags=whole.tags, facts=dict(whole.facts), indexed=stored.indexed,
        modified=whole.modified, truncated=whole.truncated, old=_old(whole.modified or stored.indexed, here),
        licence=whole.licence, first=first, next=rest, sections=sections,
    )  # fmt: skip
