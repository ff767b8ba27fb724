"""`icelos pipelines`: what `icelos scan` would be told, by a name in icelos.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output
from icelos.cli.scan import Fresh, Listen, Live, LogJson, Shown, UntilIdle, check_fail_on, engine_of, pairs
from icelos.cli.scan import run as run_pipeline

if TYPE_CHECKING:
    from icelos.settings import PipelineSettings, Settings

app = typer.Typer(no_args_is_help=True, help="Pipelines that icelos.toml names: list, run.")

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line")]


@app.command("list")
def list_(json: Json = False) -> None:
    """List the pipelines.

    Example: icelos pipelines list
    """
    from icelos.settings import load

    named = load().settings.pipelines
    if json:
        for name, pipeline in named.items():
            output.json_line({"name": name, "pipeline": pipeline})
        return
    rows = [
        (name, one.job, " ".join(one.sources), one.sink or "workspace", _engine(one))
        for name, one in named.items()
    ]
    output.table(("name", "job", "sources", "sink", "engine"), rows)
    if not rows:
        output.note("no pipelines; see docs/pipelines.md for [pipelines.NAME] in icelos.toml")


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="Name in [pipelines.NAME]")],
    shard: Annotated[str, typer.Option(help="Only one part of several, such as 2/8")] = "",
    fail_on: Annotated[str, typer.Option(help="Exit 1 at or above: alert, review or unknown")] = "",
    fresh: Fresh = False,
    until_idle: UntilIdle = 0.0,
    listen: Listen = "",
    log_json: LogJson = "",
    live: Live = True,
) -> None:
    """Run a pipeline; one that was stopped goes on where it stopped.

    Example: icelos pipelines run signins
    """
    from icelos.engine.pipeline import Pipeline
    from icelos.settings import load

    check_fail_on(fail_on)
    one = _named(load().settings, name)
    settings = load(flags={"engine.workers": one.workers, "engine.partitions": one.partitions}).settings
    pipeline = Pipeline(
        job=one.job, locations=one.sources, source_format=one.format, options=one.options,
        engine=_engine(one), shard=shard or one.shard, sink=one.sink,
    )  # fmt: skip
    shown = Shown(listen, log_json, live)
    run_pipeline(pipeline, settings, shown, fail_on=fail_on, fresh=fresh, idle_s=until_idle)


@app.command()
def load(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="What a scan would read")],
    into: Annotated[str, typer.Option(help="kafka://HOST:PORT/TOPIC")],
    job: Annotated[str, typer.Option(help="Whose records they are, as for `icelos scan`")],
    source_format: Annotated[str, typer.Option("--format", help="lines, jsonl, sqlite, parquet, mail")] = "",
    option: Annotated[list[str] | None, typer.Option("--option", "-o", help="KEY=VALUE for the job")] = None,
    partitions: Annotated[int, typer.Option(min=1, help="Partitions of the topic, made so if need be")] = 1,
) -> None:
    """Write the records of sources into a topic, with the ids and partitions that they have elsewhere too.

    Example: icelos pipelines load signins.jsonl --into kafka://127.0.0.1:9092/signins --job logs
    """
    from icelos.engine.pipeline import Pipeline, load_records
    from icelos.settings import load

    pipeline = Pipeline(
        job=job, locations=tuple(sources), source_format=source_format, options=pairs(option or [])
    )
    written = load_records(pipeline, into, settings=load().settings, partitions=partitions)
    output.note(f"{into}: {written} records")


def _named(settings: Settings, name: str) -> PipelineSettings:
    from icelos.errors import SettingsError

    if name not in settings.pipelines:
        known = ", ".join(sorted(settings.pipelines)) or "none is named in icelos.toml"
        raise SettingsError(f"no pipeline {name!r}", hint=known)
    return settings.pipelines[name]


def _engine(pipeline: PipelineSettings) -> str:
    return pipeline.engine if pipeline.engine != "local" else engine_of(list(pipeline.sources))
