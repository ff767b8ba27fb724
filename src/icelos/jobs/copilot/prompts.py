"""What a model is asked: answer from fenced passages only, and cite their handles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from icelos.contracts import Hit, Message, Tier
from icelos.knowledge.tiers import trusted
from icelos.llm.fence import INSTRUCTION, fence

NAME = "copilot-2"
"""Named in every answer's `made_by`; a changed text gets a new name."""

RULES = """You answer a security analyst from the passages below and from nothing else.
- Every sentence ends with the handle of the passage that states it, in square brackets, such as [{example}].
- Keep numbers, dates, versions, identifiers and names exactly as the passage writes them.
- Where the passages do not answer, reply with exactly: NOT IN SOURCES.
- At most {sentences} short sentences. No lists, headings, links, images or HTML.
{fences}"""

NOT_IN_SOURCES = "NOT IN SOURCES"


def messages(
    question: str, passages: Mapping[str, Hit], *, sentences: int, turns: Sequence[tuple[str, str]] = (),
    about: str = "", tier: Callable[[Hit], Tier] = trusted,
) -> list[Message]:  # fmt: skip
    """The system rules, earlier turns as context, then the fenced passages (by handle) and the question.

    `about` says who reads the answer, "" where that is not known.
    """
    example = next(iter(passages), "K7f2")
    blocks = "\n".join(_block(handle, hit, tier(hit)) for handle, hit in passages.items())
    rules = RULES.format(example=example, sentences=sentences, fences=INSTRUCTION)
    earlier = [
        message
        for asked, answered in turns
        for message in (Message("user", asked), Message("assistant", answered))
    ]
    return [
        Message("system", f"{rules}\n{about}".rstrip()),
        *earlier,
        Message("user", f"{blocks}\n\nQuestion: {question}"),
    ]


def _block(handle: str, hit: Hit, tier: Tier) -> str:
    title = " · ".join(part for part in (hit.title, hit.heading) if part)
    return f"[{handle}] {title}\n{fence(hit.text, f'{hit.source} {hit.place}', tier)}"
