"""Statements already made, applied to findings: which one is about which finding, and which about none.

A statement that matches nothing is told with its reason: silence is what people complain of in scanners
(grype #1836, #3657). A statement that something is under investigation decides nothing, and never takes
back what evidence decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from icelos.findings import Evidence, Finding, How, Verdict
from icelos.jobs.vulns.documents.model import CONCERN, Statement, label_of, one_line, products_of, status_of
from icelos.jobs.vulns.documents.products import covers, in_range, is_platform_of
from icelos.jobs.vulns.verdicts import MEANINGS, Status

MAX_QUOTED = 8
"""Lines of a statement's evidence that are taken over."""


class Unapplied(NamedTuple):
    """A statement that changed nothing and confirmed nothing; `near` where its vulnerability was found."""

    statement: Statement
    reason: str
    near: bool


class Application(NamedTuple):
    """All findings in their order, those of them that are new, and the statements that were of no use."""

    findings: list[Finding]
    changed: list[Finding]
    unapplied: list[Unapplied]


def apply(
    findings: Sequence[Finding], statements: Sequence[Statement], *, products: Sequence[str] = ()
) -> Application:
    """Each finding by the latest statement about it. What a statement agrees with stays as it is.

    `products` names the whole that the findings are of, where their target does not.
    """
    by_name: dict[str, list[int]] = {}
    for number, statement in enumerate(statements):
        for name in statement.names:
            by_name.setdefault(name, []).append(number)
    used: set[int] = set()
    undecided: set[int] = set()
    result = Application([], [], [])
    for finding in findings:
        about = [n for n in _numbers(finding, by_name) if is_about(statements[n], finding, products)]
        used.update(about)
        ruled = finding
        if about:
            best = min(about, key=lambda n: _rank(statements[n], finding))
            undecided.update([best] if _is_undecided(statements[best], finding) else [])
            ruled = _ruled(finding, statements[best])
        result.findings.append(ruled)
        if ruled is not finding:
            result.changed.append(ruled)
    reasons = _Reasons(findings, products)
    for number, statement in enumerate(statements):
        if number in undecided:
            reason = (
                f"{statement.vulnerability} is decided by evidence, and under investigation decides nothing"
            )
            result.unapplied.append(Unapplied(statement, reason, near=True))
        elif number not in used:
            result.unapplied.append(reasons.of(statement))
    return result


def is_about(statement: Statement, finding: Finding, products: Sequence[str] = ()) -> bool:
    """Whether vulnerability, component and whole are the same."""
    return (
        _same_vulnerability(statement, finding)
        and _same_component(statement, finding, products)
        and _same_whole(statement, finding, products)
    )


def names_of(finding: Finding) -> frozenset[str]:
    """All ids of a finding's vulnerability, in upper case."""
    facts = finding.attributes
    listed = (facts.get("vulnerability", ""), facts.get("advisory", ""), *facts.get("aliases", "").split())
    return frozenset(name.upper() for name in listed if name)


def _numbers(finding: Finding, by_name: Mapping[str, list[int]]) -> list[int]:
    return sorted({number for name in names_of(finding) for number in by_name.get(name, ())})


def _rank(statement: Statement, finding: Finding) -> tuple[float, bool, int]:
    """The latest first; of one time, the one about exactly this component, then that of most concern."""
    dated = statement.when.year > 1
    inexact = statement.subject != finding.attributes.get("purl")
    return -statement.when.timestamp() if dated else 0.0, inexact, CONCERN[statement.status]


def _same_vulnerability(statement: Statement, finding: Finding) -> bool:
    """An advisory of two CVEs does not make them one: where both name CVEs, one must be the same."""
    one, other = statement.names, names_of(finding)
    cves = [{name for name in names if name.startswith("CVE-")} for names in (one, other)]
    if all(cves):
        return bool(cves[0] & cves[1])
    return bool(one & other)


