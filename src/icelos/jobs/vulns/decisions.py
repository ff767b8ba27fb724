"""Decisions of people, applied to findings: the person's label counts, and the machine's stands beside it.

Where what it was made upon has changed since, a decision is stale: it is shown, a person has to look again,
and of its label and the machine's that of more concern counts. An expired one is shown, and does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from icelos.data.decisions import Basis, Decision
from icelos.findings import Evidence, Finding, How, Outcome, Verdict
from icelos.jobs.vulns.basis import ATTRIBUTE, differences
from icelos.jobs.vulns.documents.apply import names_of
from icelos.jobs.vulns.documents.model import label_of, one_line, status_of
from icelos.jobs.vulns.documents.products import covers
from icelos.jobs.vulns.documents.ruling import Ruled, Rules, rule
from icelos.jobs.vulns.verdicts import MEANINGS, Label, Status

MACHINE_LABEL, MACHINE_STATUS = "machine_label", "machine_status"
STALE, EXPIRED = "decision_stale", "decision_expired"
_CONCERN = {verdict: number for number, verdict in enumerate(Verdict)}


class Decided(NamedTuple):
    """All outcomes in their order, the findings that are new, and lines for people."""

    outcomes: list[Outcome]
    changed: list[Finding]
    notes: list[str]


def apply_decisions(
    outcomes: Sequence[Outcome], decisions: Sequence[Decision], *, today: date,
    machine: Sequence[Outcome] | None = None,
) -> Decided:  # fmt: skip
    """Each finding by the latest decision about it; `machine` are those before statements of others."""
    own = {one.id: one for one in (machine if machine is not None else outcomes) if isinstance(one, Finding)}
    result = Decided([], [], [])
    counts = {"applied": 0, STALE: 0, EXPIRED: 0}
    for outcome in outcomes:
        ruled = outcome
        if isinstance(outcome, Finding):
            about = [one for one in decisions if is_about(one, outcome)]
            if about:
                ruled = _ruled(outcome, own.get(outcome.id, outcome), about, today)
                kind = next((k for k in (STALE, EXPIRED) if k in ruled.attributes), "applied")
                counts[kind] += 1
                result.changed.append(ruled)
                result.notes.extend(_told(ruled))
        result.outcomes.append(ruled)
    if result.changed:
        said = f"{counts['applied']} applied, {counts[STALE]} stale, {counts[EXPIRED]} expired"
        result.notes.insert(0, f"decisions of people about {len(result.changed)} findings: {said}")
    return result


def is_about(decision: Decision, finding: Finding) -> bool:
    """Whether vulnerability, component and target are those of the decision."""
    facts = finding.attributes
    one, other = decision.names, names_of(finding)
    cves = [{name for name in names if name.startswith("CVE-")} for names in (one, other)]
    same = bool(cves[0] & cves[1]) if all(cves) else bool(one & other)  # an advisory may be of two CVEs
    target = decision.target in {"", facts.get("target", ""), facts.get("target_id", "")}
    return same and target and covers(decision.purl, facts.get("purl", ""))


def machine_label(finding: Finding) -> Label:
    """What the machine itself said, whatever statements and decisions say since."""
    said = finding.attributes.get(MACHINE_LABEL) or finding.attributes.get("before", "").rpartition("(")[2]
    return Label(said.rstrip(")")) if said else label_of(finding)


def basis_of(finding: Finding) -> Basis:
    """What a decision about this finding is made upon."""
    facts = finding.attributes
    return Basis(
        facts.get("purl", ""), facts.get("target", ""), machine_label(finding).value, facts.get(ATTRIBUTE, "")
    )


def stale(decision: Decision, finding: Finding) -> str:
    """Why a person has to look again, "" where all is as it was; `finding` is the machine's own."""
    now = basis_of(finding)
    reasons = [_change(before, now) for before in decision.bases]
    if "" in reasons:
        return ""
    alike = [
        reason
        for before, reason in zip(decision.bases, reasons, strict=True)
        if (before.purl, before.target) == (now.purl, now.target)
    ]
    near = [r for b, r in zip(decision.bases, reasons, strict=True) if b.target == now.target]
    return next(iter((*alike, *near, *reasons)), "it was made upon no finding")


