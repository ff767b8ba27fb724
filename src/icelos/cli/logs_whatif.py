"""`icelos logs whatif`: attacks played into a log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import logs_options, output

if TYPE_CHECKING:
    from icelos.jobs.logs.whatif.playing import Played
    from icelos.jobs.logs.whatif.scenario import Scenario


def whatif(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(metavar="SCENARIO...", help="Names, files (TOML or YAML), or: attacks, benign, all"),
    ] = None,
    source: Annotated[str, typer.Option("--into", help="File or folder of JSON lines, real or made up")] = "",
    output_path: Annotated[
        Path | None, typer.Option("--output", help="FILE or FILE.gz; a folder where --into is one")
    ] = None,
    episodes: Annotated[int, typer.Option(min=1, help="Times that each scenario is played")] = 1,
    difficulty: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="From loud (0) to low and slow (1)")
    ] = 0.5,
    compose: Annotated[
        int, typer.Option(min=0, help="Play so many new attacks, composed of stages of the scenarios")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same rows")] = 0,
    since: Annotated[str, typer.Option("--from", help="Nothing begins before this time, ISO 8601")] = "",
    until: Annotated[str, typer.Option("--to", help="Nothing begins after this time, ISO 8601")] = "",
    written: Annotated[
        Path | None, typer.Option("--scenarios", help="Write the scenarios into this folder, as YAML")
    ] = None,
    layer: Annotated[
        Path | None, typer.Option(help="Write their techniques as a layer of the ATT&CK Navigator")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Only tell which scenarios there are")] = False,
    json: Annotated[bool, typer.Option("--json", help="The result as JSON")] = False,
) -> None:
    """Play attacks into a log: each row of it stays as it is, and attacks stand between them.

    FILE.labels.jsonl says which rows are of which episode, stage and ATT&CK technique.

    Examples:
      icelos logs whatif --list
      icelos logs whatif password-spray token-theft --into signins.jsonl --episodes 5 --output attacked.jsonl
      icelos logs whatif all --into organisation/ --compose 10 --difficulty 0.8 --output attacked/
    """
    from icelos.errors import InputError
    from icelos.jobs.logs.whatif.composing import compose as composed
    from icelos.jobs.logs.whatif.scenario import named

    chosen = named(scenarios or ["all"])
    if compose:
        chosen = composed(chosen, compose, seed)
    if listed or not source:
        if not listed and not (layer or written):
            raise InputError("nothing to play into", hint="--into FILE --output FILE, or --list")
        _tell_scenarios(chosen, json=json)
    if written is not None:
        _write_scenarios(written, chosen)
    if layer is not None:
        _write_layer(layer, chosen)
    if source and not listed:
        if output_path is None:
            raise InputError("nowhere to write to", hint="--output FILE")
        _play(chosen, source, output_path, (episodes, difficulty, seed), (since, until), json=json)


def _play(
    chosen: list[Scenario], source: str, output_path: Path, how: tuple[int, float, int],
    span: tuple[str, str], *, json: bool,
) -> None:  # fmt: skip
    from icelos.jobs.logs.whatif.planning import Wanted
    from icelos.jobs.logs.whatif.playing import whatif as play

    begin, end = logs_options.moment(span[0]), logs_options.moment(span[1], last=True)
    wanted = Wanted(*how, begin=begin.timestamp() if begin else None, end=end.timestamp() if end else None)
    told = "files that were not finished are not there; the same command writes the same rows"
    with output.if_stopped(told), output.console(stderr=True).status("reading") as status:
        played = play(source, output_path, chosen, wanted, progress=lambda n: status.update(f"{n:,} rows"))
    if json:
        output.json_line(played)
    else:
        _tell(played)


def _tell(played: Played) -> None:
    for path, meta in played.files.items():
        output.note(
            f"{path}: {meta.rows:,} rows, {meta.simulated_rows:,} simulated, of {meta.episodes:,} episodes"
        )
    if played.unplayed_rows:
        output.note(
            f"{played.unplayed_rows:,} planned rows had no log, or no row that they could be made after"
        )
    if played.unplayed:
        output.note(f"nothing was played of: {', '.join(played.unplayed)}")
    if played.left_out:
        output.note(f"their logs are not here: {', '.join(played.left_out)}")


def _tell_scenarios(chosen: list[Scenario], *, json: bool) -> None:
    if json:
        for scenario in chosen:
            output.json_line(scenario)
        return
    output.table(
        ("scenario", "techniques", "logs", "what happens"),
        (
            (
                one.name, ", ".join(one.techniques) or f"benign, like {one.resembles}",
                ", ".join(dict.fromkeys(stage.log for stage in one.stages)), one.title,
            )
            for one in chosen
        ),
    )  # fmt: skip
    _tell_matrix(chosen)


def _tell_matrix(chosen: list[Scenario]) -> None:
    from icelos.jobs.logs.whatif.matrix import by_tactic, covered

    output.note("")
    for tactic, techniques in by_tactic(covered(chosen)):
        output.note(f"{tactic}: {', '.join(f'{one.technique} {one.name}' for one in techniques)}")


def _write_scenarios(folder: Path, chosen: list[Scenario]) -> None:
    from icelos.data.atomic import atomic_write
    from icelos.jobs.logs.whatif.composing import as_yaml

    for scenario in chosen:
        with atomic_write(folder / f"{scenario.name}.yaml") as file:
            file.write(as_yaml(scenario).encode())
    output.note(f"{folder}: {len(chosen)} scenarios")


def _write_layer(path: Path, chosen: list[Scenario]) -> None:
    import msgspec

    from icelos.data.atomic import atomic_write
    from icelos.jobs.logs.whatif.matrix import covered, layer

    scores = {one.technique: (100.0, ", ".join(one.scenarios)) for one in covered(chosen)}
    told = layer("Icelos: what is played", "Techniques that the scenarios play", scores)
    with atomic_write(path) as file:
        file.write(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    output.note(f"{path}: {len(scores)} techniques")
