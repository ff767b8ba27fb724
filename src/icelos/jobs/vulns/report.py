"""Outcomes of an analysis in every format: rows of a table, lines of JSON, reports and VEX documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from icelos.data.reading import Line, open_input, read_lines, stream_errors
from icelos.errors import InputError
from icelos.findings import Failure, Finding, Outcome, Verdict, failure
from icelos.jobs.vulns.changes import COLUMNS as CHANGES
from icelos.jobs.vulns.changes import Since
from icelos.records import record_id

FORMATS = ("table", "json", "markdown", "html", "openvex", "cyclonedx", "csaf", "sarif")
COLUMNS = ("verdict", "risk", "label", "summary", "source")
AUTHOR = "Icelos"
_ORDER = {verdict: number for number, verdict in enumerate(Verdict)}


class Making(msgspec.Struct, frozen=True, kw_only=True):
    """How a report is made: whether it shows what is ruled out, who says it, and about which product.

    `since` is what has changed since an earlier run, None where there is none.
    """

    show_clear: bool = False
    author: str = AUTHOR
    products: tuple[str, ...] = ()
    since: Since | None = None


def as_rows(outcomes: Sequence[Outcome], *, show_clear: bool = False) -> list[tuple[str, str, str, str, str]]:
    """Rows of `COLUMNS`: findings by risk (what is ruled out where asked for), fixes, then failures."""
    findings = [one for one in outcomes if isinstance(one, Finding)]
    shown = [f for f in findings if show_clear or f.verdict is not Verdict.CLEAR]
    shown.sort(key=_concern)
    rows = [(_verdict(f), _risk(f), f.label, _summary(f), f.source) for f in shown]
    rows += _fixes(findings)
    return rows + [("failure", "", "", f.error, f.source) for f in outcomes if isinstance(f, Failure)]


def _fixes(findings: Sequence[Finding]) -> list[tuple[str, str, str, str, str]]:
    """What to do, one row for each base image and each package that has a fixed version."""
    from icelos.jobs.vulns.documents.moves import advice_on
    from icelos.jobs.vulns.documents.people import told_move, told_rebuild

    advice = advice_on(findings)
    rows = []
    for rebuild in advice.rebuilds:
        rows.append(("fix", "", "rebuild", told_rebuild(rebuild), rebuild.target))
        rows += [("fix", f"{one.risk:.3f}", "update", told_move(one), "") for one in rebuild.moves if one.to]
    return rows + [("fix", f"{one.risk:.3f}", "move", told_move(one), "") for one in advice.moves if one.to]


def _concern(finding: Finding) -> tuple[float, bool, int]:
    """The highest risk first, of equal ones those that ransomware uses; what has no risk comes last."""
    score = -1.0 if finding.score is None else finding.score
    return -score, "ransomware" not in finding.attributes, _ORDER[finding.verdict]


def _risk(finding: Finding) -> str:
    return "" if finding.score is None else f"{finding.score:.3f}"


def _summary(finding: Finding) -> str:
    """With the reason, where a rule in force stands before the verdict."""
    ruled = _verdict(finding)
    reason = finding.attributes.get(ruled, "") if ruled != finding.verdict.value else ""
    return f"{finding.summary}; {ruled}: {reason}" if reason else finding.summary


def _verdict(finding: Finding) -> str:
    """What is ignored or excepted is kept and shown."""
    from icelos.jobs.vulns.documents.ruling import shown_verdict

    return shown_verdict(finding)


def as_objects(outcomes: Iterable[Outcome]) -> list[dict[str, Outcome]]:
    """One object for each outcome, as sinks write it: {"finding": …} or {"failure": …}."""
    return [{"finding" if isinstance(one, Finding) else "failure": one} for one in outcomes]


def read_outcomes(path: Path | None) -> list[Outcome]:
    """What `as_objects` gave, one JSON object a line, from a file or standard input for None.

    A line that is none is a Failure. Raises InputError where the file cannot be read.
    """
    found: list[Outcome] = []
    name = path.name if path else "-"
    try:
        with open_input(path) as stream:
            read = (_outcome(line, f"{name}:{line.number}") for line in read_lines(stream) if line.data)
            found.extend(one for one in read if one is not None)
    except stream_errors() as error:
        raise InputError(f"cannot read findings: {error}", source=name) from error
    return found


class _Line(msgspec.Struct, frozen=True):
    finding: Finding | None = None
    failure: Failure | None = None
    gone: msgspec.Raw = msgspec.Raw(b"")


def _outcome(line: Line, place: str) -> Outcome | None:
    """None for what was gone in that run."""
    try:
        read = msgspec.json.decode(line.data, type=_Line)
        if outcome := read.finding or read.failure:
            return outcome
        if read.gone:
            return None
        problem = "neither a finding nor a failure"
    except (msgspec.MsgspecError, UnicodeError, ValueError, RecursionError) as error:
        problem = f"not an outcome: {error}"
    return failure(record_id=record_id(place), job="vulns", error=problem, source=place, raw=line.data)


def rendered(outcomes: Sequence[Outcome], form: str, making: Making | None = None) -> bytes:
    """The whole report in one of `FORMATS`, to write to a file.

    Raises InputError where a format cannot say it (an OpenVEX document without a statement).
    """
    making = making or Making()
    if form == "json":
        gone = [{"gone": one} for one in making.since.gone] if making.since else []
        return b"".join(msgspec.json.encode(one) + b"\n" for one in (*as_objects(outcomes), *gone))
    if form == "table":
        rows: list[tuple[str, ...]] = [COLUMNS, *as_rows(outcomes, show_clear=making.show_clear)]
        rows += [CHANGES, *making.since.rows] if making.since and making.since.rows else []
        return "".join("\t".join(" ".join(cell.split()) for cell in row) + "\n" for row in rows).encode()
    return _document(outcomes, form, making)


def _document(outcomes: Sequence[Outcome], form: str, making: Making) -> bytes:
    from icelos.jobs.vulns.documents import forms, html, markdown, sarif
    from icelos.jobs.vulns.documents.model import document_of

    if form == "markdown":
        return markdown.render(outcomes, making.since).encode()
    if form == "html":
        return html.render(outcomes, making.since).encode()
    if form == "sarif":
        return forms.as_bytes(sarif.render(outcomes, show_clear=making.show_clear))
    findings = [one for one in outcomes if isinstance(one, Finding)]
    document = document_of(findings, author=making.author, products=making.products)
    return forms.as_bytes(forms.VEX[form](document))
