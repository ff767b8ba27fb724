"""Questions, answers and what people think of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from icelos.jobs.copilot.answers import Answer, Event
from icelos.web.routes.access import Here
from icelos.web.schemas import AskRequest, FeedbackRequest, body_of, describe, reply
from icelos.web.streams import respond

router = APIRouter(tags=["copilot"])

Question = Annotated[AskRequest, Depends(body_of(AskRequest))]


@router.post("/api/ask", openapi_extra=describe(takes=AskRequest, gives=Answer))
def ask(wanted: Question, here: Here) -> Response:
    """One whole answer, with its citations."""
    return reply(here.ask(wanted.question, conversation=wanted.conversation, explain=wanted.explain))


@router.post("/api/ask/stream", openapi_extra=describe(takes=AskRequest, gives=Event, stream=True))
def ask_stream(wanted: Question, here: Here, request: Request) -> Response:
    """One answer as it is made: events "status", "sentence", "answer", or "problem"."""
    return respond(
        lambda: here.stream(wanted.question, conversation=wanted.conversation, explain=wanted.explain),
        request.app.state.turns,
    )


@router.post("/api/feedback", status_code=204, openapi_extra=describe(takes=FeedbackRequest))
def feedback(given: Annotated[FeedbackRequest, Depends(body_of(FeedbackRequest))], here: Here) -> Response:
    """Keep a thumb for an answer."""
    here.history.feedback(given.answer_id, given.thumb, principal=here.principal)
    return Response(status_code=204)
