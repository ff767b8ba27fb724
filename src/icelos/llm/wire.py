"""The chat-completions format of OpenAI-compatible endpoints: our messages to it, its replies to ours.

Format: OpenAI API reference, "Create chat completion", as vLLM, llama.cpp, Ollama and NIM serve it. What
servers leave out or spell their own way (usage, arguments as an object) is accepted; what is not a
completion at all is a ModelError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from icelos.contracts import Message, Reply, Tool, ToolCall, Usage
from icelos.errors import ModelError
from icelos.llm import sse
from icelos.llm.dialect import Dialect
from icelos.llm.schema import NotJSON, parse, violations
from icelos.settings import LLMSettings

MAX_TOOL_CALLS = 64
MAX_NAME = 128
CHARACTERS_PER_TOKEN = 4
"""For servers that report no usage: about right for English, and never zero."""


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class _Call(msgspec.Struct):
    id: str | None = None
    function: _Function | None = None


class _Part(msgspec.Struct):
    text: str | None = None


class _Said(msgspec.Struct):
    content: str | list[_Part] | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    message: _Said | None = None
    delta: _Said | None = None
    finish_reason: str | None = None


class Tokens(msgspec.Struct):
    """Tokens as the server counts them."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Completion(msgspec.Struct):
    """A whole reply, or one event of a streamed one."""

    choices: list[_Choice] = []
    usage: Tokens | None = None
    error: Any = None
    model: str | None = None

    @property
    def finish(self) -> str:
        return (self.choices[0].finish_reason or "") if self.choices else ""

    @property
    def said(self) -> _Said:
        """What the first choice says; empty where there is none."""
        return (self.choices[0].message or self.choices[0].delta or _Said()) if self.choices else _Said()

    @property
    def text(self) -> str:
        content = self.said.content
        if isinstance(content, list):
            content = "".join(part.text or "" for part in content)
        return content or self.said.refusal or ""


def request(
    messages: Sequence[Message],
    settings: LLMSettings,
    dialect: Dialect,
    *,
    tools: Sequence[Tool] = (),
    schema: Mapping[str, Any] | None = None,
    stream: bool = False,
) -> dict[str, Any]:
    """The body of a request."""
    if schema is not None and dialect.schema != "json_schema":
        messages = with_schema(messages, schema)
    body: dict[str, Any] = {"model": settings.model, "messages": [_message(one) for one in messages]}
    body[dialect.limit] = settings.reply_tokens
    if dialect.temperature:
        body["temperature"] = settings.temperature
    if tools:
        body["tools"] = [{"type": "function", "function": msgspec.to_builtins(tool)} for tool in tools]
    if schema is not None and dialect.schema != "prompt":
        body["response_format"] = _format(schema, dialect)
    if stream:
        body["stream"] = True
        if dialect.stream_usage:
            body["stream_options"] = {"include_usage": True}
    return body


def with_schema(messages: Sequence[Message], schema: Mapping[str, Any]) -> list[Message]:
    """The conversation with the schema in its system message, for servers that do not enforce one."""
    text = (
        "Reply with one JSON value that fits this JSON schema, and nothing else: "
        + msgspec.json.encode(schema).decode()
    )
    if messages and messages[0].role == "system":
        return [Message("system", f"{messages[0].content}\n\n{text}"), *messages[1:]]
    return [Message("system", text), *messages]


def _message(message: Message) -> dict[str, Any]:
    body: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        body["content"] = message.content or None
        body["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": msgspec.json.encode(call.arguments).decode()},
            }
            for call in message.tool_calls
        ]
    if message.role == "tool":
        body["tool_call_id"] = message.tool_call_id
    return body


