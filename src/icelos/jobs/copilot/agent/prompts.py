"""What a model that may call tools is told: how to go about it, and what it has been shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from icelos.contracts import Fact, Tool
from icelos.jobs.copilot.agent.toolbox import Called
from icelos.jobs.copilot.prompts import NOT_IN_SOURCES
from icelos.llm.fence import INSTRUCTION, fence

NAME = "agent-1"
"""Named in every answer's `made_by`; a changed text gets a new name."""

RULES = """You answer a security analyst's question with tools that read the organisation's own findings, logs
and documents. It is {now}.
- Plan first: which facts are asked for, and which tool holds each. Call tools until you have them all.
- What one call finds (hosts, users, CVEs) goes into the filters of the next.
- Let the tools count and group: never count rows yourself.
- Then answer in short sentences. Every sentence ends with the handles of the facts that state it, in square
  brackets, such as [K7f2]. Keep numbers, times, identifiers and names exactly as the facts write them.
- Say nothing that no fact states. Where the tools do not have it, say so: {nothing}.
- No lists, headings, links, images or HTML.
{fences}"""

BY_JSON = """Reply with one JSON object each time: {{"tool": NAME, "arguments": {{...}}}} to call a tool, or
{{"answer": "..."}} when you have what you need. The tools:
{tools}"""

NOW_ANSWER = "No further calls are possible. Answer now from the facts above, or say " + NOT_IN_SOURCES + "."

ACTION: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "tool": {"type": "string"},
        "arguments": {"type": "object"},
        "answer": {"type": "string"},
    },
    "anyOf": [{"required": ["tool"]}, {"required": ["answer"]}],
    "additionalProperties": False,
}
LONGEST_FACT = 600


def rules(now: datetime) -> str:
    """The system message."""
    return RULES.format(now=now.isoformat(timespec="minutes"), nothing=NOT_IN_SOURCES, fences=INSTRUCTION)


def by_json(tools: Sequence[Tool]) -> str:
    """How to ask for tools without native calls."""
    import json

    lines = (f"- {t.name}: {t.description} Arguments: {json.dumps(t.parameters)}" for t in tools)
    return BY_JSON.format(tools="\n".join(lines))


def observed(called: Called, *, name: str, handle: Callable[[Fact], str], most: int) -> tuple[str, int]:
    """A call's facts as a model reads them, each under its handle, and how many of them are shown.

    Facts of a tier are in one fence, a line each: no text of theirs can begin a line of its own.
    """
    if called.error:
        return f"Error: {called.error}", 0
    parts = ["This was asked before; the same facts:"] if called.again else []
    shown = called.facts[:most]
    for tier in dict.fromkeys(fact.tier for fact in shown):
        lines = "\n".join(f"[{handle(fact)}] {_line(fact)}" for fact in shown if fact.tier is tier)
        parts.append(fence(lines, f"tool {name}", tier))
    if called.counted is not None:
        parts.append(f"[{handle(called.counted)}] {called.total} in all; {len(shown)} are shown.")
    elif not shown:
        parts.append("Nothing was found.")
    parts += [fence(notice, f"tool {name}, notice") for notice in called.observation.notices]
    return "\n".join(parts), len(shown)


def _line(fact: Fact) -> str:
    told = " ".join(fact.text.split())
    more = "; ".join(
        f"{key}: {value}" for key, value in fact.values.items()
        if value not in (None, "") and str(value) not in told
    )  # fmt: skip
    return f"{told} | {' '.join(more.split())}"[:LONGEST_FACT] if more else told[:LONGEST_FACT]
