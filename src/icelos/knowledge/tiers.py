"""How far a passage can be trusted, by where it comes from. What a document says of itself raises nothing.

Feeds are PUBLISHED, whatever else is in their collection. What anyone may write (mail, logs, tickets,
findings, which quote all of these; collections of such names) is OUTSIDE, as is what hides text
or speaks to an assistant. The rest was added by the organisation: OWN, but for kinds that are
publishers'.
"""

from __future__ import annotations

from collections.abc import Collection

from icelos.contracts import Hit, Tier
from icelos.data.parse.fields import HIDDEN
from icelos.llm.injection.model import bundled

OUTSIDE_KINDS = frozenset({"mail", "log", "ticket", "finding", "chat", "comment", "web"})
PUBLISHED_KINDS = frozenset(
    {
        "technique", "tactic", "software", "group", "campaign", "mitigation", "weakness", "attack-pattern",
        "vulnerability", "advisory", "rule", "data-source", "data-component", "asset", "detection",
        "analytic", "indicator", "view", "category", "news",
    }
)  # fmt: skip
OUTSIDE_COLLECTIONS = ("mail", "logs", "tickets", "web", "inbox")
SPEAKS = "speaks-to-assistant"
"""Flag of a passage that holds text addressed to an assistant; the other one is `HIDDEN`."""


def tier_of(hit: Hit, *, outside: Collection[str] = OUTSIDE_COLLECTIONS, flags: Collection[str] = ()) -> Tier:
    """The tier of a passage; `outside` are collections that anybody may write to."""
    return tier_for(hit.kind, hit.collection, outside=outside, flags=flags)


def tier_for(
    kind: str, collection: str, *, outside: Collection[str] = OUTSIDE_COLLECTIONS, flags: Collection[str] = ()
) -> Tier:
    """The tier of what is of this kind, in this collection."""
    if flags or kind in OUTSIDE_KINDS or collection in outside:
        return Tier.OUTSIDE
    return Tier.PUBLISHED if kind in PUBLISHED_KINDS else Tier.OWN


def trusted(hit: Hit) -> Tier:
    """The tier under which a passage is shown to a model: the last one, where it speaks to an assistant."""
    return tier_of(hit, flags=flags_of(hit.text))


def flags_of(text: str, tags: Collection[str] = ()) -> tuple[str, ...]:
    """What a reader must know of a passage: text was hidden in its document, or it speaks to an assistant."""
    speaks = bundled().flag(text).flagged
    return tuple(flag for flag, on in ((HIDDEN, HIDDEN in tags), (SPEAKS, speaks)) if on)
