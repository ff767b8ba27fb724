"""An answer in its turn; who gives it up stops the work."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import cast

import pytest
from fastapi import HTTPException

from icelos.contracts import Principal, Right
from icelos.errors import InputError, StoreError
from icelos.jobs.copilot.answers import Answer, Event, Sentence, Status
from icelos.web.mcp.asking import Asked, Door
from icelos.web.prepare import Prepare
from icelos.web.services import Services
from icelos.web.turns import Turns

ANN = Principal("ann")


class Scripted:
    """Services whose answer takes as long as is wanted."""

    def __init__(self, *, endless: bool = False, error: Exception | None = None) -> None:
        self.endless, self.error = endless, error
        self.ended = threading.Event()

    def stream(self, question: str, **_: object) -> Iterator[Event]:
        try:
            yield Event(kind="status", text="searching")
            while self.endless:
                threading.Event().wait(0.01)
                yield Event(kind="sentence", sentence=Sentence(text="more", handles=()))
            if self.error:
                raise self.error
            yield Event(kind="answer", answer=Answer(question=question, status=Status.ANSWERED))
        finally:
            self.ended.set()


class Ready:
    def waiting(self) -> Iterator[None]:
        return iter(())


def door(here: Scripted, turns: Turns) -> Door:
    return Door(cast("Services", here), turns, cast("Prepare", Ready()))


async def ask(here: Scripted, told: list[str]) -> Answer:
    async def progress(text: str) -> None:
        told.append(text)

    return await door(here, Turns(1)).ask(Asked("What?"), ANN, progress)


def test_progress_comes_before_the_answer() -> None:
    told: list[str] = []
    answer = asyncio.run(ask(Scripted(), told))
    assert answer.question == "What?"
    assert told == ["searching"]


def test_what_the_copilot_raises_comes_out() -> None:
    with pytest.raises(StoreError):
        asyncio.run(ask(Scripted(error=StoreError("locked")), []))


def test_a_question_that_is_given_up_stops() -> None:
    here, told = Scripted(endless=True), cast("list[str]", [])

    async def run() -> None:
        task = asyncio.create_task(ask(here, told))
        while "more" not in told:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(here.ended.wait, 10)

    asyncio.run(run())


def test_a_full_queue_is_told() -> None:
    async def run() -> None:
        turns = Turns(1, waiting=0)
        with pytest.raises(HTTPException):
            await door(Scripted(), turns).ask(Asked("What?"), ANN, _nothing)

    asyncio.run(run())


async def _nothing(_: str) -> None:
    pass


def test_a_question_is_checked() -> None:
    assert Asked.of({"question": "What?"}, ANN) == Asked("What?")
    for arguments in ({}, {"question": ""}, {"question": " ? "}, {"question": "x" * 9000}, {"question": 1}):
        with pytest.raises(InputError):
            Asked.of(arguments, ANN)
    with pytest.raises(InputError, match="'ask'"):
        Asked.of({"question": "What?"}, Principal("bob", rights=frozenset({Right.READ})))
