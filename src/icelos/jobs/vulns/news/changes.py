"""What feeds and news have brought since a moment, by the vulnerability that it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from icelos.contracts import Principal
from icelos.data.advisory_store import AdvisoryStore
from icelos.data.statement import Statement
from icelos.jobs.vulns.news.model import ADVISORY, EXPLOITED, LIKELIER, TOLD, Change
from icelos.knowledge.recent import Recent
from icelos.knowledge.store import KnowledgeStore
from icelos.settings import Settings

_CATALOGUE = "https://www.cisa.gov/known-exploited-vulnerabilities-catalog?search_api_fulltext="
_VULNERABILITY = re.compile(r"(?:CVE-\d{4}-\d{4,19}|GHSA(?:-[0-9A-Z]{4}){3})")


class Brought(NamedTuple):
    """Changes by the name of a vulnerability, in upper case; and the news entries among them."""

    by_name: dict[str, list[Change]]
    entries: list[Recent]

    def of(self, names: Iterable[str]) -> list[Change]:
        """What is new of a vulnerability under any of its names."""
        found = {change: None for name in names for change in self.by_name.get(name.upper(), ())}
        return list(found)


def brought(settings: Settings, store: AdvisoryStore, since: datetime, principal: Principal) -> Brought:
    """KEV additions, EPSS scores that rose, and news that name a vulnerability. Raises StoreError."""
    by_name: dict[str, list[Change]] = {}
    for facts in store.changes.exploited(since):
        due = f", to be mended by {facts.kev_due}" if facts.kev_due else ""
        by_name.setdefault(facts.name, []).append(Change(
            kind=EXPLOITED, told=f"exploited: in CISA's catalogue since {facts.kev_added}{due}",
            when=facts.kev_added, ref=f"feed:kev/{facts.name}", source=f"{_CATALOGUE}{facts.name}",
        ))  # fmt: skip
    for jump in store.changes.likelier(since):
        by_name.setdefault(jump.name, []).append(Change(
            kind=LIKELIER, told=f"EPSS rose from {jump.before:.3f} to {jump.after:.3f}", when=jump.seen,
            ref=f"feed:epss/{jump.name}", source=f"https://api.first.org/data/v1/epss?cve={jump.name}",
        ))  # fmt: skip
    entries = _entries(settings, since, principal)
    for entry in entries:
        for name in entry.names:
            if _VULNERABILITY.fullmatch(name):
                by_name.setdefault(name, []).append(told_by(entry))
    return Brought(by_name, entries)


def _entries(settings: Settings, since: datetime, principal: Principal) -> list[Recent]:
    path = settings.home / "knowledge.sqlite"
    if not path.is_file():
        return []
    with KnowledgeStore(path, read_only=True) as knowledge:
        return knowledge.recent(since, kinds=("news", "advisory"), principal=principal)


def told_by(entry: Recent) -> Change:
    """A news entry, or an advisory among the documents, as a change."""
    news = entry.kind == "news"
    when = (entry.modified or entry.indexed).astimezone(UTC).isoformat(timespec="seconds")
    return Change(
        kind=TOLD if news else ADVISORY,
        told=f"{'in the news' if news else 'advisory'}: {entry.title}",
        when=when,
        ref=f"document:{entry.document_id}",
        source=entry.url or entry.source,
    )


def changed(statements: Sequence[Statement], since: datetime) -> list[Change]:
    """Those of these advisories that their publisher has published or changed since."""
    moment = since.astimezone(UTC).isoformat(timespec="seconds")
    found = {}
    for advisory, _ in statements:
        if advisory.modified >= moment:
            found[advisory.id] = Change(
                kind=ADVISORY, told=f"{advisory.id} is new or changed: {advisory.summary or advisory.title}",
                when=advisory.modified, ref=f"feed:advisories/{advisory.id}", source=advisory.source,
            )  # fmt: skip
    return list(found.values())
