"""Secrets and personal data out of what leaves the machine, and back into the reply.

    vault = Vault()
    outgoing = vault.hide("mail from bob@example.org")     # 'mail from <email-1>'
    vault.restore("Ask <email-1>.")                        # 'Ask bob@example.org.'

A vault lives for one call: the same value always has the same placeholder in it, so that a model can still
tell two people apart. What is hidden, and what is left alone, is in `secret_shapes`. Rules of shape miss
secrets without a shape; they are a net, not a wall.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from icelos.contracts import Message, Reply, ToolCall
from icelos.llm.secret_shapes import RULES

_PLACEHOLDER = re.compile(r"<[a-z]+(?:-[a-z]+)*-\d{1,6}>")
LONGEST_PLACEHOLDER = 40


class Span(NamedTuple):
    """One thing to hide: characters `start` to `end` of the text."""

    start: int
    end: int
    kind: str


def find(text: str, known: Iterable[str] = ()) -> list[Span]:
    """What to hide, in order and without overlaps; where two rules meet, the earlier rule wins.

    `known` are secrets to hide wherever they stand, such as the endpoint's own key.
    """
    taken: list[Span] = []
    covered = bytearray(len(text))
    for span in _candidates(text, known):
        if span.end > span.start and not any(covered[span.start : span.end]):
            covered[span.start : span.end] = b"\x01" * (span.end - span.start)
            taken.append(span)
    return sorted(taken)


def _candidates(text: str, known: Iterable[str]) -> Iterator[Span]:
    for secret in known:
        for match in re.finditer(re.escape(secret), text):
            yield Span(*match.span(), "secret")
    for rule in RULES:
        group = "x" if "x" in rule.pattern.groupindex else 0
        for match in rule.pattern.finditer(text):
            if rule.holds(match):
                yield Span(*match.span(group if match[group] is not None else 0), rule.kind)


class Vault:
    """The placeholders of one call and what they stand for; not safe to share between threads."""

    def __init__(self, *, known: Sequence[str] = ()) -> None:
        self._known = tuple(sorted(filter(None, known), key=len, reverse=True))
        self._placeholders: dict[tuple[str, str], str] = {}
        self._values: dict[str, str] = {}
        self._reserved: set[str] = set()
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._values)

    def hide(self, text: str) -> str:
        """The text with placeholders. Placeholders that it already holds are never given out."""
        self._reserved.update(_PLACEHOLDER.findall(text))
        parts, position = [], 0
        for start, end, kind in find(text, self._known):
            parts += [text[position:start], self._placeholder(kind, text[start:end])]
            position = end
        return "".join([*parts, text[position:]])

    def hide_messages(self, messages: Sequence[Message]) -> list[Message]:
        """The conversation with placeholders, arguments of tool calls included."""
        for message in messages:
            self._reserved.update(_PLACEHOLDER.findall(message.content))
        return [
            msgspec.structs.replace(
                message,
                content=self.hide(message.content),
                tool_calls=_with_arguments(message.tool_calls, self.hide),
            )
            for message in messages
        ]

    def restore(self, text: str) -> str:
        """The text with the values back in; unknown placeholders stay as they are."""
        if not self._values:
            return text
        return _PLACEHOLDER.sub(lambda match: self._values.get(match[0], match[0]), text)

    def restore_reply(self, reply: Reply) -> Reply:
        """The reply for the local user: text, data and tool arguments with the values back in."""
        if not self._values:
            return reply
        return msgspec.structs.replace(
            reply,
            text=self.restore(reply.text),
            data=mapped(reply.data, self.restore),
            tool_calls=_with_arguments(reply.tool_calls, self.restore),
        )

    def restore_stream(self, pieces: Iterable[str]) -> Iterator[str]:
        """The pieces with the values back in, also where a placeholder is cut in two."""
        held = ""
        for piece in pieces:
            held = self.restore(held + piece)
            cut = held.rfind("<", max(0, len(held) - LONGEST_PLACEHOLDER))
            if cut < 0 or ">" in held[cut:]:
                cut = len(held)
            if held[:cut]:
                yield held[:cut]
            held = held[cut:]
        if held:
            yield self.restore(held)

    def _placeholder(self, kind: str, value: str) -> str:
        if (kind, value) in self._placeholders:
            return self._placeholders[kind, value]
        self._counts[kind] += 1
        while (name := f"<{kind}-{self._counts[kind]}>") in self._reserved:
            self._counts[kind] += 1
        self._placeholders[kind, value] = name
        self._values[name] = value
        return name


def mapped(value: Any, change: Callable[[str], str]) -> Any:
    """A JSON value with every string in it changed, keys included."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {change(str(key)): mapped(one, change) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [mapped(one, change) for one in value]
    return value


def _with_arguments(calls: tuple[ToolCall, ...], change: Callable[[str], str]) -> tuple[ToolCall, ...]:
    return tuple(msgspec.structs.replace(call, arguments=mapped(call.arguments, change)) for call in calls)
