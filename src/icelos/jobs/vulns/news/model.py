"""What `icelos news` says: items, each with what changed, whom it concerns, and where that stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

EXPLOITED, LIKELIER, ADVISORY, TOLD = "exploited", "likelier", "advisory", "told"
"""Kinds of changes: CISA lists it, its EPSS score rose, an advisory is new or changed, news name it."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is new: what, since when (RFC 3339, a day where no more is known), and who says so.

    `ref` names it for good ("document:ID", or "feed:NAME/ID"); `source` is where a person can look.
    """

    kind: str
    told: str
    when: str
    ref: str
    source: str = ""


class Concern(msgspec.Struct, frozen=True, kw_only=True):
    """One component of one target. `verdict` and `label` are the finding's where there is one.

    `judged` says by whom: "finding", or "versions" where the target has not been analysed since. `state` and
    `assignee` are those of the case; `finding` its ref, "" where there is none yet.
    """

    target: str
    purl: str
    version: str
    advisory: str
    verdict: str
    label: str
    why: str
    judged: str
    fixed_in: str = ""
    finding: str = ""
    state: str = ""
    assignee: str = ""


class NewsItem(msgspec.Struct, frozen=True, kw_only=True):
    """One vulnerability, or one text, with what is new of it. `risk` is 0 to 1, None where nothing gives one.

    `why` says in a line why it matters here; `risk_terms` how the risk comes about.
    """

    name: str
    title: str
    why: str
    when: str
    changes: tuple[Change, ...]
    concerns: tuple[Concern, ...] = ()
    risk: float | None = None
    risk_terms: str = ""


class News(msgspec.Struct, frozen=True, kw_only=True):
    """All items, the riskiest first. `others` counts by kind what is new and does not concern us.

    `ruled_out` counts vulnerabilities that name a component of ours in a version that is not affected.
    `targets` counts what was joined; `notices` say what is missing in it.
    """

    since: datetime
    items: tuple[NewsItem, ...]
    others: Mapping[str, int]
    ruled_out: int
    targets: int
    notices: tuple[str, ...] = ()
