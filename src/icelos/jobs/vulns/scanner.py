"""Scanners' reports as a target: what Icelos says of what a scanner reported.

What the scanner alone reports stays a finding, under investigation. Where an advisory of ours has the same id
and its range excludes the version, the report is a false positive, and the range is its proof.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from icelos.data.parse.intelligence import Facts
from icelos.data.reported import title_of
from icelos.findings import Evidence, Finding, How
from icelos.jobs.vulns.matched import listed
from icelos.jobs.vulns.priority import Prioritiser
from icelos.jobs.vulns.ranges import Reading, Standing
from icelos.jobs.vulns.risk import Exposure
from icelos.jobs.vulns.verdicts import MEANINGS, Label, Status
from icelos.records import Component, Reported

VERSION_EXCLUDED = "vulnerable_code_not_present"
"""OpenVEX's justification of a false positive that the version decides: the component itself is there."""
_RATINGS = frozenset({"critical", "important", "high", "moderate", "medium", "low", "negligible"})


def is_reported(record: Component) -> bool:
    """Whether the target is a scanner's report, and names this vulnerability."""
    return record.reported is not None and bool(record.reported.names)


def refuted(record: Component, reading: Reading) -> bool:
    """Whether a scanner reported what the advisory's own range excludes."""
    return is_reported(record) and reading.standing in {Standing.FIXED, Standing.OUTSIDE}


def refutation(record: Component, reading: Reading) -> dict[str, str]:
    """Attributes of a report that is a false positive: why, and the justification that VEX demands."""
    scanner = record.reported.scanner if record.reported else ""
    return {"why": f"{scanner} reported it, but {reading.why}", "justification": VERSION_EXCLUDED}


def comparison(record: Component, *, matched: bool = True) -> dict[str, str]:
    """Attributes: who found it, and the scanner's words. Empty where the report says nothing of it."""
    one = record.reported
    if one is None or not one.names:
        return {}
    values = {
        "found_by": f"icelos and {one.scanner}" if matched else one.scanner, "reported_by": one.scanner,
        "reported_as": " ".join(one.names), "reported_severity": one.severity, "reported_fix": one.fixed_in,
    }  # fmt: skip
    return {name: value for name, value in values.items() if value}


def overlooked(record: Component) -> dict[str, str]:
    """Attributes of what is not ruled out and the scanner did not report; else empty."""
    one = record.reported
    return {"found_by": "icelos", "not_reported_by": one.scanner} if one is not None and not one.names else {}


def quoted(record: Component) -> tuple[Evidence, ...]:
    """What the report says, as evidence that it says so."""
    one = record.reported
    if one is None or not one.names:
        return ()
    told = f"{one.scanner} reported {', '.join(one.names)}"
    told += f", {one.severity}" * bool(one.severity) + f", fixed in {one.fixed_in}" * bool(one.fixed_in)
    return (Evidence(told, record.source, How.RETRIEVAL),)


def unmatched(
    record: Component, prioritiser: Prioritiser, *, covered: bool, made_by: Mapping[str, str]
) -> Finding:
    """What a scanner reported and no advisory is about: kept, and under investigation.

    `covered` says whether advisories for this kind of component are loaded. Raises StoreError.
    """
    one, label = record.reported, Label.UNCERTAIN
    assert one is not None  # noqa: S101 - `is_reported` is asked before
    why = _unmatched_why(one, covered=covered)
    priority = prioritiser.of_names(one.names, _said(one), Exposure(record.listens, record.root))
    named = f"{record.name} {record.version}".strip()
    return Finding(
        record_id=record.id, job="vulns", verdict=MEANINGS[label].verdict, label=label.value,
        score=priority.risk.score, summary=f"{named} may be affected by {record.advisory}: {why}",
        evidence=(listed(record), *quoted(record)), source=record.source,
        attributes=_unmatched_attributes(record, one, why) | priority.attributes,
        made_by={**made_by, "method": "report of a scanner"},
    )  # fmt: skip


def _unmatched_why(one: Reported, *, covered: bool) -> str:
    if not covered:
        return f"{one.scanner} reported it, and no advisories are loaded for this kind of component"
    return f"{one.scanner} reported it, and no advisory that is loaded names this package under its ids"


def _unmatched_attributes(record: Component, one: Reported, why: str) -> dict[str, str]:
    """Its fix is the scanner's word."""
    title = title_of(one)
    values = {
        "target_id": record.target_id, "target": record.target, "purl": record.purl, "name": record.name,
        "version": record.version, "location": record.location, "layer": record.layer, "owner": record.owner,
        "advisory": title, "vulnerability": title,
        "aliases": " ".join(name for name in one.names if name != title),
        "status": Status.UNDER_INVESTIGATION.value, "why": why, "fixed_in": one.fixed_in,
        "match": f"report of {one.scanner}",
        "would_change": "an advisory that names the package and its affected versions",
    }  # fmt: skip
    return {name: value for name, value in values.items() if value} | comparison(record, matched=False)


def _said(one: Reported) -> Sequence[Facts]:
    """The scanner's severity, where nothing better is known."""
    rating = one.severity if one.severity in _RATINGS else ""
    return (Facts(name=title_of(one), rating=rating),)
