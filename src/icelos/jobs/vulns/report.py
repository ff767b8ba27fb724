"""Outcomes of an analysis as rows of a table or lines of JSON; more formats of documents belong here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from icelos.findings import Failure, Finding, Outcome, Verdict

FORMATS = ("table", "json")
COLUMNS = ("verdict", "risk", "label", "summary", "source")
_ORDER = {verdict: number for number, verdict in enumerate(Verdict)}


def as_rows(outcomes: Sequence[Outcome], *, show_clear: bool = False) -> list[tuple[str, str, str, str, str]]:
    """Rows of `COLUMNS`: findings by risk, what is ruled out only where asked for, then failures."""
    findings = [one for one in outcomes if isinstance(one, Finding)]
    shown = [f for f in findings if show_clear or f.verdict is not Verdict.CLEAR]
    shown.sort(key=_concern)
    rows = [(f.verdict.value, _risk(f), f.label, f.summary, f.source) for f in shown]
    return rows + [("failure", "", "", f.error, f.source) for f in outcomes if isinstance(f, Failure)]


def _concern(finding: Finding) -> tuple[float, bool, int]:
    """The highest risk first, of equal ones those that ransomware uses; what has no risk comes last."""
    score = -1.0 if finding.score is None else finding.score
    return -score, "ransomware" not in finding.attributes, _ORDER[finding.verdict]


def _risk(finding: Finding) -> str:
    return "" if finding.score is None else f"{finding.score:.3f}"


def as_objects(outcomes: Iterable[Outcome]) -> list[dict[str, Outcome]]:
    """One object for each outcome, as sinks write it: {"finding": …} or {"failure": …}."""
    return [{"finding" if isinstance(one, Finding) else "failure": one} for one in outcomes]


def rendered(outcomes: Sequence[Outcome], form: str, *, show_clear: bool = False) -> bytes:
    """The whole report in one of `FORMATS`, to write to a file."""
    if form == "json":
        return b"".join(msgspec.json.encode(one) + b"\n" for one in as_objects(outcomes))
    rows = [COLUMNS, *as_rows(outcomes, show_clear=show_clear)]
    return "".join("\t".join(" ".join(cell.split()) for cell in row) + "\n" for row in rows).encode()
