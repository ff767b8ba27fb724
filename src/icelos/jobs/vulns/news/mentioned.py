"""News and KEV additions that concern us by a name alone: of a component, or of what the settings watch.

A name does not tell a version, and that is said. A component is named by a word of a title that is its whole
name; a watched vendor or product by the words in their order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from icelos.data.feeds.feeds import fetched_documents
from icelos.data.workspace import Workspace
from icelos.findings import Failure
from icelos.jobs.vulns.news.changes import Brought, told_by
from icelos.jobs.vulns.news.model import EXPLOITED, Change, Concern, NewsItem
from icelos.jobs.vulns.news.targets import Targets
from icelos.knowledge.recent import Recent
from icelos.settings import Settings

SHORTEST = 4
"""Letters of a component's name from which a title may mean it."""
_WORD = re.compile(r"[a-z0-9@][a-z0-9.+@/_-]*[a-z0-9+]", re.IGNORECASE)


def mentioned(
    settings: Settings, new: Brought, targets: Targets, since: datetime, shown: set[Change]
) -> list[NewsItem]:
    """An item for each text that names something of ours and is in no item yet."""
    refs = {change.ref for change in shown}
    watched = [(name, _pattern(name)) for name in settings.vulns.watch if name.strip()]
    components = _by_name(targets)
    items = []
    for entry in new.entries:
        if f"document:{entry.document_id}" in refs:
            continue
        item = _named(entry, components) or _watched(entry, watched)
        if item is not None:
            items.append(item)
    if watched and (settings.home / "feeds" / "kev").is_dir():
        items += _exploited(settings, watched, since, refs)
    return items


def _by_name(targets: Targets) -> dict[str, list[Concern]]:
    found: dict[str, list[Concern]] = {}
    for purl, holders in targets.components.items():
        for one in holders.values():
            if len(one.name) >= SHORTEST:
                found.setdefault(one.name.lower(), []).append(Concern(
                    target=one.target, purl=purl, version=one.version, advisory="", verdict="unknown",
                    label="named", why="it is named; no version is", judged="name",
                ))  # fmt: skip
    return found


def _named(entry: Recent, components: dict[str, list[Concern]]) -> NewsItem | None:
    words = dict.fromkeys(word.lower() for word in _WORD.findall(entry.title))
    names = [word for word in words if word in components]
    if not names:
        return None
    concerns = sorted((one for name in names for one in components[name]), key=lambda c: (c.target, c.purl))
    why = (
        f"it names {', '.join(names)}, which you have; whether your version is meant, its title does not say"
    )
    return _item(entry, why, tuple(concerns))


def _watched(entry: Recent, watched: Iterable[tuple[str, re.Pattern[str]]]) -> NewsItem | None:
    names = [name for name, pattern in watched if pattern.search(entry.title)]
    return _item(entry, f"it names {', '.join(names)}, which you watch") if names else None


def _item(entry: Recent, why: str, concerns: tuple[Concern, ...] = ()) -> NewsItem:
    change = told_by(entry)
    return NewsItem(
        name=entry.document_id, title=entry.title, why=why, when=change.when, changes=(change,),
        concerns=concerns,
    )  # fmt: skip


def _exploited(
    settings: Settings, watched: Iterable[tuple[str, re.Pattern[str]]], since: datetime, refs: set[str]
) -> Iterator[NewsItem]:
    """KEV additions of watched vendors and products, which no bill of materials lists."""
    rows = list(watched)
    for document in fetched_documents("kev", Workspace(Path(settings.home))):
        if isinstance(document, Failure) or document.modified is None:
            continue
        cve = document.identifiers[0]
        if document.modified.date() < since.astimezone(UTC).date() or f"feed:kev/{cve}" in refs:
            continue
        product = f"{document.facts.get('vendor', '')} {document.facts.get('product', '')}".strip()
        names = [name for name, pattern in rows if pattern.search(product)]
        if names:
            day = document.modified.date().isoformat()
            change = Change(
                kind=EXPLOITED, told=f"exploited: in CISA's catalogue since {day}", when=day,
                ref=f"feed:kev/{cve}", source=document.url,
            )  # fmt: skip
            why = f"{product} is exploited, and you watch {', '.join(names)}; your versions are not known"
            yield NewsItem(name=cve, title=document.title, why=why, when=day, changes=(change,))


def _pattern(name: str) -> re.Pattern[str]:
    words = r"\W+".join(re.escape(word) for word in name.split())
    return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)
