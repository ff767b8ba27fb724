"""A model behind any OpenAI-compatible endpoint: chat, tools, JSON by schema, streams.

    with EndpointLLM(settings.llm) as llm:
        llm.reply([Message("user", "Say hi.")]).text

Every call is bounded: in time (one try, and all of them together), in tries, in bytes, in calls at once, and
by the budget. Whatever goes wrong is one ModelError. Knows nothing of caches, traces and redaction: `connect`
puts those around it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, TypeVar

import msgspec

from icelos.contracts import Message, Reply, Tool, Usage
from icelos.errors import ModelError
from icelos.llm import refusal, sse, wire
from icelos.llm import schema as json_schema
from icelos.llm.budget import Budget
from icelos.llm.dialect import Dialect, adapted
from icelos.llm.retry import retrying
from icelos.llm.transport import Transport
from icelos.settings import LLMSettings

NO_NETWORK = False
"""Where true, any call that would leave this machine raises. The tests set it."""
REPAIRS = 2
"""Further rounds in which the model is told what was wrong with its JSON or its tool call."""
QUOTED_BACK = 4000
"""Characters of an unusable reply that are shown to the model again."""

Body = dict[str, Any]
T = TypeVar("T")


class EndpointLLM:
    """An LLM over HTTP. Safe to share between threads; `close()` it, or use it as a context manager.

    Raises SettingsError for an address or key that cannot be used. A call raises ModelError, `retryable`
    where the same call may succeed later, and BudgetError where the budget is used up.
    """

    def __init__(self, settings: LLMSettings, *, budget: Budget | None = None) -> None:
        self.name = settings.model or "default"
        self.budget = Budget.of(settings) if budget is None else budget
        self._settings = settings
        self._transport = Transport(settings)
        self._dialect = Dialect()
        self._schema_levels: dict[bytes, str] = {}

    @property
    def host(self) -> str:
        """Host and port of the endpoint."""
        return self._transport.host

    @property
    def local(self) -> bool:
        """Whether the endpoint is on this machine."""
        return self._transport.local

    def close(self) -> None:
        """Close the connections; calls under way fail."""
        self._transport.close()

    def __enter__(self) -> EndpointLLM:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def reply(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] = (),
        schema: Mapping[str, Any] | None = None,
    ) -> Reply:
        """One reply; with a schema, `data` fits it, and what tools are asked for fits theirs.

        `usage` is that of all rounds together.
        """
        for one in (schema, *(tool.parameters for tool in tools)):
            if one is not None:
                json_schema.check(one)
        deadline = time.monotonic() + self._settings.total_timeout_s
        said, spent = list(messages), Usage()
        for _ in range(REPAIRS + 1):
            whole, usage = self._ask(said, tools, schema, deadline)
            spent = _sum(spent, usage)
            reply, problem = self._read(whole, tools, schema, spent)
            if reply is not None:
                return reply
            said += _correction(whole.text, problem)
        raise ModelError(
            f"the model gave nothing usable in {REPAIRS + 1} tries: {problem}",
            source=self.host,
            hint="a larger model or a higher llm.reply_tokens may help",
            retryable=True,
        )

    def stream(self, messages: Sequence[Message]) -> Iterator[str]:
        """The reply in pieces as they come; closing the iterator ends the call."""
        yield from self.stream_reply(messages)

    def stream_reply(self, messages: Sequence[Message]) -> Generator[str, None, Reply]:
        """The pieces, and at the end the whole reply as the generator's value.

        Tries again only while nothing has been given out.
        """
        deadline = time.monotonic() + self._settings.total_timeout_s
        first, rest = self._adapting(None, deadline, lambda d, left: self._begin(messages, d, left))
        with closing(rest):
            if first:
                yield first
            return (yield from rest)

    def _ask(
        self,
        said: Sequence[Message],
        tools: Sequence[Tool],
        schema: Mapping[str, Any] | None,
        deadline: float,
    ) -> tuple[wire.Completion, Usage]:
        def once(dialect: Dialect, left: float) -> tuple[wire.Completion, Usage]:
            body = wire.request(said, self._settings, dialect, tools=tools, schema=schema)
            return self._exchange(body, said, left)

        return self._adapting(schema, deadline, once)

    def _adapting(
        self, schema: Mapping[str, Any] | None, deadline: float, once: Callable[[Dialect, float], T]
    ) -> T:
        """`once(dialect, seconds left)`, again where it may help, in the endpoint's own dialect."""
        key = msgspec.json.encode(schema, order="sorted")
        dialect = replace(self._dialect, schema=self._schema_levels.get(key, "json_schema"))
        while True:
            try:
                result = retrying(
                    lambda left, known=dialect: once(known, left),  # type: ignore[misc]
                    retries=self._settings.max_retries,
                    deadline=deadline,
                )
            except refusal.EndpointError as error:
                step = adapted(dialect, error, schema=schema is not None)
                if step is None:
                    raise
                dialect = step
            else:
                self._dialect, self._schema_levels[key] = dialect, dialect.schema
                return result

    def _exchange(self, body: Body, said: Sequence[Message], left: float) -> tuple[wire.Completion, Usage]:
        """One request and its reply, counted and charged whatever comes of it."""
        seconds = self._start(left)
        started = time.monotonic()
        usage = Usage()
        try:
            whole = wire.completion(self._transport.post(body, seconds=seconds))
            self._check(whole)
            usage = wire.usage(whole.usage, said, whole.text, self._settings)
        finally:
            usage = msgspec.structs.replace(usage, seconds=time.monotonic() - started)
            self.budget.charge(usage)
        return whole, usage

    def _begin(
        self, messages: Sequence[Message], dialect: Dialect, left: float
    ) -> tuple[str, Generator[str, None, Reply]]:
        """A stream that has begun: its first piece, and the rest."""
        body = wire.request(messages, self._settings, dialect, stream=True)
        pieces = self._pieces(body, messages, left)
        return next(pieces), pieces

    def _pieces(self, body: Body, said: Sequence[Message], left: float) -> Generator[str, None, Reply]:
        """The pieces of one streamed exchange, at least one, counted and charged whatever comes of it."""
        seconds = self._start(left)
        started = time.monotonic()
        got = wire.Streamed()
        usage = Usage()
        try:
            with self._transport.open(body, seconds=seconds) as (is_events, chunks):
                events = sse.data(chunks) if is_events else iter([b"".join(chunks), sse.DONE])
                for event in events:
                    whole = got.add(event)
                    self._check(whole)
                    if whole.text:
                        yield whole.text
        finally:
            usage = wire.usage(got.tokens, said, got.text, self._settings)
            usage = msgspec.structs.replace(usage, seconds=time.monotonic() - started)
            self.budget.charge(usage)
        if not got.text:
            yield ""
        return got.reply(self._settings, usage)

    def _start(self, left: float) -> float:
        """Seconds for one try. Raises BudgetError, and ModelError where calls are switched off."""
        if NO_NETWORK and not self.local:
            raise ModelError("model calls that leave this machine are switched off", source=self.host)
        self.budget.start()
        bounds = [left, self._settings.timeout_s, self.budget.seconds_left()]
        return max(0.001, min(bound for bound in bounds if bound is not None))

    def _check(self, whole: wire.Completion) -> None:
        """Raises ModelError for an error that came with status 200, at once or in mid stream."""
        if whole.error:
            text = self._transport.scrubbed(refusal.said(msgspec.json.encode({"error": whole.error})))
            raise ModelError(f"the endpoint failed: {text}", source=self.host, retryable=True)

    def _read(
        self,
        whole: wire.Completion,
        tools: Sequence[Tool],
        schema: Mapping[str, Any] | None,
        spent: Usage,
    ) -> tuple[Reply | None, str]:
        """The reply, or what the model must mend."""
        try:
            reply = wire.reply(whole, tools, self._settings, spent)
        except wire.BrokenCall as error:
            return None, error.message
        if schema is None or reply.tool_calls:
            return reply, ""
        data, problems = json_schema.read(reply.text, schema)
        if problems:
            cut = f"cut off at {self._settings.reply_tokens} tokens; " if reply.truncated else ""
            return None, cut + "; ".join(problems)
        return msgspec.structs.replace(reply, data=data), ""


def _correction(text: str, problem: str) -> list[Message]:
    """What the model said, and what was wrong with it."""
    return [
        Message("assistant", text[:QUOTED_BACK] or "(nothing)"),
        Message("user", f"That cannot be used: {problem}. Reply again, corrected, and with nothing else."),
    ]


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        *(a + b for a, b in zip(msgspec.structs.astuple(one), msgspec.structs.astuple(other), strict=True))
    )
