"""A conclusion of an investigation: a label with its reason."""

from __future__ import annotations

import msgspec

from icelos.findings import Evidence
from icelos.jobs.vulns.verdicts import Label


class Conclusion(msgspec.Struct, frozen=True):
    """A label with its reason. `confidence` is "high", "medium" or "low"; `would_change` is for people."""

    label: Label
    confidence: str
    why: str
    would_change: str
    evidence: tuple[Evidence, ...] = ()


def uncertain(why: str, would_change: str, evidence: tuple[Evidence, ...] = ()) -> Conclusion:
    """What is not decided, and what would decide it."""
    return Conclusion(Label.UNCERTAIN, "low", why, would_change, evidence)
