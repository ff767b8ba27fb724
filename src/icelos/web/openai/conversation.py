"""A question out of the conversation that a client brings along: what it takes from those before filled in.

Only what the user said counts. What a client claims that the assistant has said could be anything, and an
answer comes from the sources alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from icelos.jobs.copilot.understand import Focus, Lookup, focus_of, understand

TURNS = 6
"""Earlier questions that are read, the latest ones."""


def resolved(asked: Sequence[str], lookup: Lookup) -> str:
    """The last of these questions, standing alone: "and its mitigations?" names what was asked about."""
    focus: Focus | None = None
    for earlier in asked[-TURNS - 1 : -1]:
        if any(character.isalnum() for character in earlier):
            focus = focus_of(understand(earlier, lookup=lookup, focus=focus))
    question = asked[-1]
    return understand(question, lookup=lookup, focus=focus).text if focus is not None else question
