"""What a model is told. The advisory and everything the tools saw stand in fences: they are data."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from icelos.contracts import Message
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.tools import TOOLS
from icelos.llm.fence import INSTRUCTION, fence

MAX_QUESTIONS = 5
MAX_ADVISORY = 6000
MAX_KNOWN = 16_000
"""Characters of earlier answers that a model is shown, the newest first to be kept."""
_QUESTION = {
    "type": "object",
    "properties": {
        "question": {"type": "string", "maxLength": 300},
        "tool": {"type": "string", "enum": list(TOOLS)},
        "arguments": {"type": "object"},
    },
    "required": ["question", "tool", "arguments"],
    "additionalProperties": False,
}
CHECKLIST: dict[str, Any] = {
    "type": "object",
    "properties": {
        "questions": {"type": "array", "items": _QUESTION, "minItems": 1, "maxItems": MAX_QUESTIONS}
    },
    "required": ["questions"],
    "additionalProperties": False,
}
STEP: dict[str, Any] = {
    "type": "object",
    "properties": {"questions": {"type": "array", "items": _QUESTION, "maxItems": MAX_QUESTIONS}},
    "required": ["questions"],
    "additionalProperties": False,
}
_RULES = (
    "You plan the investigation of one vulnerability in one target. You do not decide: tools gather "
    "evidence, and rules decide from it. Ask what would show that the vulnerable code is not there, not run, "
    "not configured, or not open to an attacker here; and what would show that it is. Each question names "
    "one tool and its arguments."
)


def checklist(case: Case, asked: Iterable[tuple[str, str]]) -> list[Message]:
    """For the first call: the advisory, the component, the tools, and what is known already."""
    wanted = f"Write its checklist: at most {MAX_QUESTIONS} questions, the most decisive first."
    return _messages(case, asked, wanted)


def next_step(case: Case, asked: Iterable[tuple[str, str]]) -> list[Message]:
    """For each further call."""
    wanted = (
        "Give further questions that could still decide, each different from those above; "
        "an empty list where nothing more can be learnt."
    )
    return _messages(case, asked, wanted)


def _messages(case: Case, asked: Iterable[tuple[str, str]], wanted: str) -> list[Message]:
    tools = "\n".join(
        f"- {one.tool.name}({', '.join(one.tool.parameters['properties'])}): {one.tool.description}"
        for one in TOOLS.values()
    )
    known = _known(asked)
    about = {
        "vulnerability": case.vulnerability,
        "component": case.component.name,
        "version": case.component.version,
        "purl": case.component.purl,
    }
    parts = [
        "The vulnerability and the component:",
        fence(json.dumps({name: value[:300] for name, value in about.items()}), "inventory"),
        fence(case.text[:MAX_ADVISORY], case.source),
        f"Tools:\n{tools}",
        f"Known already:\n{known}" if known else "",
        wanted,
    ]
    return [
        Message("system", f"{_RULES}\n{INSTRUCTION}"),
        Message("user", "\n\n".join(part for part in parts if part)),
    ]


def _known(asked: Iterable[tuple[str, str]]) -> str:
    """Earlier questions with their answers, in order; questions are fenced too, as a model wrote them."""
    kept: list[str] = []
    room = MAX_KNOWN
    for question, answer in reversed(list(asked)):
        room -= len(question) + len(answer)
        if room < 0:
            break
        kept.append(fence(f"{question}\n{answer}", "tool"))
    return "\n\n".join(reversed(kept))
