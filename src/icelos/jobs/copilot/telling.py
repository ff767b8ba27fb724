"""How a sentence that was found is told: with what it is about, in bounds, and stopped."""

from __future__ import annotations

from icelos.contracts import Hit
from icelos.jobs.copilot.subjects import called

LONGEST = 420
"""Characters of one sentence made from a labelled line or a list."""


def about(hit: Hit, text: str, *, name: str = "") -> str:
    """The sentence with what it is about before it, where it does not say so itself."""
    names = {hit.title.lower(), *(one.lower() for one in hit.identifiers[:3])}
    if any(one in text.lower() for one in names):
        return stopped(text)
    return stopped(f"{name or called(hit)}: {text}")


def shortened(text: str, *, most: int = LONGEST) -> str:
    """A long list or text cut after an item or a word, with an ellipsis."""
    if len(text) <= most:
        return text
    cut = max(text.rfind(mark, 0, most) for mark in ("; ", ", ", ". "))
    cut = cut if cut > most // 2 else text.rfind(" ", 0, most)
    return text[: cut if cut > 0 else most].rstrip(" ,;") + " …"


def stopped(text: str) -> str:
    """With a full stop, where nothing ends it."""
    return text if text.endswith((".", "!", "?", "…")) else text.rstrip(" ,;:") + "."
