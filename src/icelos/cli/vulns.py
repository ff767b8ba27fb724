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
    from icelos.settings import Settings

app = typer.Typer(help="Vulnerabilities: from a target to verdicts with proof.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """What is in an image or bill of materials, judged by the advisories that name it."""


@app.command()
def analyze(
    target: Annotated[str, typer.Argument(help="Image archive, root file system, source tree or SBOM")],
    advisories: Annotated[
        str, typer.Option(help="File or folder of advisories (OSV, secdb) instead of the fetched feeds")
    ] = "",
    cve: Annotated[list[str] | None, typer.Option(help="Only this advisory, by any of its ids")] = None,
    source: Annotated[str, typer.Option(help="Folder with the application's source, beside an SBOM")] = "",
    format_: Annotated[str, typer.Option("--format", help="table or json (one outcome a line)")] = "table",
    json: Annotated[bool, typer.Option("--json", help="The same as --format json")] = False,
    output_file: Annotated[
        Path | None, typer.Option("--output", help="Write there, whole or not at all")
    ] = None,
    show_clear: Annotated[bool, typer.Option("--all", help="In the table, also what is ruled out")] = False,
    fail_on: Annotated[str, typer.Option(help="Exit 1 at or above: alert, review or unknown")] = "",
) -> None:
    """Judge every component of a target by every advisory that names it, with evidence.

    Examples:
      icelos feeds update osv alpine kev epss && icelos vulns analyze image.tar
      icelos vulns analyze alpine.tar --advisories secdb/
      icelos vulns analyze bom.json --advisories osv.jsonl --cve CVE-2020-14343 --format json
      icelos vulns analyze my-application/ --advisories pypa/
    """
    from icelos.cli.scan import check_fail_on, finish
    from icelos.engine.jobs import scan
    from icelos.settings import load

    chosen = _checked("json" if json else format_)
    check_fail_on(fail_on)
    settings = load().settings
    options = {"advisories": advisories, "cve": ",".join(cve or ()), "target": target, "source": source}
    with _sink(settings) as sink:
        report = scan(
            "vulns", target, sink, settings=settings, source_format="components", job_options=options
        )
        outcomes = sink.outcomes
    if not report.interrupted:
        _print(outcomes, chosen, output_file, show_clear=show_clear)
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


def _print(outcomes: Sequence[Outcome], form: str, file: Path | None, *, show_clear: bool) -> None:
    from icelos.data.atomic import atomic_write
    from icelos.jobs.vulns import report

    if file is not None:
        with atomic_write(file) as stream:
            stream.write(report.rendered(outcomes, form, show_clear=show_clear))
    elif form == "json":
        for one in report.as_objects(outcomes):
            output.json_line(one)
    else:
        output.table(report.COLUMNS, report.as_rows(outcomes, show_clear=show_clear))
