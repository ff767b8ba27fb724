"""Conversations: list, read, delete."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response

from icelos.web.routes.access import Asking, Here
from icelos.web.schemas import ConversationList, ConversationView, describe, reply

router = APIRouter(tags=["conversations"])


@router.get("/api/conversations", openapi_extra=describe(gives=ConversationList))
def conversations(here: Here, asker: Asking, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Response:
    """The conversations, the latest first."""
    found = here.history.conversations(principal=asker, limit=limit)
    return reply(ConversationList(conversations=tuple(found)))


@router.get("/api/conversations/{conversation}", openapi_extra=describe(gives=ConversationView))
def conversation(conversation: str, here: Here, asker: Asking) -> Response:
    """One conversation with its answers."""
    turns = here.history.turns(conversation, principal=asker)
    if not turns:
        raise HTTPException(404, "no such conversation")
    here.record(asker, "conversation", conversation)
    ids = {turn.answer.answer_id for turn in turns}
    given = here.history.given(principal=asker)
    thumbs = {one.answer_id: one.thumb for one in given if one.answer_id in ids}
    return reply(ConversationView(conversation=conversation, turns=tuple(turns), thumbs=dict(thumbs)))


@router.delete("/api/conversations/{conversation}", status_code=204, openapi_extra=describe())
def forget(conversation: str, here: Here, asker: Asking) -> Response:
    """Delete one conversation."""
    here.record(asker, "conversation.forget", conversation)
    if here.history.forget(conversation, principal=asker) == 0:
        raise HTTPException(404, "no such conversation")
    return Response(status_code=204)
