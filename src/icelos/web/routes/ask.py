"""Questions, answers and what people think of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, cast

from anyio import from_thread
from fastapi import APIRouter, Depends, HTTPException, Request, Response

from icelos.contracts import Principal
from icelos.jobs.copilot.answers import Answer, Event
from icelos.web.prepare import Prepare, until_ready
from icelos.web.routes.access import Asking, Here, Writing, one_more_question
from icelos.web.schemas import AskRequest, FeedbackRequest, body_of, describe, reply
from icelos.web.services import Services
from icelos.web.streams import respond
from icelos.web.turns import Turns

router = APIRouter(tags=["copilot"])

Question = Annotated[AskRequest, Depends(body_of(AskRequest))]


ONE_MORE = [Depends(one_more_question)]


@router.post("/api/ask", dependencies=ONE_MORE, openapi_extra=describe(takes=AskRequest, gives=Answer))
async def ask(wanted: Question, here: Here, asker: Asking, request: Request) -> Response:
    """One whole answer, with its citations."""

    def answer() -> Response:
        if from_thread.run(request.is_disconnected):
            raise HTTPException(408, "the client left before its turn came")
        *_, last = _events(wanted, here, asker, request)
        return reply(last.answer)

    turns = _turns(request)
    async with turns.turn():
        return await turns.work(answer)


@router.post(
    "/api/ask/stream", dependencies=ONE_MORE,
    openapi_extra=describe(takes=AskRequest, gives=Event, stream=True),
)  # fmt: skip
async def ask_stream(wanted: Question, here: Here, asker: Asking, request: Request) -> Response:
    """One answer as it is made: events "status", "sentence", "answer", or "problem"."""
    return respond(lambda: _events(wanted, here, asker, request), _turns(request))


def _turns(request: Request) -> Turns:
    return cast("Turns", request.app.state.turns)


def _events(wanted: AskRequest, here: Services, asker: Principal, request: Request) -> Iterator[Event]:
    """Wait for the bundled knowledge where it is still being indexed, then answer; the answer is last."""
    yield from until_ready(cast("Prepare", request.app.state.prepare))
    yield from here.stream(
        wanted.question, principal=asker, conversation=wanted.conversation, explain=wanted.explain
    )


@router.post("/api/feedback", status_code=204, openapi_extra=describe(takes=FeedbackRequest))
def feedback(
    given: Annotated[FeedbackRequest, Depends(body_of(FeedbackRequest))], here: Here, writer: Writing
) -> Response:
    """Keep a thumb for an answer."""
    if here.history.answer(given.answer_id, principal=writer) is None:
        raise HTTPException(404, "no such answer, or not yours")
    with here.audit.doing(writer, "feedback", given.answer_id, thumb=given.thumb):
        here.history.feedback(given.answer_id, given.thumb, principal=writer)
    return Response(status_code=204)
