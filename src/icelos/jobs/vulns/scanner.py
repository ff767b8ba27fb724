"""Scanners' reports as a target: what Icelos says of what a scanner reported.

What the scanner alone reports stays a finding, under investigation. Where an advisory of ours has the same id
and its range excludes the version, the report is a false positive, and the range is its proof.
"""

from __future__ import annotations

from collections.abc import Sequence

from icelos.data.parse.intelligence import Facts
from icelos.data.reported import title_of
from icelos.findings import Evidence, How
from icelos.jobs.vulns.ranges import Reading, Standing
from icelos.jobs.vulns.verdicts import Status
from icelos.records import Component, Reported

VERSION_EXCLUDED = "vulnerable_code_not_present"
"""OpenVEX's justification of a false positive that the version decides: the component itself is there."""
_RATINGS = frozenset({"critical", "important", "high", "moderate", "medium", "low", "negligible"})


def refuted(record: Component, reading: Reading) -> bool:
    """Whether a scanner reported what the advisory's own range excludes."""
    return is_reported(record) and reading.standing in {Standing.FIXED, Standing.OUTSIDE}


def is_reported(record: Component) -> bool:
    """Whether the target is a scanner's report, and names this vulnerability."""
    return record.reported is not None and bool(record.reported.names)


def comparison(record: Component, *, matched: bool) -> dict[str, str]:
    """Attributes: who found it, and the scanner's words. Empty where the target is no scanner's report."""
    one = record.reported
    if one is None:
        return {}
    if not one.names:
        return {"found_by": "icelos", "not_reported_by": one.scanner}
    values = {
        "found_by": f"icelos and {one.scanner}" if matched else one.scanner, "reported_by": one.scanner,
        "reported_as": " ".join(one.names), "reported_severity": one.severity, "reported_fix": one.fixed_in,
    }  # fmt: skip
    return {name: value for name, value in values.items() if value}


def quoted(record: Component) -> tuple[Evidence, ...]:
    """What the report says, as evidence that it says so."""
    one = record.reported
    if one is None or not one.names:
        return ()
    told = f"{one.scanner} reported {', '.join(one.names)}"
    told += f", {one.severity}" * bool(one.severity) + f", fixed in {one.fixed_in}" * bool(one.fixed_in)
    return (Evidence(told, record.source, How.RETRIEVAL),)


def refutation(record: Component, reading: Reading) -> str:
    """Why a report is a false positive."""
    scanner = record.reported.scanner if record.reported else ""
    return f"{scanner} reported it, but {reading.why}"


def unmatched_why(one: Reported, *, covered: bool) -> str:
    """Why what the scanner alone reported is not decided."""
    if not covered:
        return f"{one.scanner} reported it, and no advisories are loaded for this kind of component"
    return f"{one.scanner} reported it, and no advisory that is loaded names this package under its ids"


def unmatched_attributes(record: Component, one: Reported, why: str) -> dict[str, str]:
    """Attributes of a finding that rests on a report alone; its fix is the scanner's word."""
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


def said(one: Reported) -> Sequence[Facts]:
    """The scanner's severity, where nothing better is known."""
    rating = one.severity if one.severity in _RATINGS else ""
    return (Facts(name=title_of(one), rating=rating),)
