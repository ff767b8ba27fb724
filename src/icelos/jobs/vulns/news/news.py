"""What is new and matters to us: changes joined with components by name and version, ranked by risk.

    news(settings, since=since("24h"), principal=principal)

Versions are judged by the matcher that the analysis uses; where there is a finding, with its investigation
and people's decisions, that one counts. Nothing is fetched, and the same data gives the same answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from icelos.contracts import Principal
from icelos.data.advisory_store import AdvisoryStore, workspace_store
from icelos.data.components import places_of
from icelos.data.workspace import ADVISORIES, Workspace
from icelos.findings import Finding, Verdict
from icelos.jobs.vulns.matched import LABELS, Match, find
from icelos.jobs.vulns.news.changes import Brought, brought, changed, told_by
from icelos.jobs.vulns.news.mentioned import mentioned
from icelos.jobs.vulns.news.model import ADVISORY, TOLD, Change, Concern, News, NewsItem
from icelos.jobs.vulns.news.targets import JOB, Targets
from icelos.jobs.vulns.priority import Prioritiser
from icelos.jobs.vulns.risk import Exposure, Reach
from icelos.jobs.vulns.verdicts import MEANINGS
from icelos.records import Component, record_id
from icelos.settings import Settings


class _Hit(NamedTuple):
    """A component of a target, the advisory about it that is new or tells of what is new, and its record."""

    match: Match
    record: Component
    changes: tuple[Change, ...]

    @property
    def id(self) -> str:
        return record_id(JOB, self.record.id)


def news(settings: Settings, *, since: datetime, principal: Principal) -> News:
    """Everything of since then that concerns a target of ours; the rest is counted. Raises StoreError."""
    targets = Targets(settings, principal)
    if not targets.allowed:
        notice = "you may not see what the job vulns finds"
        return News(since=since, items=(), others={}, ruled_out=0, targets=0, notices=(notice,))
    if not (settings.home / ADVISORIES).is_file():
        notice = "there are no advisories in the workspace: icelos feeds update osv kev epss"
        return News(
            since=since, items=(), others={}, ruled_out=0, targets=len(targets.names), notices=(notice,)
        )
    with workspace_store(Workspace.of(settings)) as store:
        new = brought(settings, store, since, principal)
        hits = _hits(targets, store, new, since)
        items, ruled_out = _items(
            hits, targets, Prioritiser(store.intelligence, settings.vulns.mission_impact)
        )
        named = mentioned(
            settings, new, targets, since, {change for item in items for change in item.changes}
        )
        advisories = store.changes.advisories(since)
    shown = [*items, *named]
    return News(
        since=since, items=tuple(sorted(shown, key=_rank)), others=_others(new, shown, advisories),
        ruled_out=ruled_out, targets=len(targets.names), notices=tuple(_notices(targets)),
    )  # fmt: skip


def _rank(item: NewsItem) -> tuple[float, str]:
    return -(item.risk if item.risk is not None else -1.0), item.name


def _hits(targets: Targets, store: AdvisoryStore, new: Brought, since: datetime) -> list[_Hit]:
    found = []
    for purl in sorted(targets.components):
        holders = targets.components[purl]
        component = next(iter(holders.values()))
        for place in places_of(component, store):
            for advisory, statements in store.about(place).items():
                names = {name for s, _ in statements for name in (*s.names, *s.cves)}
                changes = (*new.of(sorted(names)), *changed(statements, since))
                if not changes:
                    continue
                for one in holders.values():
                    identity = record_id(JOB, one.target_id, one.purl, advisory)
                    record = msgspec.structs.replace(one, id=identity, advisory=advisory)
                    match = find(record, store)
                    if match is not None:
                        found.append(_Hit(match, record, changes))
    return found


def _items(hits: Sequence[_Hit], targets: Targets, prioritiser: Prioritiser) -> tuple[list[NewsItem], int]:
    """An item for each vulnerability that is not ruled out everywhere; and how many are."""
    findings, hidden = targets.findings(hit.id for hit in hits)
    cases = targets.cases(findings)
    by_name: dict[str, list[tuple[_Hit, Concern]]] = {}
    cleared: set[str] = set()
    for hit in hits:
        if hit.id in hidden:
            continue
        concern = _concern(hit, findings.get(hit.id))
        if concern.verdict == Verdict.CLEAR:
            cleared.add(hit.match.title)
            continue
        if (case := cases.get(hit.id)) is not None:
            concern = msgspec.structs.replace(concern, state=_state(case), assignee=case.assignee)
        by_name.setdefault(hit.match.title, []).append((hit, concern))
    items = [_item(name, found, findings, prioritiser) for name, found in by_name.items()]
    return items, len(cleared - by_name.keys())


def _state(case: object) -> str:
    reason = getattr(case, "reason", None)
    return f"closed: {reason}" if reason else str(getattr(case, "state", ""))


def _concern(hit: _Hit, finding: Finding | None) -> Concern:
    record, reading = hit.record, hit.match.reading
    if finding is not None:
        return Concern(
            target=record.target, purl=record.purl, version=record.version, advisory=record.advisory,
            verdict=finding.verdict.value, label=finding.label, judged="finding", state="open",
            why=finding.attributes.get("why", finding.summary), finding=f"finding:{JOB}/{finding.record_id}",
            fixed_in=finding.attributes.get("fixed_in", ""),
        )  # fmt: skip
    label = LABELS[reading.standing]
    return Concern(
        target=record.target, purl=record.purl, version=record.version, advisory=record.advisory,
        verdict=MEANINGS[label].verdict.value, label=label.value, why=reading.why, judged="versions",
        fixed_in=" ".join(reading.fixes[:8]),
    )  # fmt: skip


def _item(
    name: str, found: Sequence[tuple[_Hit, Concern]], findings: dict[str, Finding], prioritiser: Prioritiser
) -> NewsItem:
    scored = [_scored(hit, findings.get(hit.id), prioritiser) for hit, _ in found]
    risk, terms = max(scored)
    changes = {change: None for hit, _ in found for change in hit.changes}
    concerns = tuple(sorted((one for _, one in found), key=lambda one: (one.target, one.purl, one.advisory)))
    first = found[0][0].match.statements[0].advisory
    return NewsItem(
        name=name, title=first.summary or first.title, why=_why(concerns, list(changes)),
        when=max(change.when for change in changes), changes=tuple(changes), concerns=concerns, risk=risk,
        risk_terms=terms,
    )  # fmt: skip


def _scored(hit: _Hit, finding: Finding | None, prioritiser: Prioritiser) -> tuple[float, str]:
    """The risk by what is known now; a finding's investigation knows whether the code is reached."""
    reached = finding is not None and finding.made_by.get("method") == "investigation"
    exposure = Exposure(hit.record.listens, hit.record.root)
    priority = prioritiser.of(hit.match.statements, Reach.REACHED if reached else Reach.UNKNOWN, exposure)
    return priority.risk.score, str(priority.risk)


