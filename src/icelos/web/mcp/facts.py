"""Documents and findings as facts, for resources."""

from __future__ import annotations

from icelos.contracts import Fact, Tier
from icelos.findings import Finding
from icelos.knowledge.reading import StoredDocument
from icelos.knowledge.tiers import flags_of, tier_for

LONGEST = 20_000
"""Characters of one document that are given at once."""


def document(stored: StoredDocument) -> Fact:
    """A document as a fact, its first characters."""
    whole = stored.document
    text = "\n\n".join(f"{part.heading}\n{part.text}".strip() for part in whole.sections)
    flags = flags_of(text, whole.tags)
    cut = text[:LONGEST] + (" […]" if len(text) > LONGEST else "")
    return Fact(
        ref=f"document:{whole.id}", text=f"{whole.title}\n\n{cut}", source=whole.source,
        values={"kind": whole.kind, "url": whole.url, "version": stored.version},
        tier=tier_for(whole.kind, stored.collection, flags=flags),
    )  # fmt: skip


def finding(found: Finding) -> Fact:
    """A finding as a fact, with its evidence."""
    quotes = "".join(f'\n"{one.quote}" ({one.source}, {one.how})' for one in found.evidence)
    return Fact(
        ref=f"finding:{found.job}/{found.record_id}", text=found.summary + quotes, source=found.source,
        values={"job": found.job, "record_id": found.record_id, "verdict": found.verdict.value,
                "label": found.label, "score": found.score},
        tier=Tier.OUTSIDE,
    )  # fmt: skip
