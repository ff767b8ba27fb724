"""Chat completions and their chunks, as OpenAI's clients read them, out of the copilot's events.

`annotations` cite addresses by their place in the text. The member `icelos` has the whole of it: status,
citations with quotes and versions, notices, what was ignored. Clients that do not know it pass it on.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from icelos.jobs.copilot.answers import Answer, Citation, Event, Nearest, Status
from icelos.llm.meter import Meter, counted
from icelos.web.openai.errors import Refused
from icelos.web.openai.request import CHARACTERS_PER_TOKEN, ChatRequest
from icelos.web.openai.telling import Bounded, Mark, Telling, address, pieces, safe

Finish = Literal["stop", "length"]


class UrlCitation(msgspec.Struct, frozen=True, kw_only=True):
    """An address that carries the sentence before `start_index`."""

    url: str
    title: str
    start_index: int
    end_index: int


class Annotation(msgspec.Struct, frozen=True, kw_only=True):
    """A citation by its place in the content."""

    url_citation: UrlCitation
    type: Literal["url_citation"] = "url_citation"


class ChatUsage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens. `icelos.usage` tells whose."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Extension(msgspec.Struct, frozen=True, kw_only=True):
    """What chat completions have no place for.

    `question` is the one that was answered, follow-ups filled in. `usage` is "model" where the tokens are
    those of the configured model's calls, and "estimated" (four characters each) where no model was called.
    """

    status: Status
    question: str
    citations: tuple[Citation, ...]
    notices: tuple[str, ...]
    nearest: tuple[Nearest, ...]
    dropped: tuple[str, ...]
    made_by: Mapping[str, str]
    seconds: float
    usage: Literal["model", "estimated"]
    ignored: tuple[str, ...]


class ReplyMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What the copilot says."""

    content: str
    annotations: tuple[Annotation, ...]
    role: Literal["assistant"] = "assistant"
    refusal: None = None


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The one choice."""

    message: ReplyMessage
    finish_reason: Finish
    index: int = 0
    logprobs: None = None


class ChatCompletion(msgspec.Struct, frozen=True, kw_only=True):
    """A whole reply. `created` is in seconds since 1970."""

    id: str
    created: int
    model: str
    choices: tuple[Choice, ...]
    usage: ChatUsage
    icelos: Extension
    object: Literal["chat.completion"] = "chat.completion"


class Delta(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a chunk adds."""

    role: Literal["assistant", ""] = ""
    content: str | None = None
    annotations: tuple[Annotation, ...] = ()


class ChunkChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The one choice of a chunk."""

    delta: Delta
    finish_reason: Finish | None = None
    index: int = 0
    logprobs: None = None


class ChatCompletionChunk(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a streamed reply; the last one with a choice has the annotations and `icelos`.

    `icelos_phase` says what is being done while there is no text yet.
    """

    id: str
    created: int
    model: str
    choices: tuple[ChunkChoice, ...]
    usage: ChatUsage | None = None
    icelos: Extension | None = None
    icelos_phase: str | None = None
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a reply: text to add, a phase, or the end."""

    text: str = ""
    phase: str = ""
    end: Ending | None = None


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a reply ended."""

    finish: Finish
    annotations: tuple[Annotation, ...]
    usage: ChatUsage
    icelos: Extension


def told(events: Iterator[Event], wanted: ChatRequest, ignored: Sequence[str]) -> Iterator[Told]:
    """The steps of a reply, within its stops and its length; the end is last.

    Raises Refused, 503, where the question could not be answered.
    """
    telling, bounded = Telling(), Bounded(wanted.stops, wanted.characters)
    with counted() as meter:
        for text, event in pieces(events, telling):
            answer = event.answer
            if answer is not None and answer.status is Status.FAILED:
                raise Refused("; ".join(answer.notices), code="failed", status=503)
            shown = bounded.add(text) + (bounded.end() if answer is not None else "")
            if shown or event.text:
                yield Told(text=shown, phase=event.text)
            if answer is not None:
                yield Told(end=_end(answer, wanted, telling.marks, bounded, meter, ignored))


def _end(
    answer: Answer, wanted: ChatRequest, marks: Sequence[Mark], bounded: Bounded, meter: Meter,
    ignored: Sequence[str],
) -> Ending:  # fmt: skip
    spent = meter.used.usage
    is_model = spent.prompt_tokens + spent.completion_tokens > 0
    prompt, completion = spent.prompt_tokens, spent.completion_tokens
    if not is_model:
        prompt = _estimated(sum(len(message.text) for message in wanted.messages))
        completion = _estimated(bounded.length)
    return Ending(
        finish="length" if bounded.finish == "length" else "stop",
        annotations=tuple(_annotations(answer.citations, [m for m in marks if m.end <= bounded.length])),
        usage=ChatUsage(
            prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion
        ),
        icelos=Extension(
            status=answer.status, question=answer.question, citations=answer.citations,
            notices=answer.notices, nearest=answer.nearest, dropped=answer.dropped, made_by=answer.made_by,
            seconds=answer.seconds, usage="model" if is_model else "estimated", ignored=tuple(ignored),
        ),
    )  # fmt: skip


def _estimated(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)


def _annotations(citations: Sequence[Citation], marks: Sequence[Mark]) -> Iterator[Annotation]:
    cited = {citation.handle: citation for citation in citations}
    for mark in marks:
        citation = cited.get(mark.handle)
        if citation is not None and address(citation.url):
            yield Annotation(
                url_citation=UrlCitation(
                    url=address(citation.url),
                    title=safe(citation.title),
                    start_index=mark.start,
                    end_index=mark.end,
                )
            )


def whole(steps: Iterator[Told], model: str) -> ChatCompletion:
    """The steps as one reply."""
    content = ""
    for step in steps:
        content += step.text
        if step.end is not None:
            message = ReplyMessage(content=content, annotations=step.end.annotations)
            choice = Choice(message=message, finish_reason=step.end.finish)
            return ChatCompletion(
                id=_new_id(), created=int(time.time()), model=model, choices=(choice,),
                usage=step.end.usage, icelos=step.end.icelos,
            )  # fmt: skip
    raise AssertionError("a reply ends with its end")


def chunks(steps: Iterator[Told], model: str, *, usage: bool) -> Iterator[ChatCompletionChunk]:
    """The steps as chunks: the role, text and phases, the end, and where it is wanted the usage."""
    first = ChatCompletionChunk(
        id=_new_id(), created=int(time.time()), model=model,
        choices=(ChunkChoice(delta=Delta(role="assistant", content="")),),
    )  # fmt: skip
    yield first
    replace = msgspec.structs.replace
    for step in steps:
        if step.end is not None:
            delta = Delta(annotations=step.end.annotations)
            choice = ChunkChoice(delta=delta, finish_reason=step.end.finish)
            yield replace(first, choices=(choice,), icelos=step.end.icelos)
            if usage:
                yield replace(first, choices=(), usage=step.end.usage)
        elif step.text:
            yield replace(first, choices=(ChunkChoice(delta=Delta(content=step.text)),))
        else:
            yield replace(first, choices=(ChunkChoice(delta=Delta()),), icelos_phase=step.phase)


def _new_id() -> str:
    return f"chatcmpl-{uuid.uuid4().hex}"
