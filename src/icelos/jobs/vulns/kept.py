"""Kept inventories analysed anew: what their findings say now, in place of what they said.

An inventory is judged whole and written at once: whoever reads meanwhile sees its old findings or its new
ones. What it no longer says stays, as ruled out, with the reason; a failure that is none any more goes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from icelos.contracts import Job, Sink, Source
from icelos.data.advisories import AdvisoryIndex
from icelos.data.advisory_store import AdvisoryStore, open_advisories, open_intelligence
from icelos.data.decisions import Decision, DecisionStore
from icelos.data.inventories import Analysed, Inventories, KeptInventory, KeptSource
from icelos.data.sinks import SqliteSink
from icelos.data.workspace import Workspace
from icelos.errors import InputError, RunError
from icelos.findings import Finding, Outcome, Verdict
from icelos.jobs.vulns.decisions import rule_and_decide
from icelos.jobs.vulns.documents.ruling import Rules
from icelos.jobs.vulns.job import VulnsJob
from icelos.jobs.vulns.priority import Prioritiser
from icelos.jobs.vulns.verdicts import MEANINGS, Label
from icelos.records import record_id
from icelos.settings import Settings

Run = Callable[[Job, Source, Sink], Any]
"""The engine's run of a job over a source into a sink; gives a Report."""
_RISK = (
    "risk", "risk_low", "risk_high", "risk_terms", "ssvc", "decision", "stale", "excepted", "ignored",
)  # fmt: skip


class _Kept:
    """A sink in memory."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}

    def write(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes.update((one.id, one) for one in outcomes)

    def close(self) -> None:
        """Nothing to close."""


def analyse_kept(
    settings: Settings, run: Run, *, names: Iterable[str] = (), force: bool = False
) -> list[Analysed]:
    """Analyse kept inventories (all, or those named) against the workspace's advisories.

    One that was analysed upon the same data and decisions is passed over unless `force`. Raises InputError
    where there are no advisories, or no inventory of a name; StoreError; RunError where a run was stopped, or
    where a document cannot be read any more: the others are analysed.
    """
    workspace = Workspace.of(settings)
    inventories = Inventories(workspace)
    chosen = [inventories.named(name) for name in names] or inventories.all()
    if not chosen:
        return []
    advisories = open_advisories("", settings)
    decisions = _decisions(workspace)
    basis = _basis(advisories, decisions)
    job = VulnsJob(
        advisories, Prioritiser(open_intelligence(advisories, settings), settings.vulns.mission_impact)
    )
    done, bad = list[Analysed](), list[str]()
    with SqliteSink(workspace.findings) as sink:
        for about in chosen:
            if about.basis == basis and not force:
                done.append(Analysed(name=about.name, unchanged=True))
                continue
            try:
                outcomes = _judged(job, KeptSource(inventories, about, advisories), run, decisions)
                done.append(_renewed(sink, inventories, about, outcomes, basis))
            except InputError as error:  # of one document; the others go on
                bad.append(f"{about.name}: {error.message}")
    if bad:
        raise RunError(f"not analysed: {'; '.join(bad)}", hint=f"{len(done)} others were")
    return done


def _judged(job: VulnsJob, source: KeptSource, run: Run, decisions: Sequence[Decision]) -> list[Outcome]:
    kept = _Kept()
    report = run(job, source, kept)
    if report.interrupted:
        raise RunError("stopped before its end", hint="its findings are as they were")
    today = datetime.now(UTC).date()
    return rule_and_decide(list(kept.outcomes.values()), Rules(), decisions, today=today).outcomes


def _renewed(
    sink: SqliteSink, inventories: Inventories, about: KeptInventory, outcomes: Sequence[Outcome], basis: str
) -> Analysed:
    before, now = inventories.outcomes(about), {one.id for one in outcomes}
    purls = {component.purl for component in inventories.read(about).components}
    found = [one for i in sorted(before - now) if (one := sink.finding(i)) is not None]
    gone = [_gone(one, purls) for one in found if "gone" not in one.attributes]
    inventories.expect(about, before | now)  # who is killed from here on finds them again
    sink.write([*outcomes, *gone])
    failures = before - now - {one.id for one in found}
    if failures:
        stale = [one.record_id for one in sink.failures(job="vulns", limit=100_000) if one.id in failures]
        sink.resolve("vulns", stale)
    inventories.analysed(about, now, basis=basis)
    findings = [one for one in outcomes if isinstance(one, Finding)]
    counts = Counter(one.verdict for one in findings)
    return Analysed(
        name=about.name,
        verdicts={verdict.value: counts[verdict] for verdict in Verdict if counts[verdict]},
        failures=len(outcomes) - len(findings),
        new=len({one.id for one in findings} - before),
        gone=len(gone),
    )


def _gone(finding: Finding, purls: set[str]) -> Finding:
    """Ruled out, because the inventory has changed or what advisories say has."""
    facts = {name: value for name, value in finding.attributes.items() if name not in _RISK}
    there = facts.get("purl", "") in purls
    why = "no advisory that is loaded says it any more" if there else "the component is no longer there"
    label = Label.CODE_NOT_PRESENT
    facts |= {
        "status": MEANINGS[label].status.value,
        "why": why,
        "gone": datetime.now(UTC).date().isoformat(),
    }
    named = f"{facts.get('name', '')} {facts.get('version', '')}".strip()
    return msgspec.structs.replace(
        finding, verdict=MEANINGS[label].verdict, label=label.value, score=None, attributes=facts,
        summary=f"{named}, {facts.get('vulnerability', '')}: {why}",
    )  # fmt: skip


def _decisions(workspace: Workspace) -> list[Decision]:
    if not workspace.decisions.exists():
        return []
    with DecisionStore(workspace.decisions) as store:
        return store.in_force()


def _basis(advisories: AdvisoryIndex, decisions: Sequence[Decision]) -> str:
    """What an analysis rests on, as one hash; also on the day, where a decision may expire."""
    sources = advisories.sources() if isinstance(advisories, AdvisoryStore) else []
    parts = [f"{one.name} {one.digest or one.filled}" for one in sources]
    parts += [one.id for one in decisions]
    if any(one.expires for one in decisions):
        parts.append(datetime.now(UTC).date().isoformat())
    return record_id(*parts)
