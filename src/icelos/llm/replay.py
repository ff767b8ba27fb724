"""A model's replies written down once and played back in tests, without the model.

    recorder = Recorder(llm, Path("calls.jsonl"))     # use it as the model, once
    replayer = Replayer(Path("calls.jsonl"))          # the same calls give the same replies, in order

A recording holds what was said in the clear: make it from texts that may be kept.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from icelos.contracts import LLM, Message, Reply, Tool
from icelos.data.reading import open_input, read_lines
from icelos.errors import InputError, ModelError
from icelos.llm.cache import key


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a recording: a reply, the pieces of a stream, or the error that ended it.

    `key` identifies the call, see `icelos.llm.cache.key`; `asks` is its last message, for readers.
    """

    key: str
    asks: str = ""
    reply: Reply | None = None
    pieces: tuple[str, ...] | None = None
    error: str = ""
    retryable: bool = False


def _key(
    messages: Sequence[Message],
    tools: Sequence[Tool] = (),
    schema: Mapping[str, Any] | None = None,
    *,
    stream: bool = False,
) -> str:
    return key({"stream": stream}, messages, tools, schema).hex()


class Recorder:
    """An LLM that wraps another and appends each call to a file. Safe to share between threads."""

    def __init__(self, inner: LLM, path: Path) -> None:
        self.name = inner.name
        self._inner = inner
        self._path = path
        self._lock = threading.Lock()

    def reply(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] = (),
        schema: Mapping[str, Any] | None = None,
    ) -> Reply:
        """The inner model's reply. Errors are recorded, too."""
        place = _key(messages, tools, schema)
        try:
            reply = self._inner.reply(messages, tools=tools, schema=schema)
        except ModelError as error:
            self._write(messages, key=place, error=error.message, retryable=error.retryable)
            raise
        self._write(messages, key=place, reply=reply)
        return reply

    def stream(self, messages: Sequence[Message]) -> Iterator[str]:
        """The inner model's pieces; recorded at the end, with the error if one ended it."""
        place, pieces = _key(messages, stream=True), []
        try:
            for piece in self._inner.stream(messages):
                pieces.append(piece)
                yield piece
        except ModelError as error:
            self._write(
                messages, key=place, pieces=tuple(pieces), error=error.message, retryable=error.retryable
            )
            raise
        self._write(messages, key=place, pieces=tuple(pieces))

    def _write(self, messages: Sequence[Message], **fields: Any) -> None:
        call = Call(asks=messages[-1].content[:200] if messages else "", **fields)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._lock, self._path.open("ab") as file:
            file.write(msgspec.json.encode(call) + b"\n")


class Replayer:
    """An LLM out of a recording; a call made again gets its next reply, and then its last one again.

    Raises InputError for a file that cannot be read. A call that was not recorded is a ModelError.
    """

    def __init__(self, path: Path, *, name: str = "replay") -> None:
        self.name = name
        self._path = path
        self._calls = _load(path)
        self._used: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()

    def reply(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] = (),
        schema: Mapping[str, Any] | None = None,
    ) -> Reply:
        """The reply that was recorded for these messages, tools and schema."""
        call = self._next(_key(messages, tools, schema), messages)
        if call.reply is None:
            raise ModelError(call.error, retryable=call.retryable)
        return call.reply

    def stream(self, messages: Sequence[Message]) -> Iterator[str]:
        """The pieces that were recorded for these messages."""
        call = self._next(_key(messages, stream=True), messages)
        yield from call.pieces or ()
        if call.error:
            raise ModelError(call.error, retryable=call.retryable)

    def _next(self, place: str, messages: Sequence[Message]) -> Call:
        calls = self._calls.get(place)
        if not calls:
            asks = messages[-1].content[:80] if messages else ""
            raise ModelError(
                f"this call was not recorded: {asks!r}", source=str(self._path), hint="record it again"
            )
        with self._lock:
            number = self._used[place]
            self._used[place] += 1
        return calls[min(number, len(calls) - 1)]


def _load(path: Path) -> dict[str, list[Call]]:
    calls: dict[str, list[Call]] = defaultdict(list)
    with open_input(path) as stream:
        for line in read_lines(stream):
            try:
                call = msgspec.json.decode(line.data, type=Call)
            except (msgspec.DecodeError, RecursionError) as error:
                raise InputError(f"no recorded call: {error}", source=f"{path}:{line.number}") from None
            calls[call.key].append(call)
    return dict(calls)
