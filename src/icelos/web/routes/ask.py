"""Questions, answers and what people think of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Annotated, cast

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from icelos.jobs.copilot.answers import Answer, Event
from icelos.web.prepare import Prepare
from icelos.web.routes.access import Here
from icelos.web.schemas import AskRequest, FeedbackRequest, body_of, describe, reply
from icelos.web.services import Services
from icelos.web.streams import respond

router = APIRouter(tags=["copilot"])

WAIT_SECONDS = 60.0
"""How long a question without a stream waits for its turn."""

Question = Annotated[AskRequest, Depends(body_of(AskRequest))]


@router.post("/api/ask", openapi_extra=describe(takes=AskRequest, gives=Answer))
def ask(wanted: Question, here: Here, request: Request) -> Response:
    """One whole answer, with its citations."""
    turns = cast("threading.BoundedSemaphore", request.app.state.turns)
    if not turns.acquire(timeout=WAIT_SECONDS):
        raise HTTPException(503, "too many questions at once: try again", {"retry-after": "5"})
    try:
        *_, last = _events(wanted, here, request)
        return reply(last.answer)
    finally:
        turns.release()


@router.post("/api/ask/stream", openapi_extra=describe(takes=AskRequest, gives=Event, stream=True))
def ask_stream(wanted: Question, here: Here, request: Request) -> Response:
    """One answer as it is made: events "status", "sentence", "answer", or "problem"."""
    return respond(lambda: _events(wanted, here, request), request.app.state.turns)


def _events(wanted: AskRequest, here: Services, request: Request) -> Iterator[Event]:
    """Wait for the bundled knowledge where it is still being indexed, then answer; the answer is last."""
    prepare = cast("Prepare", request.app.state.prepare)
    for state in prepare.waiting():
        share = f": {state.done:,} of {state.total:,}" if state.total else ""
        yield Event(kind="status", text=f"indexing the bundled knowledge{share}")
    yield from here.stream(wanted.question, conversation=wanted.conversation, explain=wanted.explain)


@router.post("/api/feedback", status_code=204, openapi_extra=describe(takes=FeedbackRequest))
def feedback(given: Annotated[FeedbackRequest, Depends(body_of(FeedbackRequest))], here: Here) -> Response:
    """Keep a thumb for an answer."""
    here.history.feedback(given.answer_id, given.thumb, principal=here.principal)
    return Response(status_code=204)
