"""The body of a chat completion request, checked: what is honoured, what is ignored, what is refused.

Format: OpenAI API reference, "Create chat completion". Honoured: `model`, `messages`, `stream`,
`stream_options.include_usage`, `stop`, `max_tokens` and `max_completion_tokens`. What would change nothing
that a client can rely on (sampling, seeds, tools that may or may not be called) is ignored, and named in the
reply. What a client would miss (several choices, another format, a forced tool call) is refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from icelos.web.openai.errors import Refused
from icelos.web.schemas import QUESTION_LIMIT

MODEL = "icelos"
EXTRACTIVE = "icelos-extractive"
MODELS = {
    MODEL: "The copilot: sentences of the sources or of the configured model, each with its citation",
    EXTRACTIVE: "The same without a model: sentences of the sources alone",
}
MESSAGES = 1000
"""Messages in one request."""
STOPS = 4
CHARACTERS_PER_TOKEN = 4
"""By which `max_tokens` is held and tokens are estimated: about right for English."""


class ContentPart(msgspec.Struct, frozen=True):
    """A part of a message's content; only `text` can be read here."""

    type: Annotated[str, Meta(extra_json_schema={"enum": ["text"]})]
    text: str = ""


class ChatMessage(msgspec.Struct, frozen=True):
    """One message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[ContentPart] | None = None

    @property
    def text(self) -> str:
        """The content as text; parts that are none are left out."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content or () if part.type == "text")


class StreamOptions(msgspec.Struct, frozen=True):
    """`include_usage`: a last chunk tells the tokens."""

    include_usage: bool | None = None


class ResponseFormat(msgspec.Struct, frozen=True):
    """Only `text` can be given."""

    type: Literal["text"] = "text"


_FROM_USER = {"type": "object", "properties": {"role": {"const": "user"}}, "required": ["role"]}
Limit = Annotated[int, Meta(ge=1, le=2**31)]


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation whose last user message is the question. Other members of OpenAI's format are ignored.

    The `system` and `developer` messages do not steer the answer.
    """

    model: Annotated[str, Meta(max_length=200)]
    messages: Annotated[
        list[ChatMessage], Meta(min_length=1, max_length=MESSAGES, extra_json_schema={"contains": _FROM_USER})
    ]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    stop: str | Annotated[list[str], Meta(max_length=STOPS)] | None = None
    max_tokens: Limit | None = None
    max_completion_tokens: Limit | None = None
    n: Annotated[int, Meta(ge=1, le=1)] | None = None
    response_format: ResponseFormat | None = None
    tools: list[Any] | None = None
    tool_choice: Literal["auto", "none"] | None = None
    logprobs: Annotated[bool, Meta(extra_json_schema={"enum": [False]})] | None = None
    modalities: list[Literal["text"]] | None = None

    @property
    def question(self) -> str:
        """The last user message."""
        return self.asked[-1]

    @property
    def asked(self) -> list[str]:
        """What the user said, in order."""
        return [message.text for message in self.messages if message.role == "user"]

    @property
    def stops(self) -> tuple[str, ...]:
        """Texts that end the reply before them."""
        given = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return tuple(text for text in given if text)

    @property
    def characters(self) -> int | None:
        """How long the reply may be."""
        given = [limit for limit in (self.max_tokens, self.max_completion_tokens) if limit is not None]
        return min(given) * CHARACTERS_PER_TOKEN if given else None


def read(body: bytes) -> tuple[ChatRequest, tuple[str, ...]]:
    """A request that can be served, and the names of what in it is ignored. Raises Refused."""
    try:
        given = _whole_numbers(msgspec.json.decode(body))
        wanted = msgspec.convert(given, ChatRequest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        param = _place(str(error))
        why = WHY.get(param.partition("[")[0].partition(".")[0])
        code = "unsupported_parameter" if why else ""
        raise Refused(why or f"the body is not valid: {error}", param=param, code=code) from error
    _check(wanted)
    return wanted, _ignored(given, wanted)


def _whole_numbers(given: Any) -> Any:
    """1.0 is an integer to a JSON schema."""
    for name in ("max_tokens", "max_completion_tokens", "n") if isinstance(given, dict) else ():
        value = given.get(name)
        if isinstance(value, float) and value.is_integer():
            given[name] = int(value)
    return given


WHY = {
    "n": "one choice is given: n must be 1",
    "response_format": "only text is given; the parts of an answer stand in the member `icelos`",
    "modalities": "only text is given",
    "tool_choice": "no tool of a client is ever called",
}
"""What is said of members that may hold one thing only."""


def _place(told: str) -> str:
    """ "... at `$.messages[0].role`": the path, without its root."""
    return told.rpartition("`$")[2].strip("`.") if "`$" in told else ""


def _check(wanted: ChatRequest) -> None:
    """Raises Refused for what a client would miss."""
    if wanted.model not in MODELS:
        known = ", ".join(MODELS)
        raise Refused(
            f"no model {wanted.model!r}: {known}", param="model", code="model_not_found", status=404
        )
    if wanted.logprobs:
        raise Refused(
            "there are no log probabilities of sentences", param="logprobs", code="unsupported_parameter"
        )
    last = next((one for one in reversed(wanted.messages) if one.role == "user"), None)
    if last is None:
        raise Refused("there is no user message: the last one is the question", param="messages")
    if isinstance(last.content, list) and any(part.type != "text" for part in last.content):
        raise Refused("only text can be read", param="messages", code="unsupported_content")
    if len(last.text) > QUESTION_LIMIT:
        raise Refused(
            f"the question has {len(last.text)} characters; at most {QUESTION_LIMIT} are read",
            param="messages", code="context_length_exceeded",
        )  # fmt: skip


def _ignored(given: dict[str, Any], wanted: ChatRequest) -> tuple[str, ...]:
    used = {"model", "messages", "stream", "stream_options", "stop", "max_tokens", "max_completion_tokens"}
    harmless = used | {"n", "logprobs", "response_format", "modalities", "tool_choice"}
    names = [name for name, value in given.items() if name not in harmless and value not in (None, [], {})]
    if any(message.role in ("system", "developer") for message in wanted.messages):
        names.append("system messages")
    return tuple(name[:64] for name in names[:32])
