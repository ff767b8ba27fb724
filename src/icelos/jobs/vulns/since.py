"""A run against an earlier one: what is new, what is the same, what has changed, and what is gone and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from icelos.errors import InputError
from icelos.findings import Failure, Finding, Outcome, Verdict
from icelos.jobs.vulns.basis import ATTRIBUTE, differences
from icelos.jobs.vulns.changes import Gone, Row, Since
from icelos.jobs.vulns.documents.exceptions import is_excepted
from icelos.jobs.vulns.documents.model import status_of
from icelos.jobs.vulns.documents.products import plain
from icelos.jobs.vulns.report import read_outcomes

CHANGE, WHY = "change", "change_why"
_CONCERN = {verdict: number for number, verdict in enumerate(Verdict)}


class Comparison(NamedTuple):
    """All outcomes in their order, each finding with its change; and the ids of what is new or worse."""

    outcomes: list[Outcome]
    since: Since
    fresh: frozenset[str]


def read_previous(path: Path) -> list[Finding]:
    """The findings of `analyze --format json`. Raises InputError for a file that is none."""
    outcomes = read_outcomes(path)
    broken = [one for one in outcomes if isinstance(one, Failure) and one.source.startswith(f"{path.name}:")]
    if broken:
        hint = "--since takes what `icelos vulns analyze --format json` wrote"
        raise InputError(f"not an earlier run: {broken[0].error}", source=broken[0].source, hint=hint)
    return [one for one in outcomes if isinstance(one, Finding) and one.job == "vulns"]


def compare(
    outcomes: Sequence[Outcome], previous: Sequence[Finding], inventory: Callable[[], Iterable[str]]
) -> Comparison:
    """`inventory` gives the package URLs of the target's components; asked only where something is gone."""
    findings = [one for one in outcomes if isinstance(one, Finding)]
    pairs, left = _paired(findings, previous)
    known = {_package(one) for one in previous}
    marked: dict[str, Finding] = {}
    fresh: set[str] = set()
    for finding in findings:
        before = pairs.get(finding.id)
        change, why = _change(finding, before, known)
        marked[finding.id] = msgspec.structs.replace(
            finding, attributes={**finding.attributes, CHANGE: change, WHY: why}
        )
        if (
            before is None
            or _CONCERN[finding.verdict] < _CONCERN[before.verdict]
            or _unexcepted(finding, before)
        ):
            fresh.add(finding.id)
    gone = _gone(left, outcomes, inventory) if left else ()
    done: list[Outcome] = [marked.get(one.id, one) for one in outcomes]
    return Comparison(done, _since(list(marked.values()), gone), frozenset(fresh))


def _unexcepted(finding: Finding, before: Finding) -> bool:
    """Whether what was accepted is so no more."""
    return "excepted" in before.attributes and not is_excepted(finding)


def _package(finding: Finding) -> str:
    """The package without its version."""
    return _general(finding.attributes.get("purl") or finding.attributes.get("name", ""))


def _general(purl: str) -> str:
    return plain(purl).partition("?")[0].rpartition("@")[0] or plain(purl)


def _paired(
    findings: Sequence[Finding], previous: Sequence[Finding]
) -> tuple[dict[str, Finding], list[Finding]]:
    """The earlier finding by the id of each that has one, the likest first; and those left over."""
    pairs: dict[str, Finding] = {}
    left = dict(enumerate(previous))
    for names in _ALIKE:
        places: dict[tuple[str, ...], list[int]] = {}
        for number, one in left.items():
            places.setdefault(_named(one, names), []).append(number)
        for finding in findings:
            if finding.id not in pairs and (numbers := places.get(_named(finding, names))):
                pairs[finding.id] = left.pop(numbers.pop(0))
    return pairs, list(left.values())


_ALIKE = (
    ("purl", "location", "advisory"),
    ("version", "vulnerability"),
    ("location", "vulnerability"),
    ("vulnerability",),
    ("advisory",),
)
"""What two findings of one package have in common, in descending order of likeness."""


def _named(finding: Finding, names: Sequence[str]) -> tuple[str, ...]:
    return (_package(finding), *(finding.attributes.get(name, "") for name in names))


def _change(finding: Finding, before: Finding | None, known: set[str]) -> tuple[str, str]:
    if before is None:
        if _package(finding) in known:
            return "new", "the component was there, and this was not known of it"
        return "new", "the component is new, or nothing was known of it"
    now, then = _said(finding), _said(before)
    versions = [one.attributes.get("version", "") for one in (before, finding)]
    moved = f"the version moved from {versions[0]} to {versions[1]}" if versions[0] != versions[1] else ""
    if now != then:
        return "changed", "; ".join(filter(None, (f"was {then}, is {now}", moved, *_parts(before, finding))))
    if moved:
        return "changed", f"{moved}; still {now}"
    parts = _parts(before, finding)
    if parts:
        return "same", f"looked at again, the same verdict; {parts[0]}"
    return "same", "its evidence still holds"


def _parts(before: Finding, finding: Finding) -> list[str]:
    changed = differences(before.attributes.get(ATTRIBUTE, ""), finding.attributes.get(ATTRIBUTE, ""))
    return [f"changed {', '.join(changed)}"] if changed else []


def _said(finding: Finding) -> str:
    return f"{status_of(finding).value} ({finding.label})"


def _gone(
    left: Sequence[Finding], outcomes: Sequence[Outcome], inventory: Callable[[], Iterable[str]]
) -> tuple[Gone, ...]:
    versions: dict[str, dict[str, None]] = {}
    for purl in inventory():
        version = plain(purl).partition("?")[0].rpartition("@")[2]
        versions.setdefault(_general(purl), {})[version] = None
    failed = {one.record_id for one in outcomes if isinstance(one, Failure)}
    return tuple(
        Gone(
            one.attributes.get("vulnerability", ""), one.attributes.get("purl", ""), one.label,
            _why_gone(one, versions.get(_package(one), {}), failed),
        )
        for one in left
    )  # fmt: skip


def _why_gone(finding: Finding, versions: dict[str, None], failed: set[str]) -> str:
    if finding.record_id in failed:
        return "it could not be judged this time: see the failures"
    if not versions:
        return "the component is gone"
    before = plain(finding.attributes.get("purl", "")).partition("?")[0].rpartition("@")[2]
    if before not in versions:
        return f"the version moved from {before} to {', '.join(versions)}"
    return (
        "no advisory says it of the component any more: it is withdrawn or corrected, or not in these feeds"
    )


def _since(findings: Sequence[Finding], gone: Sequence[Gone]) -> Since:
    counts = Counter(one.attributes[CHANGE] for one in findings)
    reused = sum("reused" in one.attributes for one in findings)
    told = (
        f"since the run before: {counts['new']} new, {counts['changed']} changed, {counts['same']} the same, "
        f"{len(gone)} gone; {reused} verdicts of investigations used again"
    )
    rows = [_row(one) for name in ("new", "changed") for one in findings if one.attributes[CHANGE] == name]
    rows += [("gone", one.vulnerability, one.purl, one.why) for one in gone]
    return Since(told, tuple(rows), tuple(gone))


def _row(finding: Finding) -> Row:
    facts = finding.attributes
    said = f"{_said(finding)}: {facts[WHY]}" if facts[CHANGE] == "new" else facts[WHY]
    return facts[CHANGE], facts.get("vulnerability", ""), facts.get("purl", ""), said
