"""What a reply costs, and what becomes of a question that could not be answered."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from icelos.contracts import Usage
from icelos.jobs.copilot.answers import Answer, Event, Status
from icelos.llm.meter import PROCESS
from icelos.web.openai.errors import Refused
from icelos.web.openai.reply import chunks, told, whole
from icelos.web.openai.request import ChatRequest, read


def wanted() -> ChatRequest:
    messages = [{"role": "user", "content": "What is it?"}]
    return read(json.dumps({"model": "icelos", "messages": messages}).encode())[0]


def events(status: Status = Status.ANSWERED, *, spent: Usage | None = None) -> Iterator[Event]:
    yield Event(kind="status", text="searching")
    if spent is not None:
        PROCESS.charge(spent)
    yield Event(kind="answer", answer=Answer(question="q", status=status, notices=("So it is.",)))


def test_usage_is_the_models_where_one_was_called() -> None:
    reply = whole(told(events(spent=Usage(120, 30)), wanted(), ()), "icelos")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (120, 30)
    assert reply.icelos.usage == "model"


def test_usage_is_estimated_else_and_says_so() -> None:
    PROCESS.charge(Usage(5, 5))  # somebody else's
    reply = whole(told(events(), wanted(), ()), "icelos")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (3, 3)
    assert reply.icelos.usage == "estimated"


def test_a_question_that_fails_is_an_error() -> None:
    with pytest.raises(Refused) as caught:
        whole(told(events(Status.FAILED), wanted(), ()), "icelos")
    assert caught.value.status_code == 503


def test_phases_come_as_chunks_without_text() -> None:
    found = list(chunks(told(events(), wanted(), ()), "icelos", usage=False))
    assert [chunk.icelos_phase for chunk in found] == [None, "searching", None, None]
    assert found[-1].choices[0].finish_reason == "stop"
