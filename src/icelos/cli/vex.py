"""`icelos vulns vex`: merge, apply, diff; and what it shares with `icelos vulns analyze`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.findings import Outcome
    from icelos.jobs.vulns.documents.model import Statement, VexDocument
    from icelos.jobs.vulns.report import Making

app = typer.Typer(help="Statements about vulnerabilities: OpenVEX, CycloneDX, CSAF.", no_args_is_help=True)

Output = Annotated[Path | None, typer.Option("--output", help="Write there, whole or not at all")]
Author = Annotated[str, typer.Option(help="Who says it: a name, e-mail or URL")]
Documents = Annotated[list[Path], typer.Argument(help="OpenVEX, CycloneDX or CSAF, in JSON")]


@app.callback()
def _group() -> None:
    """Documents of others or of ours, together, on findings, or against each other."""


@app.command()
def merge(
    documents: Documents,
    format_: Annotated[str, typer.Option("--format", help="openvex, cyclonedx or csaf")] = "openvex",
    output_file: Output = None,
    author: Author = "Icelos",
) -> None:
    """One document of several: the latest statement about each vulnerability and component.

    Example: icelos vulns vex merge vendor.json ours.json --format csaf --output all.json
    """
    from icelos.errors import InputError
    from icelos.jobs.vulns.documents import forms
    from icelos.jobs.vulns.documents.merging import merge as merged

    if format_ not in forms.VEX:
        raise InputError(f"no format {format_!r} of VEX", hint=f"one of: {', '.join(forms.VEX)}")
    now = datetime.now(UTC).replace(microsecond=0)
    document = merged([_read(path) for path in documents], author=author, now=now)
    _give(forms.as_bytes(forms.VEX[format_](document)), output_file)


@app.command()
def apply(
    findings: Annotated[str, typer.Argument(help="Findings of analyze --format json; - for standard input")],
    documents: Documents,
    format_: Annotated[str, typer.Option("--format", help="As of icelos vulns analyze")] = "json",
    output_file: Output = None,
    exceptions: Annotated[Path | None, typer.Option(help="TOML file of what is accepted")] = None,
    author: Author = "Icelos",
    product: Annotated[list[str] | None, typer.Option(help="What the findings are of: pkg:oci/…")] = None,
    show_clear: Annotated[bool, typer.Option("--all", help="Also what is ruled out")] = False,
    fail_on: Annotated[str, typer.Option(help="Exit 1 at or above: alert, review or unknown")] = "",
) -> None:
    """Statements applied to findings. What does not apply is said, with the reason.

    Example: icelos vulns vex apply findings.jsonl vendor.json --format table --fail-on alert
    """
    from icelos.cli.scan import check_fail_on, fails
    from icelos.jobs.vulns.documents.ruling import load_rules, rule, verdicts
    from icelos.jobs.vulns.report import Making, read_outcomes

    chosen = checked_format(format_)
    check_fail_on(fail_on)
    rules = load_rules(documents, exceptions)
    outcomes = read_outcomes(None if findings == "-" else Path(findings))
    ruled = rule(outcomes, rules, today=datetime.now(UTC).date(), products=product or ())
    making = Making(show_clear=show_clear, author=author, products=tuple(product or ()))
    print_report(ruled.outcomes, chosen, output_file, making)
    tell(ruled.notes)
    if fails(verdicts(ruled.outcomes), fail_on):
        raise typer.Exit(1)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="A VEX document")],
    new: Annotated[Path, typer.Argument(help="A later one, in the same or another format")],
    json: Annotated[bool, typer.Option("--json", help="One difference a line")] = False,
) -> None:
    """What was decided otherwise: statements added, removed and changed.

    Example: icelos vulns vex diff release-1.json release-2.json
    """
    from icelos.jobs.vulns.documents.merging import diff as compared

    changes = compared(_read(old), _read(new))
    if json:
        for change in changes:
            output.json_line({"change": change.kind.value, "before": change.before, "after": change.after})
        return
    rows = [
        (
            change.kind.value, change.statement.vulnerability, change.statement.subject,
            _decided(change.before), _decided(change.after),
        )
        for change in changes
    ]  # fmt: skip
    output.table(("change", "vulnerability", "component", "before", "after"), rows)
    output.note(f"{len(changes)} differences")


def checked_format(form: str) -> str:
    """Before a long run, not after it. Raises InputError."""
    from icelos.errors import InputError
    from icelos.jobs.vulns.report import FORMATS

    if form not in FORMATS:
        raise InputError(f"no format {form!r}", hint=f"one of: {', '.join(FORMATS)}")
    return form


def print_report(outcomes: Sequence[Outcome], form: str, file: Path | None, making: Making) -> None:
    """To a file, or to standard output. Raises InputError where the format cannot say it."""
    from icelos.jobs.vulns import report
    from icelos.jobs.vulns.changes import COLUMNS

    if form == "table" and file is None:
        output.table(report.COLUMNS, report.as_rows(outcomes, show_clear=making.show_clear))
        if making.since and making.since.rows:
            output.line()
            output.table(COLUMNS, making.since.rows)
    else:
        _give(report.rendered(outcomes, form, making), file)


def tell(notes: Iterable[str]) -> None:
    """Lines about the run, on stderr."""
    for note in notes:
        output.note(note)


def _decided(statement: Statement | None) -> str:
    return f"{statement.status.value} ({statement.label.value})" if statement else ""


def _give(data: bytes, file: Path | None) -> None:
    from icelos.data.atomic import atomic_write

    if file is None:
        output.document(data)
        return
    with atomic_write(file) as stream:
        stream.write(data)


def _read(path: Path) -> VexDocument:
    from icelos.jobs.vulns.documents.forms import read_file

    document = read_file(path)
    tell(f"{path.name}: {problem}" for problem in document.problems)
    return document
