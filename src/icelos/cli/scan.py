"""`icelos scan JOB SOURCE`: any detector over any source into any sink."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.contracts import Sink
    from icelos.engine.observing import Observer
    from icelos.engine.pipeline import Pipeline
    from icelos.engine.run import Report
    from icelos.settings import Settings

Workers = Annotated[int | None, typer.Option(min=1, help="Workers that score at once")]
Partitions = Annotated[
    int | None, typer.Option(min=1, help="States of a job that has any: findings depend on how many")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Do not go on with a run that was stopped")]

UntilIdle = Annotated[
    float, typer.Option(min=0, help="End after so many seconds without a message of a topic; 0 = never")
]
Listen = Annotated[
    str, typer.Option(metavar="HOST:PORT", help="Serve /metrics, /healthz and /readyz meanwhile")
]
LogJson = Annotated[
    str, typer.Option(metavar="FILE", help="Log what happens, one JSON object a line; - is stderr")
]
Live = Annotated[bool, typer.Option(help="Show how it goes where stderr is a terminal")]


class Shown(NamedTuple):
    """By what a run is watched."""

    listen: str = ""
    log_json: str = ""
    live: bool = True


RANK = {"alert": 3, "review": 2, "unknown": 1, "clear": 0}
"""Verdicts in order of concern; --fail-on takes all but the last."""


def scan(
    job: Annotated[str, typer.Argument(help="mail, logs, vulns, or a plug-in's job")],
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE...", help="Files, folders, patterns, URLs, or - for standard input"),
    ],
    source_format: Annotated[str, typer.Option("--format", help="lines, jsonl, sqlite, parquet, mail")] = "",
    sink: Annotated[
        str, typer.Option(help="NAME.jsonl, NAME.parquet, NAME.sqlite or a URL instead of the workspace")
    ] = "",
    option: Annotated[list[str] | None, typer.Option("--option", "-o", help="KEY=VALUE for the job")] = None,
    fail_on: Annotated[str, typer.Option(help="Exit 1 at or above: alert, review or unknown")] = "",
    json: Annotated[bool, typer.Option("--json", help="Outcomes on stdout, one JSON object a line")] = False,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only what `icelos failures` lists of them")
    ] = False,
    engine: Annotated[str, typer.Option(help="local, ray or kafka")] = "",
    shard: Annotated[str, typer.Option(help="Only one part of several, such as 2/8")] = "",
    workers: Workers = None,
    partitions: Partitions = None,
    fresh: Fresh = False,
    until_idle: UntilIdle = 0.0,
    listen: Listen = "",
    log_json: LogJson = "",
    live: Live = True,
) -> None:
    """Run a detector over sources. Bad records become failures; the rest is scored.

    A run that was stopped or killed is gone on with by the same command.

    Examples:
      icelos scan mail inbox.mbox Maildir/
      icelos scan vulns image.tar -o advisories=osv/
      icelos scan logs signins.jsonl.gz --json
      icelos scan logs "logs/*/*.jsonl.zst" --workers 4 --sink findings.parquet
      icelos scan mail archive/ --shard 2/8
      icelos scan logs "kafka://127.0.0.1:9092/signins?group=watch" --sink postgresql://db.example/icelos
      cat app.log | icelos scan logs - --fail-on alert
      icelos scan mail inbox.mbox --failed
    """
    from icelos.engine.pipeline import Pipeline
    from icelos.settings import load

    check_fail_on(fail_on)
    settings = load(flags={"engine.workers": workers, "engine.partitions": partitions}).settings
    if failed:
        _again(
            job,
            sources,
            source_format,
            pairs(option or []),
            settings,
            other=bool(json or sink or shard or engine),
        )
        return
    pipeline = Pipeline(
        job=job, locations=tuple(sources), source_format=source_format, options=pairs(option or []),
        engine=engine or engine_of(sources), shard=shard, sink=sink,
    )  # fmt: skip
    shown = Shown(listen, log_json, live)
    run(pipeline, settings, shown, json=json, fail_on=fail_on, fresh=fresh, idle_s=until_idle)


def engine_of(sources: list[str]) -> str:
    """What sources can only be read by, else "local"."""
    return "kafka" if any(source.startswith("kafka://") for source in sources) else "local"


def run(
    pipeline: Pipeline, settings: Settings, shown: Shown, *,
    json: bool = False, fail_on: str = "", fresh: bool = False, idle_s: float = 0.0,
) -> None:  # fmt: skip
    """Run a pipeline and say what it did; raise `typer.Exit` with its code where that is not 0."""
    from icelos.cli.watch import observers_of
    from icelos.data.workspace import Workspace
    from icelos.engine.pipeline import run_pipeline
    from icelos.engine.stopping import stopping_by_signals
    from icelos.settings import secrets_of

    stored = not (json or pipeline.sink)
    with ExitStack() as stack:
        stop = stack.enter_context(stopping_by_signals())
        observer = stack.enter_context(
            observers_of(
                pipeline.job, listen=shown.listen, token=settings.engine.metrics_token,
                stalled_after=settings.engine.stalled_after_s, log_json=shown.log_json, live=shown.live,
                printing=json, secrets=secrets_of(settings),
                others=[] if shown.log_json == "-" else [_telling()],
            )
        )  # fmt: skip
        sink = _sink(pipeline.sink, settings, json=json, stack=stack)
        report = run_pipeline(
            pipeline, sink, settings=settings, observer=observer, stop=stop, fresh=fresh, idle_s=idle_s,
            runs=None if json else Workspace.of(settings).folder("runs"),
        )  # fmt: skip
        if report.interrupted:  # leaving by an exception, a sink of files does not publish what is not whole
            finish(report, stored=stored)
    finish(report, fail_on, stored=stored)


def _again(
    job: str, sources: list[str], source_format: str, options: dict[str, str], settings: Settings, *,
    other: bool,
) -> None:  # fmt: skip
    """Score again what failed, into the workspace, which knows what that is."""
    from icelos.data.sinks import SqliteSink
    from icelos.data.workspace import Workspace
    from icelos.engine.retry import retry
    from icelos.errors import InputError

    if other:
        raise InputError(
            "--failed goes with none of --sink, --json, --engine, --shard", hint="it retries in the workspace"
        )
    with SqliteSink(Workspace.of(settings).findings) as sink:
        report = retry(
            job, sources, sink, settings=settings, source_format=source_format, job_options=options
        )
        left = sink.count("failure", job=job)
    output.note(f"{left} failures of {job} still open")
    finish(report)


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    app.command()(scan)


def pairs(options: list[str]) -> dict[str, str]:
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
    from icelos.errors import InputError

    if json and name:
        raise InputError("--json and --sink do not go together", hint="give one of them")
    if json:
        return stack.enter_context(StreamSink(sys.stdout.buffer))
    sink_context: Sink = stack.enter_context(open_sink(name or Workspace.of(settings).findings, settings))
    return sink_context


def check_fail_on(fail_on: str) -> None:
    """Before a long run, not after it. Raises InputError."""
    from icelos.errors import InputError

    if fail_on and not RANK.get(fail_on):
        raise InputError(f"--fail-on {fail_on!r}", hint="alert, review or unknown")


def fails(verdicts: Iterable[str], fail_on: str) -> bool:
    """Whether any is at or above `fail_on`; what is excepted is not."""
    return bool(fail_on) and any(RANK.get(verdict, 0) >= RANK[fail_on] for verdict in verdicts)


def finish(report: Report, fail_on: str = "", *, stored: bool = True) -> None:
    """Say in one line what a run did; raise `typer.Exit` with its code where that is not 0.

    `stored` is true where the workspace has the outcomes.
    """
    counts = ", ".join(f"{number} {verdict}" for verdict, number in sorted(report.verdicts.items()))
    output.note(
        f"{report.job}: read {report.read}, findings {report.findings}{f' ({counts})' if counts else ''}, "
        f"clear {report.clear}, failures {report.failures}; {report.rate:,.0f}/s"
    )
    if report.failures and stored:
        output.note("see `icelos failures` for what could not be scored, and why; --failed tries again")
    if report.interrupted:
        output.note("icelos: stopped; what is counted above is stored" if stored else "icelos: stopped")
        raise typer.Exit(130)
    if fails(report.verdicts, fail_on):
        raise typer.Exit(1)


def _telling() -> Observer:
    """What nobody may miss, on stderr: where an earlier run is gone on with, a sink that is down."""
    from icelos.engine.observing import Observer

    class Telling(Observer):
        def began(self, report: Report, *, engine: str) -> None:  # noqa: ARG002
            if report.resumed:
                output.note(f"icelos: going on after {report.resumed} records of a run that was stopped")

        def sink_failed(self, error: Exception, *, again_in: float) -> None:
            output.note(f"icelos: {error}; trying again in {again_in:.1f} s")

        def worker_died(self) -> None:
            output.note("icelos: a worker died and is replaced")

    return Telling()
