"""The tool `ask`: one answer of the copilot in its turn, with progress, given up when nobody waits for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple, Self, TypeVar

from icelos.contracts import Principal, Right, Tool
from icelos.errors import InputError
from icelos.jobs.copilot.answers import Answer, Event
from icelos.llm.schema import violations
from icelos.web.prepare import Prepare, until_ready
from icelos.web.schemas import QUESTION_LIMIT
from icelos.web.services import Services
from icelos.web.streams import Making
from icelos.web.turns import Turns

T = TypeVar("T")

ASK = Tool(
    "ask",
    "Have a question answered from the organisation's sources and findings, each sentence with its citation."
    " For a follow-up give the `conversation` of the answer before.",
    {
        "type": "object",
        "properties": {
            "question": {"type": "string", "minLength": 1, "maxLength": QUESTION_LIMIT},
            "conversation": {"type": "string", "maxLength": 200},
        },
        "required": ["question"],
        "additionalProperties": False,
    },
)


class Asked(NamedTuple):
    """A question, and the conversation that it goes on with."""

    question: str
    conversation: str = ""

    @classmethod
    def of(cls, arguments: Mapping[str, Any], principal: Principal) -> Self:
        """Raises InputError for arguments that do not fit, and without the right."""
        if Right.ASK not in principal.rights:
            raise InputError(f"this needs the right {Right.ASK.value!r}, which you do not have")
        if problems := violations(dict(arguments), ASK.parameters):
            raise InputError(f"the arguments do not fit: {'; '.join(problems)}")
        if not any(character.isalnum() for character in arguments["question"]):
            raise InputError("the question is empty")
        return cls(arguments["question"], arguments.get("conversation", ""))


class Door:
    """The services behind the protocol, and the turns in which they are used."""

    def __init__(self, here: Services, turns: Turns, prepare: Prepare) -> None:
        self.here = here
        self._turns = turns
        self._prepare = prepare

    async def in_turn(self, call: Callable[[], T]) -> T:
        """`call` in a thread, in its turn. Raises HTTPException 503 where that does not come."""
        async with self._turns.turn():
            return await self._turns.work(call)

    async def ask(
        self, asked: Asked, principal: Principal, progress: Callable[[str], Awaitable[None]]
    ) -> Answer:
        """The answer; each phase and sentence is told on the way. Raises what the copilot raises."""
        self._turns.check()
        making: Making[Event, Event | Exception] = Making(
            partial(self._events, asked, principal), self._turns, write=_as_it_is, fail=_as_it_is
        )
        try:
            while (made := await making.made.get()) is not None:
                if isinstance(made, Exception):
                    raise made
                if made.answer is not None:
                    return made.answer
                await progress(made.sentence.text if made.sentence else made.text)
        finally:
            making.leave()
        raise AssertionError("a stream ends with its answer")

    def _events(self, asked: Asked, principal: Principal) -> Iterator[Event]:
        yield from until_ready(self._prepare)
        yield from self.here.stream(
            asked.question, principal=principal, conversation=asked.conversation, explain=False
        )


def _as_it_is(made: T) -> T:
    return made
