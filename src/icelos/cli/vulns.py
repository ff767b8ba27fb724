"""`icelos vulns`: analyze, and the sub-commands of `vex`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import decisions, inventories, memory, vex
from icelos.cli.fixes import fixes

if TYPE_CHECKING:
    from icelos.data.sinks import KeptSink
    from icelos.settings import Settings

app = typer.Typer(help="Vulnerabilities: from a target to verdicts with proof.", no_args_is_help=True)
app.add_typer(vex.app, name="vex")
app.command()(fixes)
decisions.add_to(app)
inventories.add_to(app)


@app.callback()
def _group() -> None:
    """What is in an image or bill of materials, judged by the advisories that name it."""


@app.command()
def analyze(
    target: Annotated[
        str, typer.Argument(help="Image archive, root file system, source tree, SBOM or report of a scanner")
    ],
    advisories: Annotated[
        str, typer.Option(help="File or folder of advisories (OSV, secdb) instead of the fetched feeds")
    ] = "",
    cve: Annotated[list[str] | None, typer.Option(help="Only this advisory, by any of its ids")] = None,
    source: Annotated[str, typer.Option(help="Folder with the application's source, beside an SBOM")] = "",
    format_: Annotated[
        str, typer.Option("--format", help="table, json, markdown, html, openvex, cyclonedx, csaf or sarif")
    ] = "table",
    json: Annotated[bool, typer.Option("--json", help="The same as --format json")] = False,
    output_file: Annotated[
        Path | None, typer.Option("--output", help="Write there, whole or not at all")
    ] = None,
    show_clear: Annotated[
        bool, typer.Option("--all", help="In the table and SARIF, also what is ruled out")
    ] = False,
    vex_file: Annotated[
        list[Path] | None,
        typer.Option("--vex", help="Statements already made: OpenVEX, CycloneDX or CSAF in JSON; repeatable"),
    ] = None,
    exceptions: Annotated[
        Path | None, typer.Option(help="TOML file of what is accepted, by whom and until when")
    ] = None,
    ignore: Annotated[
        Path | None, typer.Option(help="TOML file of matches to ignore: why, who says so, until when")
    ] = None,
    since: Annotated[
        Path | None, typer.Option(help="Findings of an earlier run (--format json): what holds is used again")
    ] = None,
    new_only: Annotated[
        bool, typer.Option("--new-only", help="With --since, --fail-on counts what is new or worse only")
    ] = False,
    author: Annotated[str, typer.Option(help="Who says it, in documents: a name, e-mail or URL")] = "Icelos",
    product: Annotated[
        list[str] | None,
        typer.Option(help="The whole it is about, in documents: pkg:oci/NAME@sha256:… instead of the target"),
    ] = None,
    fail_on: Annotated[str, typer.Option(help="Exit 1 at or above: alert, review or unknown")] = "",
) -> None:
    """Judge every component of a target by every advisory that names it, with evidence.

    Examples:
      icelos feeds update osv alpine kev epss && icelos vulns analyze image.tar
      icelos vulns analyze alpine.tar --advisories secdb/
      icelos vulns analyze bom.json --advisories osv.jsonl --cve CVE-2020-14343 --format json
      icelos vulns analyze my-application/ --advisories pypa/
      icelos vulns analyze alpine.tar --advisories secdb/ --format openvex --output alpine.vex.json
      icelos vulns analyze alpine.tar --advisories secdb/ --format html --output report.html
      icelos vulns analyze alpine.tar --advisories secdb/ --vex alpine.vex.json --fail-on alert
      icelos vulns analyze build-2.tar --since build-1.jsonl --fail-on alert --new-only
    """
    from icelos.cli.output import note
    from icelos.cli.scan import check_fail_on, fails, finish
    from icelos.engine.jobs import scan
    from icelos.jobs.vulns.decisions import rule_and_decide
    from icelos.jobs.vulns.documents.ruling import load_rules, verdicts
    from icelos.jobs.vulns.investigated import costs
    from icelos.jobs.vulns.report import Making
    from icelos.settings import load

    chosen = vex.checked_format("json" if json else format_)
    check_fail_on(fail_on)
    rules = load_rules(vex_file or (), exceptions, ignore)
    previous = memory.read_since(since, cve or (), new_only=new_only)
    settings = load().settings
    decided = decisions.load_decisions(settings)
    options = {"advisories": advisories, "cve": ",".join(cve or ()), "target": target, "source": source}
    options |= {"since": str(since)} if since else {}
    with _sink(settings) as sink:
        report = scan(
            "vulns", target, sink, settings=settings, source_format="components", job_options=options
        )
        today = datetime.now(UTC).date()
        ruled = rule_and_decide(sink.outcomes, rules, decided, today=today, products=product or ())
        sink.write(ruled.changed)
    compared = memory.compare(ruled.outcomes, previous, target) if previous is not None else None
    outcomes = compared.outcomes if compared else ruled.outcomes
    if not report.interrupted:
        changes = compared.since if compared else None
        making = Making(show_clear=show_clear, author=author, products=tuple(product or ()), since=changes)
        vex.print_report(outcomes, chosen, output_file, making)
        vex.tell(ruled.notes)
        vex.tell([changes.told] if changes else ())
    if spent := costs(sink.outcomes):
        note(spent)
    if rules.statements or rules.exceptions or rules.ignores or decided:
        report.verdicts = verdicts(outcomes)
    if compared is None or not new_only:
        finish(report, fail_on)
        return
    finish(report)
    if fails(verdicts(one for one in outcomes if one.id in compared.fresh), fail_on):
        raise typer.Exit(1)


def _sink(settings: Settings) -> KeptSink:
    from icelos.data.sinks import KeptSink, SqliteSink
    from icelos.data.workspace import Workspace

    return KeptSink(SqliteSink(Workspace.of(settings).findings))