def _format(schema: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    if dialect.schema == "json_object":
        return {"type": "json_object"}
    named = {"name": "reply", "schema": schema, "strict": _strict(schema)}
    return {"type": "json_schema", "json_schema": named}


def _strict(schema: Any) -> bool:
    """Whether a schema keeps OpenAI's rules for strict output: closed objects, every property required."""
    if isinstance(schema, list | tuple):
        return all(map(_strict, schema))
    if not isinstance(schema, Mapping):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        closed = schema.get("additionalProperties") is False
        if not closed or set(schema.get("required", ())) != set(schema.get("properties", ())):
            return False
    return all(map(_strict, schema.values()))


def completion(body: bytes) -> Completion:
    """A reply or event out of its JSON. Raises ModelError, retryable, where it is none."""
    try:
        return msgspec.json.decode(body, type=Completion)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ModelError(
            f"the endpoint's reply is no chat completion: {str(error)[:200]}", retryable=True
        ) from None


def reply(whole: Completion, tools: Sequence[Tool], settings: LLMSettings, usage: Usage) -> Reply:
    """Our reply out of theirs. Raises ModelError for no choice and for withheld content."""
    if not whole.choices:
        raise ModelError("the endpoint's reply holds no choices", retryable=True)
    if whole.finish == "content_filter":
        raise ModelError("the endpoint withheld the reply (content filter)")
    return Reply(
        text=whole.text,
        tool_calls=_calls(whole.said.tool_calls or [], tools),
        usage=usage,
        model=(whole.model or settings.model)[:MAX_NAME],
        truncated=whole.finish == "length",
    )


class BrokenCall(ModelError):
    """A tool call that cannot be read, or must not run; the message is fit to send back to the model."""


def _calls(calls: Sequence[_Call], tools: Sequence[Tool]) -> tuple[ToolCall, ...]:
    if len(calls) > MAX_TOOL_CALLS:
        raise BrokenCall(f"{len(calls)} tool calls at once; at most {MAX_TOOL_CALLS}", retryable=True)
    return tuple(_call(call, number, tools) for number, call in enumerate(calls))


def _call(call: _Call, number: int, tools: Sequence[Tool]) -> ToolCall:
    name = (call.function.name or "") if call.function else ""
    tool = next((tool for tool in tools if tool.name == name), None)
    if tool is None:
        raise BrokenCall(f"there is no tool called {name[:MAX_NAME]!r}", retryable=True)
    raw = call.function.arguments if call.function else None
    try:
        arguments = raw if isinstance(raw, dict) else parse(raw or "{}")
    except NotJSON as error:
        raise BrokenCall(f"the arguments of tool {name} are {error}", retryable=True) from None
    if not isinstance(arguments, dict):
        raise BrokenCall(f"the arguments of tool {name} are no JSON object", retryable=True)
    if problems := violations(arguments, tool.parameters):
        raise BrokenCall(f"the arguments of tool {name} do not fit: {'; '.join(problems)}", retryable=True)
    return ToolCall((call.id or f"call_{number}")[:MAX_NAME], name, arguments)


def usage(tokens: Tokens | None, sent: Sequence[Message], said: str, settings: LLMSettings) -> Usage:
    """Tokens and their price; seconds are left 0. Tokens that the server does not count are estimated."""
    prompt = tokens.prompt_tokens if tokens else None
    written = tokens.completion_tokens if tokens else None
    if prompt is None or prompt < 0:
        prompt = estimated(sum(len(message.content) for message in sent))
    if written is None or written < 0:
        written = estimated(len(said))
    cost = (prompt * settings.price_prompt + written * settings.price_completion) / 1e6
    return Usage(prompt, written, 0.0, cost)


def estimated(characters: int) -> int:
    """Tokens in so many characters, rounded up."""
    return -(-characters // CHARACTERS_PER_TOKEN)


class Streamed:
    """What has come of a streamed reply so far."""

    def __init__(self) -> None:
        self.tokens: Tokens | None = None
        self._pieces: list[str] = []
        self._finish = ""
        self._model = ""

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def add(self, event: bytes) -> Completion:
        """One event, decoded. Raises ModelError where it is no part of a completion."""
        if event.strip() == sse.DONE:
            self._finish = self._finish or "stop"
            return Completion()
        part = completion(event)
        self._pieces.append(part.text)
        self._finish = part.finish or self._finish
        self._model = part.model or self._model
        self.tokens = part.usage or self.tokens
        return part

    def reply(self, settings: LLMSettings, usage: Usage) -> Reply:
        """The whole reply. Raises ModelError where the stream ended before the reply did."""
        if not self._finish:
            raise ModelError("the endpoint broke off its stream", retryable=True)
        whole = _Choice(message=_Said(content=self.text), finish_reason=self._finish)
        return reply(Completion(choices=[whole], model=self._model), (), settings, usage)
