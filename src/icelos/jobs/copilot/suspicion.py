"""Sentences that speak to an assistant: ranked last, never answers by themselves, and told of.

Nothing is removed from the sources, and the reader is told where it stands. What a model or we say is not
taken from such a sentence: it is there to be an answer to somebody's question without being one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from icelos.contracts import Hit
from icelos.jobs.copilot.extract import Draft, covered
from icelos.jobs.copilot.words import content_stems
from icelos.knowledge.tiers import SPEAKS, flags_of
from icelos.llm.injection.model import bundled


class Texts(Protocol):
    """A store that gives ids of documents with the text of each of their passages."""

    def texts(self, document_ids: Iterable[str]) -> Iterable[tuple[str, str]]: ...


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


def hostile(store: Texts) -> Callable[[Collection[str]], Collection[str]]:
    """Which of some documents hold text that speaks to an assistant: votes for those do not count."""
    model = bundled()
    return lambda ids: {identity for identity, text in store.texts(ids) if model.flag(text).flagged}


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


_WANTS_TEXT = re.compile(
    r"^\W*(?:please\W+|now\W+|also\W+|can you\W+|could you\W+)?"
    r"(?:answer|break down|compose|convert|create|describe|develop|draft|explain|generate|give|imagine|print"
    r"|provide|render|repeat|reply|respond|rewrite|say|show|state|summari[sz]e|tell|translate|write)\b|\?\W*$",
    re.IGNORECASE,
)
_FREE = frozenset({"", "definition", "mention"})
_INSTRUCTING = frozenset({"runbook", "mitigation", "note"})
TOLD = 0.5
"""Share of a question's words, by weight, from which a sentence answers it even if it asks for something."""


def tells(draft: Draft, weights: Mapping[str, float]) -> bool:
    """Does a draft tell something? A question, or a wish for a text, does not, unless it is what is asked.

    What tells people what to do may: a runbook has the responder ask, a mitigation says "create a policy".
    """
    said = draft.quotes[0].text
    if draft.facet not in _FREE or draft.quotes[0].hit.kind in _INSTRUCTING or not _WANTS_TEXT.search(said):
        return True
    return covered(set(content_stems(said)), set(), weights) >= TOLD


def notices(held: Sequence[Draft]) -> tuple[str, ...]:
    """Where the sentences stand that were held back."""
    hits = [draft.quotes[0].hit for draft in held]
    names = list(dict.fromkeys(f"{hit.title} ({' '.join((hit.source, hit.place)).strip()})" for hit in hits))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return (HELD_NOTICE.format(names=", ".join(names[:3]) + more),) if names else ()
