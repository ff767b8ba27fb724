"""Sentences that speak to an assistant: ranked last, never answers by themselves, and told of.

Nothing is removed from the sources, and the reader is told where it stands. What a model or we say is not
taken from such a sentence: it is there to be an answer to somebody's question without being one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from icelos.contracts import Hit
from icelos.jobs.copilot.extract import Draft
from icelos.knowledge.tiers import SPEAKS, flags_of
from icelos.llm.injection.model import bundled

LOWERED = 0.5
"""What the score of a passage is multiplied by where it speaks to an assistant."""
HELD_NOTICE = "Not used for this answer, because it reads like an order to an assistant: {names}."


def lowered(hits: Sequence[Hit]) -> list[Hit]:
    """Flagged passages further down; the others keep their order."""
    ranked = [
        msgspec.structs.replace(hit, score=hit.score * LOWERED, why={**hit.why, SPEAKS: LOWERED})
        if SPEAKS in flags_of(hit.text) else hit
        for hit in hits
    ]  # fmt: skip
    return (
        sorted(ranked, key=lambda hit: -hit.score) if any(SPEAKS in hit.why for hit in ranked) else list(hits)
    )


def sifted(drafts: Iterable[Draft]) -> tuple[tuple[Draft, ...], tuple[Draft, ...]]:
    """Drafts to say, and those that are held back."""
    kept: list[Draft] = []
    held: list[Draft] = []
    for draft in drafts:
        (held if is_order(draft) else kept).append(draft)
    return tuple(kept), tuple(held)


def is_order(draft: Draft) -> bool:
    """Does a draft, or a sentence that it quotes, speak to an assistant?"""
    model = bundled()
    return model.flag(draft.text).flagged or any(model.flag(quote.text).flagged for quote in draft.quotes)


def notices(held: Sequence[Draft]) -> tuple[str, ...]:
    """Where the sentences stand that were held back."""
    hits = [draft.quotes[0].hit for draft in held]
    names = list(dict.fromkeys(f"{hit.title} ({' '.join((hit.source, hit.place)).strip()})" for hit in hits))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return (HELD_NOTICE.format(names=", ".join(names[:3]) + more),) if names else ()
