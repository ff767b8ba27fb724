"""The copilot for clients of OpenAI's chat completions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, cast

import msgspec
from anyio import from_thread
from fastapi import APIRouter, Depends, HTTPException, Request, Response

from icelos.contracts import Principal, Where
from icelos.jobs.copilot.answers import Event
from icelos.jobs.copilot.retrieve import Reader
from icelos.web.openai import errors
from icelos.web.openai.conversation import resolved
from icelos.web.openai.errors import OpenAIErrorReply, Refused
from icelos.web.openai.reply import ChatCompletion, ChatCompletionChunk, Told, chunks, told, whole
from icelos.web.openai.request import EXTRACTIVE, MODELS, ChatRequest, read
from icelos.web.prepare import Prepare, until_ready
from icelos.web.problems import problem_of
from icelos.web.routes.access import Asking, Here, one_more_question
from icelos.web.schemas import describe, reply
from icelos.web.services import Services
from icelos.web.streams import respond_as
from icelos.web.turns import Turns

router = APIRouter(tags=["openai"])

STARTED = 1767225600
"""When the models came to be, as the format wants to know: the start of 2026."""


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """One name that `model` may have."""

    id: str
    description: str
    created: int = STARTED
    owned_by: Literal["icelos"] = "icelos"
    object: Literal["model"] = "model"


class ModelList(msgspec.Struct, frozen=True, kw_only=True):
    """Every name that `model` may have."""

    data: tuple[ModelCard, ...]
    object: Literal["list"] = "list"


async def chat_request(request: Request) -> tuple[ChatRequest, tuple[str, ...]]:
    """The body, and what of it is ignored. Raises Refused, or HTTPException 415 for another type."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "the body must be application/json")
    return read(await request.body())


Wanted = Annotated[tuple[ChatRequest, tuple[str, ...]], Depends(chat_request)]


@router.get("/v1/models", openapi_extra=describe(gives=ModelList, fails=OpenAIErrorReply))
def models(_: Asking) -> Response:
    """The names that `model` may have."""
    return reply(ModelList(data=tuple(ModelCard(id=name, description=told) for name, told in MODELS.items())))


@router.get("/v1/models/{model}", openapi_extra=describe(gives=ModelCard, fails=OpenAIErrorReply))
def model(model: str, _: Asking) -> Response:
    """One of them."""
    if model not in MODELS:
        raise Refused(f"no model {model!r}", param="model", code="model_not_found", status=404)
    return reply(ModelCard(id=model, description=MODELS[model]))


@router.post(
    "/v1/chat/completions",
    dependencies=[Depends(one_more_question)],
    openapi_extra=describe(
        takes=ChatRequest, gives=ChatCompletion, streams=ChatCompletionChunk, fails=OpenAIErrorReply
    ),
)
async def chat_completions(read: Wanted, here: Here, asker: Asking, request: Request) -> Response:
    """Answer the last user message, whole or with `stream` in chunks."""
    wanted, ignored = read
    turns = cast("Turns", request.app.state.turns)

    def steps() -> Iterator[Told]:
        return told(_events(wanted, here, asker, request), wanted, ignored)

    if wanted.stream:
        usage = bool(wanted.stream_options and wanted.stream_options.include_usage)
        return respond_as(
            lambda: _with_end(chunks(steps(), wanted.model, usage=usage)), turns, write=_frame, fail=_failed
        )

    def answer() -> Response:
        if from_thread.run(request.is_disconnected):
            raise HTTPException(408, "the client left before its turn came")
        return reply(whole(steps(), wanted.model))

    async with turns.turn():
        return await turns.work(answer)


def _events(wanted: ChatRequest, here: Services, asker: Principal, request: Request) -> Iterator[Event]:
    """Wait for the knowledge, fill in what the question takes from those before it, then answer."""
    yield from until_ready(cast("Prepare", request.app.state.prepare))
    question = resolved(wanted.asked, Reader(here.knowledge, asker, Where()).lookup)
    yield from here.stream_once(question, principal=asker, extractive=wanted.model == EXTRACTIVE)


def _with_end(found: Iterator[ChatCompletionChunk]) -> Iterator[ChatCompletionChunk | None]:
    """The chunks, and None for the mark that ends a good stream."""
    yield from found
    yield None


def _frame(chunk: ChatCompletionChunk | None) -> bytes:
    return b"data: [DONE]\n\n" if chunk is None else b"data: %s\n\n" % msgspec.json.encode(chunk)


def _failed(error: Exception) -> bytes:
    return b"data: %s\n\n" % errors.body(problem_of(error), error)