def _same_component(statement: Statement, finding: Finding, products: Sequence[str]) -> bool:
    """The component itself, or the whole that it is part of."""
    facts = finding.attributes
    if covers(statement.subject, facts.get("purl", "")):
        span = statement.version_range
        return not span or in_range(facts.get("version", ""), span)
    return not statement.products and _names_whole(statement.subject, finding, products)


def _same_whole(statement: Statement, finding: Finding, products: Sequence[str]) -> bool:
    purl = finding.attributes.get("purl", "")
    return not statement.products or any(
        _names_whole(product, finding, products) or is_platform_of(product, purl)
        for product in statement.products
    )


def _names_whole(identity: str, finding: Finding, products: Sequence[str]) -> bool:
    facts = finding.attributes
    own = (*products_of(finding, products), facts.get("target", ""), facts.get("target_id", ""))
    return any(covers(identity, one) for one in own)


def _is_undecided(statement: Statement, finding: Finding) -> bool:
    return (
        statement.status is Status.UNDER_INVESTIGATION
        and status_of(finding) is not Status.UNDER_INVESTIGATION
    )


def _ruled(finding: Finding, statement: Statement) -> Finding:
    """The finding as the statement has it; the verdict before stays in its attributes and evidence."""
    label, facts = statement.label, finding.attributes
    agrees = (status_of(finding), label_of(finding)) == (statement.status, label)
    if agrees or _is_undecided(statement, finding):
        return finding
    words = statement.impact or statement.action
    told = one_line(f"{statement.status.value} ({label.value})" + f": {words}" * bool(words))
    pieces = [Evidence(f"VEX: {told}", statement.source, How.RETRIEVAL)]
    pieces += [Evidence(line, statement.source, How.RETRIEVAL) for line in statement.evidence[:MAX_QUOTED]]
    named = f"{facts.get('name', '')} {facts.get('version', '')}".strip()
    changed = {
        "status": statement.status.value, "why": one_line(words) or f"says {statement.source}",
        "vex": statement.source, "before": f"{status_of(finding).value} ({finding.label})",
    }  # fmt: skip
    verdict = MEANINGS[label].verdict
    return msgspec.structs.replace(
        finding, label=label.value, verdict=verdict, attributes={**facts, **changed},
        score=None if verdict is Verdict.CLEAR else finding.score,  # what is ruled out has no risk
        summary=f"{named}, {facts.get('vulnerability', '')}: {told}, says {statement.source}",
        evidence=(*finding.evidence, *(piece for piece in pieces if piece not in finding.evidence)),
    )  # fmt: skip


class _Reasons:
    """Why a statement is about none of the findings."""

    def __init__(self, findings: Iterable[Finding], products: Sequence[str]) -> None:
        self._products = products
        self._by_name: dict[str, list[Finding]] = {}
        for finding in findings:
            for name in names_of(finding):
                self._by_name.setdefault(name, []).append(finding)

    def of(self, statement: Statement) -> Unapplied:
        """The step at which it failed."""
        named = [f for name in sorted(statement.names) for f in self._by_name.get(name, ())]
        found = [f for f in named if _same_vulnerability(statement, f)]
        if not found:
            return Unapplied(statement, f"nothing was found of {statement.vulnerability}", near=False)
        placed = [f for f in found if _same_component(statement, f, self._products)]
        if not placed:
            purls = ", ".join(dict.fromkeys(f.attributes.get("purl", "") for f in found[:3]))
            wanted = f"{statement.subject} {statement.version_range}".strip()
            return Unapplied(
                statement, f"{statement.vulnerability} was found in {purls}, not in {wanted}", near=True
            )
        target = placed[0].attributes.get("target", "")
        whole = " or ".join(statement.products[:3])
        reason = f"{statement.vulnerability}: it is about {whole}, and the target is {target}"
        return Unapplied(
            statement, f"{reason}; --product {statement.products[0]} says it is the same", near=True
        )