def _why(concerns: Sequence[Concern], changes: Sequence[Change]) -> str:
    targets = sorted({one.target for one in concerns})
    packages = sorted({f"{one.purl.partition('?')[0]}" for one in concerns})
    affected = any(one.verdict == Verdict.ALERT for one in concerns)
    told = "; ".join(dict.fromkeys(change.told for change in changes if change.kind not in {ADVISORY, TOLD}))
    has = "is affected" if affected else "may be affected"
    where = ", ".join(targets[:3]) + (f" and {len(targets) - 3} more" if len(targets) > 3 else "")
    what = ", ".join(packages[:2]) + (f" and {len(packages) - 2} more" if len(packages) > 2 else "")
    return f"{what} in {where} {has}" + (f"; {told}" if told else "")


def _others(new: Brought, items: Sequence[NewsItem], advisories: int) -> dict[str, int]:
    """What is new and in no item, by kind."""
    shown = {change for item in items for change in item.changes}
    every = {change for changes in new.by_name.values() for change in changes}
    left = Counter(change.kind for change in every - shown if not change.ref.startswith("document:"))
    refs = {change.ref for change in shown}
    left.update(told_by(entry).kind for entry in new.entries if f"document:{entry.document_id}" not in refs)
    left[ADVISORY] += advisories - sum(ref.startswith("feed:advisories/") for ref in refs)
    return {kind: number for kind, number in sorted(left.items()) if number}


def _notices(targets: Targets) -> list[str]:
    notices = list(targets.notices)
    if not targets.names:
        notices.append("no targets are known: icelos vulns keep SBOM, or icelos vulns analyze TARGET")
    return notices
