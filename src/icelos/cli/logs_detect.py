"""`icelos logs detect`: detectors that see every row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import logs_retrain, output
from icelos.cli.logs_retrain import Json, ModelFolder, counting

if TYPE_CHECKING:
    from icelos.jobs.logs.detect.explaining import Incident
    from icelos.jobs.logs.detect.model import Settings
    from icelos.jobs.logs.detect.scoring import Scored

app = typer.Typer(
    help="Detectors of unusual behaviour: train, score, explain, feedback, retrain, rollback.",
    no_args_is_help=True,
)
logs_retrain.add_to(app)

_OLD = 0.1
"""A share of rows that come late in any log."""
_DAYS = 3
"""Fewer say nothing of drift."""
_SHIFT = 0.2
"""Of scores, see `Calibration.shift`."""


@app.command()
def train(
    source: Annotated[str, typer.Argument(help="File or folder of rows, oldest first")],
    model: ModelFolder,
    attacks: Annotated[
        list[str] | None,
        typer.Option(
            "--attacks",
            help="Scenarios to learn from, names or files; all if not given, none: takeovers alone",
        ),
    ] = None,
    episodes: Annotated[int, typer.Option(min=1, help="Times that each scenario is played")] = 12,
    budget: Annotated[
        float, typer.Option(min=0.01, help="Alerts a day: entities whose row scores highest that day")
    ] = 20.0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same detector")] = 0,
    json: Json = False,
) -> None:
    """Learn what is usual in a log, and by attacks played into it (`icelos logs whatif`) what is not.

    The log is taken for benign. Any kind of row with a user can be learned: where no scenario fits, by
    takeovers, rows of one user under the name of another.

    Example: icelos logs detect train signins.jsonl.gz --model models/watch --budget 20
    """
    from icelos.jobs.logs.detect.training import Options, scenarios_for
    from icelos.jobs.logs.detect.training import train as run
    from icelos.jobs.logs.detect.versions import put_trained

    chosen, left_out = scenarios_for(source, attacks or ["all"])
    if left_out:
        output.note(f"their logs are not here: {', '.join(left_out)}")
    told = "no detector was written, run it again"
    with output.if_stopped(told), counting() as progress:
        detector = run(source, chosen, Options(episodes, budget, seed), progress=progress)
    put_trained(model, detector, seed)
    if json:
        output.json_line(detector.settings)
    else:
        _tell(model, detector.settings)


@app.command()
def score(
    source: Annotated[str, typer.Argument(help="File or folder of rows, oldest first, or -")],
    model: ModelFolder,
    output_file: Annotated[Path, typer.Option("--output", help="FILE.jsonl of findings and failures")],
    keep: Annotated[
        bool, typer.Option("--keep/--forget", help="The detector remembers these rows for the next call")
    ] = True,
    json: Json = False,
) -> None:
    """Score every row of a log; findings are the rows above the threshold. After a stop the same command goes
    on.

    Example: icelos logs detect score today.jsonl.gz --model models/watch --output alerts.jsonl
    """
    from icelos.jobs.logs.detect.model import load
    from icelos.jobs.logs.detect.scoring import score_log

    detector = load(model)
    told = f"{output_file} is not written yet, what was scored is kept: the same command goes on with it"
    with output.if_stopped(told), output.console(stderr=True).status("scoring") as status:
        scored = score_log(source, output_file, detector, progress=lambda n: status.update(f"{n:,} rows"))
    if keep:
        detector.save_state()
    if json:
        output.json_line(scored)
        return
    output.note(
        f"{output_file}: {scored.rows:,} rows, {scored.alerts:,} above the threshold in "
        f"{scored.incidents:,} incidents, {scored.clear:,} clear, {scored.failures:,} failures"
    )
    output.note(f"{scored.alerts_per_day:g} alerts a day, {scored.drift:g} times the budget")
    if scored.unknown:
        output.note(
            f"{scored.unknown:,} rows have none of the fields that are watched: unknown, train on such rows"
        )
    if scored.held_back:
        output.note(f"{scored.held_back:,} rows held back by verdicts: findings that are clear, and say why")
    if scored.old_rows > scored.rows * _OLD:
        output.note(
            f"{scored.old_rows:,} rows are from before what the detector had seen: were they scored already? "
            "--forget leaves the model as it was"
        )
    elif scored.days >= _DAYS:
        _tell_drift(scored, detector.settings, f"icelos logs detect retrain SOURCE --model {model}")


@app.command()
def explain(
    alerts: Annotated[Path, typer.Argument(help="FILE.jsonl of `icelos logs detect score`")],
    model: ModelFolder,
    rows: Annotated[
        str, typer.Option("--rows", help="The log itself: tells what the same entities usually do")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, help="Incidents to tell of, the most unusual first")] = 20,
    json: Annotated[bool, typer.Option("--json", help="An incident a line, all of them")] = False,
) -> None:
    """Tell the incidents of a file of alerts: whom, when, why, which technique they resemble, what is usual.

    Example: icelos logs detect explain alerts.jsonl --model models/watch --rows today.jsonl.gz
    """
    from icelos.jobs.logs.detect.explaining import explain as explained
    from icelos.jobs.logs.detect.model import load

    incidents = explained(alerts, load(model).settings.layout, rows)
    if json:
        for incident in incidents:
            output.json_line(incident)
        return
    for incident in incidents[:limit]:
        _tell_incident(incident)
    if len(incidents) > limit:
        output.note(f"{len(incidents) - limit:,} more incidents; --limit, or --json for all")


@app.command()
def feedback(
    alerts: Annotated[Path, typer.Argument(help="FILE.jsonl of `icelos logs detect score`")],
    incident: Annotated[str, typer.Argument(help="Its id, as `icelos logs detect explain` tells it")],
    model: ModelFolder,
    verdict: Annotated[str, typer.Option(help="benign or confirmed")],
    days: Annotated[float, typer.Option(min=0.01, help="How long it holds, in the log's time")] = 30.0,
    note: Annotated[str, typer.Option(help="Why; stands in the findings")] = "",
    json: Json = False,
) -> None:
    """Keep what an incident was, for a while. Benign: the same unusual values of its entity are held back.
    Confirmed: its entity is watched closer.

    Example: icelos logs detect feedback alerts.jsonl 05861fef7b19 --model models/watch --verdict benign
    """
    from icelos.errors import InputError
    from icelos.jobs.logs.detect.explaining import read_findings
    from icelos.jobs.logs.detect.feedback import add
    from icelos.jobs.logs.detect.model import load

    if verdict not in ("benign", "confirmed"):
        raise InputError(f"no verdict is called {verdict!r}", hint="benign or confirmed")
    load(model)
    said = add(
        model, read_findings(alerts), incident, "benign" if verdict == "benign" else "confirmed",
        days=days, note=note,
    )  # fmt: skip
    if json:
        output.json_line(said)
        return
    values = "; ".join(f"{field} {', '.join(some[:3])}" for field, some in said.values.items())
    output.note(f"{said.entity}: {said.verdict} until {said.until}{f', for {values}' if values else ''}")


def _tell_drift(scored: Scored, settings: Settings, command: str) -> None:
    """What says that the detector no longer fits the log, and what to do."""
    from icelos.jobs.logs.detect.alerts import Drift

    expected = settings.calibration.alerts_per_day or settings.calibration.budget
    drift = Drift(round(scored.alerts_per_day * scored.days), expected * scored.days)
    signs = []
    if drift.is_clear:
        signs.append(f"{drift.times:.1f} times the alerts of the rows that the threshold was set by")
    if scored.shift >= _SHIFT:
        signs.append(f"{scored.shift:.0%} of all scores are no longer where they were")
    if signs:
        output.note(f"{', and '.join(signs)}: {command}")


def _tell_incident(incident: Incident) -> None:
    like = ", ".join(f"{technique} {name} ({count})" for technique, name, count in incident.techniques)
    output.line(
        f"{incident.id}  {incident.entity}  {incident.first} to {incident.last}  "
        f"{len(incident.alerts):,} rows, {_unusual(incident.score)}"
    )
    output.line(f"  resembles: {like or 'no technique that was taught'}")
    for reason in incident.reasons:
        output.line(f"  - {reason}")
    for usual in incident.usual:
        values = ", ".join(f"{value} ({count:,})" for value, count in usual.values)
        output.line(f"  usual {usual.field}, of {usual.rows:,} rows: {values}")
    output.line(f"  rows: {', '.join(incident.sources[:5])}{', ...' if len(incident.sources) > 5 else ''}")


def _unusual(score: float) -> str:
    """A share of the rows that the threshold was set by."""
    return "more unusual than all that is usual" if score >= 1 else f"more unusual than {score:.3%} of rows"


def _tell(model: Path, settings: Settings) -> None:
    calibration, layout = settings.calibration, settings.layout
    output.note(f"{model}: {settings.rows:,} rows of {layout.user}; watched: {', '.join(layout.facets)}")
    taught = ", ".join(f"{rows:,} of {name}" for name, rows in sorted(settings.taught.items()))
    output.note(f"made-up rows that it learned from: {taught}")
    output.note(
        f"threshold {calibration.threshold:.3f} for {calibration.budget:g} alerts a day, "
        f"by {calibration.days:g} days"
    )
