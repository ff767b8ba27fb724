"""`icelos scan JOB SOURCE`: any detector over any source into any sink."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.contracts import Sink
    from icelos.engine.run import Report
    from icelos.settings import Settings

RANK = {"alert": 3, "review": 2, "unknown": 1, "clear": 0}


def scan(
    job: Annotated[str, typer.Argument(help="mail, logs, vulns, or a plug-in's job")],
    source: Annotated[str, typer.Argument(help="File, folder, or - for standard input")],
    source_format: Annotated[str, typer.Option("--format", help="lines, jsonl, sqlite, parquet, mail")] = "",
    sink: Annotated[
        str, typer.Option(help="NAME.jsonl, NAME.parquet or NAME.sqlite instead of the workspace")
    ] = "",
    option: Annotated[list[str] | None, typer.Option("--option", "-o", help="KEY=VALUE for the job")] = None,
    fail_on: Annotated[str, typer.Option(help="Exit 1 at or above: alert, review or unknown")] = "",
    json: Annotated[bool, typer.Option("--json", help="Outcomes on stdout, one JSON object a line")] = False,
) -> None:
    """Run a detector over a source. Bad records become failures; the rest is scored.

    Examples:
      icelos scan mail inbox.mbox
      icelos scan logs signins.jsonl.gz --json
      cat app.log | icelos scan logs - --fail-on alert
    """
    from icelos.engine.jobs import scan as run_scan
    from icelos.settings import load

    settings = load().settings
    with ExitStack() as stack:
        target = _sink(sink, settings, json=json, stack=stack)
        report = run_scan(
            job,
            source,
            target,
            settings=settings,
            source_format=source_format,
            job_options=_pairs(option or []),
        )
    _finish(report, fail_on)


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    app.command()(scan)


def _pairs(options: list[str]) -> dict[str, str]:
    from icelos.errors import InputError

    pairs: dict[str, str] = {}
    for text in options:
        key, separator, value = text.partition("=")
        if not separator or not key:
            raise InputError(f"--option {text!r} is not KEY=VALUE")
        pairs[key] = value
    return pairs


def _sink(name: str, settings: Settings, *, json: bool, stack: ExitStack) -> Sink:
    from icelos.data.sinks import StreamSink
    from icelos.data.workspace import Workspace
    from icelos.engine.jobs import open_sink

    if json:
        return stack.enter_context(StreamSink(sys.stdout.buffer))
    sink_context: Sink = stack.enter_context(
        open_sink(Path(name) if name else Workspace.of(settings).findings)
    )
    return sink_context


def _finish(report: Report, fail_on: str) -> None:
    from icelos.errors import InputError

    counts = ", ".join(f"{number} {verdict}" for verdict, number in sorted(report.verdicts.items()))
    output.note(
        f"{report.job}: read {report.read}, findings {report.findings}{f' ({counts})' if counts else ''}, "
        f"clear {report.clear}, failures {report.failures}; {report.rate:,.0f}/s"
    )
    if report.failures:
        output.note("see `icelos failures` for what could not be scored, and why")
    if report.interrupted:
        raise typer.Exit(130)
    if fail_on and fail_on not in RANK:
        raise InputError(f"--fail-on {fail_on!r}", hint="alert, review or unknown")
    if fail_on and any(RANK[verdict] >= RANK[fail_on] for verdict in report.verdicts):
        raise typer.Exit(1)
