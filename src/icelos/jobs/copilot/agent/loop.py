"""A model that calls tools until it can answer: plan, call, observe, and then say, each sentence verified.

Model output is hostile. It can ask for read-only tools with the principal's own rights and for nothing else;
what it says is dropped where no fact that it saw carries it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from icelos.contracts import LLM, Fact, Message, Reply, Tool, ToolCall
from icelos.errors import ModelError
from icelos.jobs.copilot import generate
from icelos.jobs.copilot.agent import facts, prompts
from icelos.jobs.copilot.agent.toolbox import Exhausted, Toolbox
from icelos.jobs.copilot.answers import Sentence
from icelos.jobs.copilot.cite import Citing
from icelos.jobs.copilot.extract import plain
from icelos.jobs.copilot.handles import cited

MOST_CALLS_AT_ONCE = 8
MOST_REFUSED = 5
"""Calls that a model may get wrong, one after the other, before it is told to answer."""


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """What a model made of a question: verified sentences, what was dropped, and why it ended early."""

    sentences: tuple[Sentence, ...] = ()
    dropped: tuple[str, ...] = ()
    ended: str = ""


class Loop:
    """One question under way with one model."""

    def __init__(
        self, llm: LLM, toolbox: Toolbox, citing: Citing, *, now: datetime, native: bool | None = None
    ) -> None:
        self._llm = llm
        self._toolbox = toolbox
        self._citing = citing
        self._now = now
        self._native = True if native is None else native
        self._may_fall_back = native is None
        self._shown: dict[str, Fact] = {}
        self._rows = toolbox.allowance.rows
        self._refused = 0
        self._said: list[Message] = []

    def answer(self, question: str) -> Spoken:
        """Never raises for what a model or a tool does: `ended` says what went wrong."""
        self._said = [Message("system", self._rules()), Message("user", question)]
        ended = ""
        try:
            text = self._until_said()
        except (Exhausted, _Stuck) as limit:
            ended = f"the allowance of {limit} was used up" if isinstance(limit, Exhausted) else str(limit)
            text = self._last_word()
        except ModelError as error:
            return Spoken(ended=f"the model could not be used: {error}")
        return self._checked(text, ended)

    def _until_said(self) -> str:
        for number in range(self._toolbox.allowance.steps):
            reply = self._turn(f"turn {number + 1}")
            calls = self._calls(reply)
            if calls is None:
                return self._text(reply)
            self._observe(reply, calls)
        raise Exhausted(f"{self._toolbox.allowance.steps} turns")

    def _last_word(self) -> str:
        """What the model says without tools; nothing where it cannot be asked any more."""
        if self._toolbox.tokens >= self._toolbox.allowance.tokens:
            return ""
        self._said.append(Message("user", prompts.NOW_ANSWER))
        try:
            self._toolbox.check_time()
            return self._text(self._ask("answer", tools=(), schema=None))
        except (ModelError, Exhausted):
            return ""

    # ---- turns

    def _turn(self, why: str) -> Reply:
        self._toolbox.check_time()
        if self._toolbox.tokens >= self._toolbox.allowance.tokens:
            raise Exhausted(f"{self._toolbox.allowance.tokens} tokens")
        tools = tuple(tool.tool for tool in self._toolbox.tools.values())
        if self._native:
            try:
                return self._ask(why, tools=tools, schema=None)
            except ModelError as error:
                if not self._may_fall_back or error.retryable or self._toolbox.facts:
                    raise
                self._native = False
                self._said[0] = Message("system", self._rules())
        return self._ask(why, tools=(), schema=prompts.ACTION)

    def _ask(self, why: str, *, tools: Sequence[Tool], schema: Any) -> Reply:
        started = time.perf_counter()
        try:
            reply = self._llm.reply(self._said, tools=tools, schema=schema)
        except ModelError as error:
            self._toolbox.spend(
                0, seconds=time.perf_counter() - started, why=why, outcome="failed", note=str(error)
            )
            raise
        tokens = reply.usage.prompt_tokens + reply.usage.completion_tokens
        self._toolbox.spend(
            tokens or _estimated(self._said, reply), seconds=time.perf_counter() - started, why=why
        )
        return reply

    def _calls(self, reply: Reply) -> tuple[ToolCall, ...] | None:
        """What the model asks for; None where it answers."""
        if reply.tool_calls:
            return reply.tool_calls[:MOST_CALLS_AT_ONCE]
        action = _action(reply, self._native)
        if action is None or "tool" not in action:
            return None
        arguments = action.get("arguments")
        return (
            ToolCall(
                f"call_{len(self._said)}",
                str(action["tool"]),
                arguments if isinstance(arguments, dict) else {},
            ),
        )

    def _text(self, reply: Reply) -> str:
        action = _action(reply, self._native)
        return str(action.get("answer", "")) if action is not None else reply.text

    def _observe(self, reply: Reply, calls: Sequence[ToolCall]) -> None:
        if reply.tool_calls:
            self._said.append(Message("assistant", reply.text, tool_calls=tuple(calls)))
        else:
            self._said.append(Message("assistant", reply.text))
        for call in calls:
            text = self._observed(call)
            if reply.tool_calls:
                self._said.append(Message("tool", text, tool_call_id=call.id))
            else:
                self._said.append(Message("user", text))
        if self._refused >= MOST_REFUSED:
            raise _Stuck(f"{self._refused} calls in a row could not be made, or had been made before")

    def _observed(self, call: ToolCall) -> str:
        called = self._toolbox.call(call.name, call.arguments)
        self._refused = self._refused + 1 if called.error or called.again else 0
        text, shown = prompts.observed(called, name=call.name, handle=self._citing.fact, most=self._rows)
        self._rows -= 0 if called.again else shown
        for fact in (*called.facts[:shown], *((called.counted,) if called.counted else ())):
            self._shown[self._citing.fact(fact)] = fact
        return text

    def _rules(self) -> str:
        rules = prompts.rules(self._now)
        if self._native:
            return rules
        return f"{rules}\n\n{prompts.by_json([tool.tool for tool in self._toolbox.tools.values()])}"

    # ---- what was said

    def _checked(self, text: str, ended: str) -> Spoken:
        held: list[Sentence] = []
        dropped: list[str] = []
        for one in generate.sentences_of(text[: generate.LONGEST]):
            if generate.says_nothing(one):
                continue
            bare, handles = cited(one, self._citing.handles)
            sentence = self._carried(plain(bare), [handle for handle in handles if handle in self._shown])
            if sentence is None:
                dropped.append(plain(bare))
            else:
                held.append(sentence)
        return Spoken(sentences=tuple(held), dropped=tuple(dropped), ended=ended)

    def _carried(self, text: str, handles: Sequence[str]) -> Sentence | None:
        """By the facts it cites, else by the one fact that carries it alone."""
        if handles and not self._reason(text, [self._shown[handle] for handle in handles]):
            return Sentence(text=text, handles=tuple(handles))
        for handle, fact in self._shown.items():
            if not self._reason(text, [fact]):
                return Sentence(text=text, handles=(handle,))
        return None

    def _reason(self, text: str, cited: Sequence[Fact]) -> str:
        names = facts.names_of(self._toolbox.facts.values())
        return facts.carried(text, cited, self._toolbox.asked, names=names)


class _Stuck(Exception):
    """The model asks for what cannot be had, again and again."""


def _action(reply: Reply, native: bool) -> dict[str, Any] | None:
    """The action of a model that replies by JSON. Models with native calls may write one as text, too."""
    from icelos.llm.schema import read

    data = reply.data
    if data is None and ('"tool"' in reply.text or '"answer"' in reply.text or not native):
        data, _ = read(reply.text, prompts.ACTION)
    return data if isinstance(data, dict) else None


def _estimated(said: Sequence[Message], reply: Reply) -> int:
    from icelos.llm.wire import estimated

    return estimated(sum(len(message.content) for message in said) + len(reply.text))
