"""Outcomes of an analysis in every format: rows of a table, lines of JSON, reports and VEX documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from icelos.findings import Failure, Finding, Outcome, Verdict

FORMATS = ("table", "json", "openvex", "cyclonedx", "csaf")
COLUMNS = ("verdict", "label", "summary", "source")
AUTHOR = "Icelos"
_ORDER = {verdict: number for number, verdict in enumerate(Verdict)}


class Making(msgspec.Struct, frozen=True, kw_only=True):
    """How a report is made: whether it shows what is ruled out, who says it, and about which product."""

    show_clear: bool = False
    author: str = AUTHOR
    products: tuple[str, ...] = ()


def as_rows(outcomes: Sequence[Outcome], *, show_clear: bool = False) -> list[tuple[str, str, str, str]]:
    """Rows of `COLUMNS`: findings by concern, what is ruled out only where asked for, then failures."""
    findings = [one for one in outcomes if isinstance(one, Finding)]
    shown = [f for f in findings if show_clear or f.verdict is not Verdict.CLEAR]
    shown.sort(key=lambda f: _ORDER[f.verdict])
    rows = [(_verdict(f), f.label, f.summary, f.source) for f in shown]
    return rows + [("failure", "", f.error, f.source) for f in outcomes if isinstance(f, Failure)]


def _verdict(finding: Finding) -> str:
    """An exception is kept and shown."""
    return "excepted" if finding.attributes.get("excepted") else finding.verdict.value


def as_objects(outcomes: Iterable[Outcome]) -> list[dict[str, Outcome]]:
    """One object for each outcome, as sinks write it: {"finding": …} or {"failure": …}."""
    return [{"finding" if isinstance(one, Finding) else "failure": one} for one in outcomes]


def rendered(outcomes: Sequence[Outcome], form: str, making: Making | None = None) -> bytes:
    """The whole report in one of `FORMATS`, to write to a file.

    Raises InputError where a format cannot say it (an OpenVEX document without a statement).
    """
    making = making or Making()
    if form == "json":
        return b"".join(msgspec.json.encode(one) + b"\n" for one in as_objects(outcomes))
    if form == "table":
        rows = [COLUMNS, *as_rows(outcomes, show_clear=making.show_clear)]
        return "".join("\t".join(" ".join(cell.split()) for cell in row) + "\n" for row in rows).encode()
    return _document(outcomes, form, making)


def _document(outcomes: Sequence[Outcome], form: str, making: Making) -> bytes:
    from icelos.jobs.vulns.documents import forms
    from icelos.jobs.vulns.documents.model import document_of

    findings = [one for one in outcomes if isinstance(one, Finding)]
    document = document_of(findings, author=making.author, products=making.products)
    return forms.as_bytes(forms.VEX[form](document))
