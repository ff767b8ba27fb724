"""Is the answer in the passages? Decided before anything is said, from words and question types alone."""

from __future__ import annotations

import msgspec

from icelos.jobs.copilot.answers import Status
from icelos.jobs.copilot.compose import Composed
from icelos.jobs.copilot.understand import Query
from icelos.jobs.copilot.words import content_stems

LEAST = 0.55
"""Share of the question's words, by weight, that the best sentence and its title must hold."""
LEAST_SOUGHT = 0.6
"""The same where the question describes a thing and asks which it is."""


class Verdict(msgspec.Struct, frozen=True):
    """Whether to answer; else the status to end with, and why (for --explain)."""

    status: Status
    why: str
    unknown: tuple[str, ...] = ()
    coverage: float = 0.0


def judge(query: Query, composed: Composed) -> Verdict:
    """ANSWERED where the drafts answer the question."""
    if query.unknown:
        return Verdict(Status.UNKNOWN_IDENTIFIER, "no source has this identifier", query.unknown)
    if not composed.drafts:
        return Verdict(Status.NOT_IN_SOURCES, "no passage speaks of it")
    if composed.typed:
        return Verdict(Status.ANSWERED, "the sources say this of what is named", coverage=1.0)
    best = max(composed.drafts, key=lambda draft: draft.coverage)
    share = f"the best sentence holds {best.coverage:.0%} of what is asked"
    if composed.gaps or not _responds(query, composed):
        return Verdict(Status.NOT_IN_SOURCES, f"{share}, and not what is asked of it", coverage=best.coverage)
    if best.coverage < (LEAST_SOUGHT if composed.sought else LEAST):
        return Verdict(Status.NOT_IN_SOURCES, share, coverage=best.coverage)
    return Verdict(Status.ANSWERED, share, coverage=best.coverage)


def holds_all(query: Query, composed: Composed) -> bool:
    """Does the best sentence hold all words of a question about the organisation's own things?

    What public catalogues say answers where it is of something that they have, or of a kind that they are.
    """
    best = max(composed.drafts, key=lambda draft: draft.coverage)
    hit = best.quotes[0].hit
    if hit.kind not in PROSE:
        return bool(query.entities or composed.sought)
    return set(query.words) <= set(content_stems(f"{hit.title} {hit.heading} {best.text}"))


def has_own(composed: Composed) -> bool:
    """Is any sentence of the organisation's own documents?"""
    return any(quote.hit.kind in PROSE for draft in composed.drafts for quote in draft.quotes)


FREE = frozenset(
    {"definition", "steps", "mitigations", "consequences", "examples", "detection", "action", "prerequisites"}
)
"""Facets that prose may answer in any words."""
PROSE = frozenset({"document", "note", "ticket", "runbook", "finding"})
"""Kinds without typed parts: there any sentence may be the answer to any type of question."""


def _responds(query: Query, composed: Composed) -> bool:
    """Does some sentence answer the type of the question: by a document of the kind, or by its words?"""
    strict = [facet for facet in query.facets if facet.name not in FREE]
    if not strict or len(strict) < len(query.facets):
        return True
    best = max(composed.drafts, key=lambda draft: draft.coverage)
    if best.quotes[0].hit.kind in PROSE:
        return True
    if composed.sought:
        return best.quotes[0].hit.kind in composed.sought
    return any(
        draft.coverage >= LEAST and query.asking & set(content_stems(draft.text)) for draft in composed.drafts
    )
