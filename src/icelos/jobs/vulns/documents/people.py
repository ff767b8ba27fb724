"""What reports for people have in common: the order, the sections, and what to say where nothing is said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from icelos.data.parse.limits import normalise
from icelos.findings import Failure, Finding, Outcome, Verdict
from icelos.jobs.vulns.documents.exceptions import is_excepted
from icelos.jobs.vulns.documents.ignoring import is_ignored
from icelos.jobs.vulns.documents.model import label_of, one_line, status_of
from icelos.jobs.vulns.documents.moves import Advice, Move, Rebuild, advice_on
from icelos.jobs.vulns.verdicts import Label

_SEVERITIES = {"critical": 0, "important": 1, "high": 1, "moderate": 2, "medium": 2, "low": 3}
_CHANGES = {
    Label.VULNERABLE: "a fixed version in the next build, or proof that the code cannot be reached",
    Label.UNCERTAIN: "evidence for or against: the version, the code, or how it is called",
    Label.CODE_NOT_PRESENT: "an older version, or the affected code, in a later build",
    Label.CODE_NOT_REACHABLE: "a call of the affected code in a later build",
    Label.REQUIRES_CONFIGURATION: "the setting that it needs",
    Label.REQUIRES_DEPENDENCY: "the dependency that it needs",
    Label.REQUIRES_ENVIRONMENT: "the environment that it needs",
    Label.PROTECTED_BY_COMPILER: "a build without the hardening",
    Label.PROTECTED_AT_RUNTIME: "a run without the protection",
    Label.PROTECTED_AT_PERIMETER: "an exposure that goes around the perimeter",
    Label.PROTECTED_BY_MITIGATING_CONTROL: "the control being gone",
    Label.FALSE_POSITIVE: "the component or the match being real",
}
_NUMBERS = {
    "risk": "risk", "severity": "severity", "cvss_score": "CVSS", "epss": "EPSS", "kev": "in KEV since",
    "ransomware": "ransomware use", "ssvc": "SSVC", "reach": "reach",
}  # fmt: skip
"""Attributes that a reader sorts by, each shown where it is known."""
_FACTS = {
    "aliases": "Also known as", "description": "About", "purl": "Package", "location": "Stands in",
    "owner": "Owned by", "confidence": "Confidence", "match": "Matched by", "found_by": "Found by",
    "not_reported_by": "Not reported by", "reported_as": "Reported as",
    "reported_severity": "Severity in the report", "reported_fix": "Fix in the report",
    "layer": "Image layer that brought it", "cvss": "CVSS vector",
    "decided": "A person's decision", "decided_by": "Decided by", "decided_on": "Decided on",
    "decided_reason": "Reason of the decision", "decided_until": "Decided until",
    "machine_label": "The machine's own verdict", "decision_stale": "Stale", "decision_expired": "Expired",
    "change": "Since the run before", "change_why": "Change",
    "risk_terms": "How the risk came about", "before": "Before the statement", "vex": "Statement",
}  # fmt: skip


SHOWN = 8
"""Vulnerabilities that one move names; the rest is counted."""
CLOSING = "What is undecided is under investigation, never ruled out."


class Entry(NamedTuple):
    """One finding as a reader sees it; every text is one line without invisible characters."""

    id: str
    vulnerability: str
    component: str
    status: str
    label: str
    why: str
    fix: str
    numbers: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    evidence: tuple[tuple[str, str, str], ...]
    change: str
    excepted: str
    ignored: str


class Section(NamedTuple):
    """Findings that ask for the same of a reader."""

    title: str
    entries: tuple[Entry, ...]


class Report(NamedTuple):
    """The whole: what it is about, the sections in order, what to do, what was not judged, and by whom."""

    targets: tuple[str, ...]
    sections: tuple[Section, ...]
    advice: Advice
    failures: tuple[tuple[str, str], ...]
    made_by: tuple[str, ...]


def report_of(outcomes: Sequence[Outcome]) -> Report:
    """Sorted by what concerns most. Raises InputError for findings of another job."""
    findings = [one for one in outcomes if isinstance(one, Finding)]
    sections: dict[str, list[Finding]] = {
        name: [] for name in ("Act on these", "Undecided", "Accepted for now", "Ignored", "Ruled out")
    }
    for finding in sorted(findings, key=_concern):
        sections[_section(finding)].append(finding)
    return Report(
        tuple(dict.fromkeys(clean(f.attributes.get("target", "")) for f in findings)),
        tuple(Section(name, tuple(map(_entry, found))) for name, found in sections.items()),
        advice_on(findings),
        tuple((clean(one.source), clean(one.error)) for one in outcomes if isinstance(one, Failure)),
        tuple(
            dict.fromkeys(clean(f"{name}: {value}") for f in findings for name, value in f.made_by.items())
        ),
    )


def clean(text: str) -> str:
    """One line, bounded, without control, zero-width and direction characters."""
    return one_line(normalise(text).text)


def told_move(move: Move) -> str:
    """One move in one line."""
    named = clean(f"{move.name} {move.version}")
    if set(move.components) - {move.name}:
        named += f" ({_listed(move.components)})"
    left = f"; not {_listed(move.leaves)}" if move.leaves else ""
    return f"{named} to {clean(move.to)}: closes {_listed(move.closes) or 'none of them whole'}{left}"


def told_rebuild(rebuild: Rebuild) -> str:
    """What to do about the packages of a distribution, in one line."""
    moves = [move for move in rebuild.moves if move.to]
    layers = f", which image layer {clean(', '.join(rebuild.layers[:3]))} lists" if rebuild.layers else ""
    closes = {name for move in moves for name in move.closes}
    every = closes.union(*(move.leaves for move in rebuild.moves))
    do = f"rebuild on a newer base image, or update {_listed([move.name for move in moves])}"
    do += f": closes {len(closes)} of {len(every)} vulnerabilities"
    return f"{clean(rebuild.system)}{layers}: {do if moves else 'no fixes yet'}"


def told_moves(moves: Sequence[Move]) -> Iterator[str]:
    """One line for each package with a fixed version, and one for all of which none is known."""
    yield from (told_move(move) for move in moves if move.to)
    names = list(dict.fromkeys(f"{move.name} {move.version}".strip() for move in moves if not move.to))
    if names:
        yield f"no fixed version is known of {len(names)} packages: {_listed(names)}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return clean(", ".join(names[:SHOWN])) + more


def _section(finding: Finding) -> str:
    if is_ignored(finding):
        return "Ignored"
    if is_excepted(finding):
        return "Accepted for now"
    if finding.verdict is Verdict.CLEAR:
        return "Ruled out"
    return "Undecided" if finding.verdict is Verdict.UNKNOWN else "Act on these"


def _concern(finding: Finding) -> tuple[float, int, float, str, str]:
    """Risk first, then severity, then CVSS; names for a stable order."""
    facts = finding.attributes
    severity = facts.get("severity", "").lower()
    return (
        -number(facts.get("risk", "")), _SEVERITIES.get(severity, 9),
        -cvss_of(facts), facts.get("vulnerability", ""), facts.get("purl", ""),
    )  # fmt: skip


def cvss_of(facts: Mapping[str, str]) -> float:
    """The CVSS base score, 0 where it is not known."""
    score = number(facts.get("cvss_score", ""))
    return score if score <= 10 else 0.0


def number(text: str) -> float:
    """The number at the beginning of a text ("9.8 CRITICAL"), 0 where there is none."""
    try:
        found = float(text.split(" ")[0])
    except ValueError:
        return 0.0
    return found if 0.0 <= found <= 1e9 else 0.0


def _entry(finding: Finding) -> Entry:
    facts = {name: clean(value) for name, value in finding.attributes.items()}
    label = label_of(finding)
    return Entry(
        id=finding.id, vulnerability=facts.get("vulnerability", ""),
        component=f"{facts.get('name', '')} {facts.get('version', '')}".strip(),
        status=status_of(finding).value.replace("_", " "), label=label.value,
        why=facts.get("why") or clean(finding.summary), fix=_fix(facts),
        numbers=tuple((shown, facts[name]) for name, shown in _NUMBERS.items() if facts.get(name)),
        facts=tuple(_facts(facts)),
        evidence=tuple((e.how.value, clean(e.source), clean(e.quote)) for e in finding.evidence),
        change=facts.get("would_change") or _CHANGES[label],
        excepted=facts.get("excepted", "") if is_excepted(finding) else "",
        ignored=facts.get("ignored", "") if is_ignored(finding) else "",
    )  # fmt: skip


def _fix(facts: dict[str, str]) -> str:
    if facts.get("status") in {"fixed", "not_affected"}:
        return ""
    versions = facts.get("fixed_in", "").split()
    return f"move to {' or '.join(versions)}" if versions else "no fixed version is known"


def _facts(facts: dict[str, str]) -> Iterable[tuple[str, str]]:
    """What stands below the headline, each where it is known."""
    return ((title, facts[name]) for name, title in _FACTS.items() if facts.get(name))
