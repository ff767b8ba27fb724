"""`icelos vulns`: analyze."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.data.sinks import KeptSink
    from icelos.findings import Outcome
    from icelos.jobs.vulns.report import Making
    from icelos.settings import Settings

app = typer.Typer(help="Vulnerabilities: from a target to verdicts with proof.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """What is in an image or bill of materials, judged by the advisories that name it."""


@app.command()
def analyze(
    target: Annotated[str, typer.Argument(help="Image archive, root file system, source tree or SBOM")],
    advisories: Annotated[
        str, typer.Option(help="File or folder of advisories: OSV or Alpine secdb in JSON")
    ],
    cve: Annotated[list[str] | None, typer.Option(help="Only this advisory, by any of its ids")] = None,
    format_: Annotated[
        str, typer.Option("--format", help="table, json (one outcome a line), openvex")
    ] = "table",
    json: Annotated[bool, typer.Option("--json", help="The same as --format json")] = False,
    output_file: Annotated[
        Path | None, typer.Option("--output", help="Write there, whole or not at all")
    ] = None,
    show_clear: Annotated[bool, typer.Option("--all", help="In the table, also what is ruled out")] = False,
    author: Annotated[str, typer.Option(help="Who says it, in documents: a name, e-mail or URL")] = "Icelos",
    product: Annotated[
        list[str] | None,
        typer.Option(help="The whole it is about, in documents: pkg:oci/NAME@sha256:… instead of the target"),
    ] = None,
    fail_on: Annotated[str, typer.Option(help="Exit 1 at or above: alert, review or unknown")] = "",
) -> None:
    """Judge every component of a target by every advisory that names it, with evidence.

    Examples:
      icelos vulns analyze alpine.tar --advisories secdb/
      icelos vulns analyze bom.json --advisories osv.jsonl --cve CVE-2020-14343 --format json
      icelos vulns analyze my-application/ --advisories pypa/
    """
    from icelos.cli.scan import check_fail_on, finish
    from icelos.engine.jobs import scan
    from icelos.jobs.vulns.report import Making
    from icelos.settings import load

    chosen = _checked("json" if json else format_)
    check_fail_on(fail_on)
    settings = load().settings
    options = {"advisories": advisories, "cve": ",".join(cve or ())}
    with _sink(settings) as sink:
        report = scan(
            "vulns", target, sink, settings=settings, source_format="components", job_options=options
        )
        outcomes = sink.outcomes
    if not report.interrupted:
        making = Making(show_clear=show_clear, author=author, products=tuple(product or ()))
        print_report(outcomes, chosen, output_file, making)
    finish(report, fail_on)


def _checked(form: str) -> str:
    from icelos.errors import InputError
    from icelos.jobs.vulns.report import FORMATS

    if form not in FORMATS:
        raise InputError(f"no format {form!r}", hint=f"one of: {', '.join(FORMATS)}")
    return form


def _sink(settings: Settings) -> KeptSink:
    from icelos.data.sinks import KeptSink, SqliteSink
    from icelos.data.workspace import Workspace

    return KeptSink(SqliteSink(Workspace.of(settings).findings))


def print_report(outcomes: Sequence[Outcome], form: str, file: Path | None, making: Making) -> None:
    """To a file, whole or not at all, or to standard output. Raises InputError."""
    from icelos.data.atomic import atomic_write
    from icelos.jobs.vulns import report

    if file is not None:
        data = report.rendered(outcomes, form, making)
        with atomic_write(file) as stream:
            stream.write(data)
    elif form == "table":
        output.table(report.COLUMNS, report.as_rows(outcomes, show_clear=making.show_clear))
    else:
        output.document(report.rendered(outcomes, form, making))
