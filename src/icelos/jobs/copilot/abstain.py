"""Is the answer in the passages? Decided before anything is said, from words and question types alone."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from icelos.jobs.copilot.answers import Status
from icelos.jobs.copilot.compose import Composed
from icelos.jobs.copilot.understand import Query

LEAST_COVERAGE = 0.5
"""Share of the question's words, by weight, that the best sentence and its heading must hold."""


class Verdict(msgspec.Struct, frozen=True):
    """Whether to answer; else the status to end with, and why (for --explain)."""

    status: Status
    why: str
    unknown: tuple[str, ...] = ()


def judge(query: Query, composed: Composed, weights: Mapping[str, float]) -> Verdict:
    """ANSWERED where the drafts answer; nothing is said else."""
    del weights
    if query.unknown:
        return Verdict(Status.UNKNOWN_IDENTIFIER, "no source has this identifier", query.unknown)
    if not composed.drafts:
        return Verdict(Status.NOT_IN_SOURCES, "no passage speaks of it")
    best = max(draft.coverage for draft in composed.drafts)
    if best < LEAST_COVERAGE:
        return Verdict(Status.NOT_IN_SOURCES, f"the best sentence holds {best:.0%} of what is asked")
    return Verdict(Status.ANSWERED, f"the best sentence holds {best:.0%} of what is asked")
