"""What stands around every model: redaction before it, the cache, and the trace of what was said.

A call goes: hide -> look in the cache -> ask the model -> keep -> write down -> put the values back.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from icelos.contracts import LLM, Message, Reply, Tool, ToolCall
from icelos.errors import ModelError
from icelos.llm.cache import ReplyCache, key
from icelos.llm.client import EndpointLLM
from icelos.llm.meter import PROCESS, Meter
from icelos.llm.redact import Vault
from icelos.llm.schema import violations
from icelos.llm.trace import Trace


class Door:
    """An LLM that wraps another. Safe to share between threads where the other is.

    `setting` is what the cache's keys hold besides the messages: endpoint, model, sampling. With `redact`,
    secrets and personal data, and `known` secrets, are replaced on the way out and put back into the reply.
    """

    def __init__(
        self,
        inner: LLM,
        *,
        setting: Mapping[str, Any],
        redact: bool,
        known: Sequence[str] = (),
        cache: ReplyCache | None = None,
        trace: Trace | None = None,
        meter: Meter = PROCESS,
    ) -> None:
        self.name = inner.name
        self.inner = inner
        self._setting = setting
        self._redact = redact
        self._known = known
        self._cache = cache
        self._trace = trace
        self._meter = meter

    def reply(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] = (),
        schema: Mapping[str, Any] | None = None,
    ) -> Reply:
        """The inner model's reply, or the same one from an earlier call."""
        vault, outgoing = self._hidden(messages)
        with self._noted(outgoing, tools, schema) as note:
            place = key(self._setting, outgoing, tools, schema)
            reply = self._cache.get(place) if self._cache else None
            if reply is None:
                reply = self.inner.reply(outgoing, tools=tools, schema=schema)
                if self._cache:
                    self._cache.put(place, reply)
            note.reply = reply
        restored = vault.restore_reply(reply)
        _check(restored.tool_calls, tools)
        return restored

    def stream(self, messages: Sequence[Message]) -> Iterator[str]:
        """The inner model's reply in pieces; in one piece where it is known from an earlier call."""
        vault, outgoing = self._hidden(messages)
        with closing(self._streamed(outgoing)) as pieces:
            yield from vault.restore_stream(pieces)

    def close(self) -> None:
        """Close the connections and the cache."""
        if isinstance(self.inner, EndpointLLM):
            self.inner.close()
        if self._cache:
            self._cache.close()

    def _streamed(self, outgoing: Sequence[Message]) -> Generator[str, None, None]:
        with self._noted(outgoing, (), None) as note:
            place = key(self._setting, outgoing)
            reply = self._cache.get(place) if self._cache else None
            if reply is not None:
                yield reply.text
            else:
                reply = yield from _pieces(self.inner, outgoing)
                if self._cache:
                    self._cache.put(place, reply)
            note.reply = reply

    def _hidden(self, messages: Sequence[Message]) -> tuple[Vault, Sequence[Message]]:
        vault = Vault(known=self._known)
        return vault, vault.hide_messages(messages) if self._redact else messages

    @contextmanager
    def _noted(
        self, outgoing: Sequence[Message], tools: Sequence[Tool], schema: Mapping[str, Any] | None
    ) -> Iterator[_Note]:
        """Writes the call down however it ends, given up by its reader included."""
        note = _Note()
        error: BaseException | None = None
        started = time.monotonic()
        try:
            yield note
        except BaseException as raised:
            error = raised
            raise
        finally:
            self._meter.replied(cached=bool(note.reply and note.reply.cached), error=error)
            if self._trace:
                self._trace.note(
                    outgoing,
                    tools,
                    schema,
                    model=self.name,
                    seconds=time.monotonic() - started,
                    reply=note.reply,
                    error=error,
                )


def _check(calls: Sequence[ToolCall], tools: Sequence[Tool]) -> None:
    """With the values put back, the arguments must still fit. Raises ModelError."""
    schemas = {tool.name: tool.parameters for tool in tools}
    for call in calls:
        if problems := violations(call.arguments, schemas.get(call.name, {})):
            raise ModelError(
                f"the arguments of tool {call.name} do not fit: {'; '.join(problems)}", retryable=True
            )


class _Note:
    reply: Reply | None = None


def _pieces(inner: LLM, messages: Sequence[Message]) -> Generator[str, None, Reply]:
    """The pieces of a stream, and at the end the whole reply."""
    if isinstance(inner, EndpointLLM):
        return (yield from inner.stream_reply(messages))
    text = []
    for piece in inner.stream(messages):
        text.append(piece)
        yield piece
    return Reply(text="".join(text), model=inner.name)