def _change(before: Basis, now: Basis) -> str:
    if before.purl != now.purl:
        return f"it was made upon {before.purl}, and this is {now.purl}"
    if before.label != now.label:
        return f"the machine's verdict was {before.label}, and is {now.label}"
    changed = differences(before.evidence, now.evidence, but=("rules",))
    return f"changed since: {', '.join(changed)}" if changed else ""


def _ruled(finding: Finding, machine: Finding, about: Sequence[Decision], today: date) -> Finding:
    decision = max(about, key=lambda one: one.made)  # a later one takes the place of those before it
    facts = {**finding.attributes, **_facts(decision, machine)}
    if decision.expires is not None and decision.expires < today:
        facts[EXPIRED] = f"expired on {decision.expires}: a person has to look again"
        return _with(finding, facts, decision, f"{facts[EXPIRED]}; it does not count")
    why = stale(decision, machine)
    if why:
        facts[STALE] = f"{why}: a person has to look again"
    label = Label(decision.label)
    counts = not why or (_worse(label, finding) and status_of(machine) is not Status.FIXED)
    told = f"stale, {facts[STALE]}" if why else ""
    if not counts:
        return _with(finding, facts, decision, told)
    status = status_of(finding) if label is label_of(finding) else MEANINGS[label].status
    facts |= {"status": status.value, "why": one_line(f"{decision.by} decided: {decision.reason}")}
    verdict = MEANINGS[label].verdict
    decided = msgspec.structs.replace(
        finding, label=label.value, verdict=verdict,
        score=None if verdict is Verdict.CLEAR else finding.score,  # what is ruled out has no risk
    )  # fmt: skip
    return _with(decided, facts, decision, told)


def _worse(label: Label, finding: Finding) -> bool:
    """Whether the decision is of more concern than what the finding says without it."""
    return _CONCERN[MEANINGS[label].verdict] < _CONCERN[finding.verdict]


def _facts(decision: Decision, machine: Finding) -> dict[str, str]:
    values = {
        "decision": decision.id, "decided": decision.label, "decided_by": decision.by,
        "decided_on": decision.made.date().isoformat(), "decided_reason": one_line(decision.reason),
        "decided_until": decision.expires.isoformat() if decision.expires else "",
        MACHINE_LABEL: machine.label, MACHINE_STATUS: status_of(machine).value,
    }  # fmt: skip
    return {name: value for name, value in values.items() if value}


def _with(finding: Finding, facts: dict[str, str], decision: Decision, told: str) -> Finding:
    """The finding with the decision in its attributes, its summary and its evidence."""
    until = f", until {decision.expires}" if decision.expires else ""
    machine = f"the machine says {facts[MACHINE_STATUS]} ({facts[MACHINE_LABEL]})"
    who = f"{decision.label}, decided by {decision.by} on {decision.made.date()}{until}: {decision.reason}"
    line = one_line(f"decision: {who}; {machine}" + f"; {told}" * bool(told))
    piece = Evidence(line, f"decision {decision.id}", How.RULE)
    named = f"{facts.get('name', '')} {facts.get('version', '')}".strip()
    summary = f"{named}, {facts.get('vulnerability', '')}: {line.removeprefix('decision: ')}"
    if told:
        summary = f"{finding.summary} [{line}]"
    return msgspec.structs.replace(
        finding, attributes=facts, summary=summary, evidence=(piece, *finding.evidence)
    )


def _told(finding: Finding) -> Iterable[str]:
    facts = finding.attributes
    why = facts.get(STALE) or facts.get(EXPIRED)
    if why:
        about = f"{facts.get('vulnerability', '')} in {facts.get('purl', '')}"
        yield f"decision {facts['decision']} about {about}: {why}"


def rule_and_decide(
    outcomes: Sequence[Outcome], rules: Rules, decisions: Sequence[Decision], *, today: date,
    products: Sequence[str] = (),
) -> Ruled:  # fmt: skip
    """Statements of others, decisions of one's own people, then ignore rules and exceptions for the rest."""
    stated = rule(outcomes, Rules(rules.statements, (), rules.notes), today=today, products=products)
    decided = apply_decisions(stated.outcomes, decisions, today=today, machine=outcomes)
    excepted = rule(
        decided.outcomes, Rules((), rules.exceptions, (), rules.ignores), today=today, products=products
    )
    new = {one.id: one for one in (*stated.changed, *decided.changed, *excepted.changed)}
    return Ruled(excepted.outcomes, list(new.values()), [*stated.notes, *decided.notes, *excepted.notes])
