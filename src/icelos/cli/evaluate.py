"""`icelos evaluate`: measure retrieval, the copilot and the classifier of injections on labelled cases."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from icelos.cli import output

group = typer.Typer(help="Measure on labelled cases, with bars and a baseline.", no_args_is_help=True)


class Which(StrEnum):
    """A half of the cases."""

    TEST = "test"
    TUNE = "tune"


Data = Annotated[Path, typer.Option(help="Folder of the catalogues: attack, cwe, capec, sigma, kev …")]
Output = Annotated[Path | None, typer.Option("--output", help="Write the report: *.md or *.json")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object with every figure")]


@group.command()
def retrieval(
    data: Data,
    half: Annotated[Which, typer.Option(help="test is held out; tune is for tuning")] = Which.TEST,
    most: Annotated[int, typer.Option(min=1, help="Most questions of each set")] = 1000,
    only: Annotated[list[str] | None, typer.Option("--set", help="Only this set; may be repeated")] = None,
    words_only: Annotated[bool, typer.Option("--words-only", help="Without the sentence encoder")] = False,
    output_file: Output = None,
    json: Json = False,
) -> None:
    """Measure search on questions that the catalogues answer themselves, beside plain FTS5.

    The first run makes the vectors of every set and keeps them in the workspace.
    Exit code 1: a bar is missed.

    Example: icelos evaluate retrieval --data corpora/ --output retrieval.md
    """
    from icelos.data.workspace import Workspace
    from icelos.errors import InputError
    from icelos.evaluate import report as reports
    from icelos.evaluate.corpora import SETS
    from icelos.evaluate.retrieval import measure
    from icelos.llm.encoder import Encoder
    from icelos.settings import load

    known = ("identifiers", *SETS)
    for name in only or ():
        if name not in known:
            raise InputError(f"no set {name!r}", hint=f"one of: {', '.join(known)}")
    encoder = Encoder() if Encoder.available() and not words_only else None
    cache = Workspace.of(load().settings).folder("cache", "evaluate")
    found = measure(
        data, cache=cache, encoder=encoder, half=half.value, most=most, names=only, progress=output.note
    )
    if output_file is not None:
        reports.write(found, output_file)
    if json:
        output.json_line(found)
    else:
        output.table(reports.COLUMNS, reports.cells(found))
    if not found.met:
        raise typer.Exit(1)


@group.command()
def copilot(
    data: Data,
    half: Annotated[Which, typer.Option(help="test is held out; tune is for tuning")] = Which.TEST,
    questions: Annotated[int, typer.Option(min=1, help="Questions with a known fact")] = 200,
    honest: Annotated[int, typer.Option(min=1, help="Questions asked again without their documents")] = 300,
    lies: Annotated[int, typer.Option(min=1, help="Answers of a model that lies once in each")] = 300,
    output_file: Output = None,
    json: Json = False,
) -> None:
    """Measure the copilot: facts, citations, verification, honesty, latency, hostile text.

    Exit code 1: a bar is missed.

    Example: icelos evaluate copilot --data corpora/ --output copilot.md
    """
    from icelos.evaluate import report as reports
    from icelos.jobs.copilot.measure import measure

    found = measure(data, wanted=half.value, number=questions, honest=honest, lies=lies, progress=output.note)
    if output_file is not None:
        reports.write(found, output_file)
    if json:
        output.json_line(found)
    else:
        output.table(reports.COLUMNS, reports.cells(found))
    if not found.met:
        raise typer.Exit(1)


@group.command()
def injection(
    data: Data,
    train_to: Annotated[
        Path | None, typer.Option("--train", help="Train on all and write the weights: *.npz")
    ] = None,
    folds: Annotated[int, typer.Option(min=2, max=10, help="Folds by which the threshold is chosen")] = 4,
    output_file: Output = None,
    json: Json = False,
) -> None:
    """Measure the classifier of text that speaks to an assistant: one source of attacks left out at a time.

    --train writes weights from all sources instead of measuring. Exit code 1: a bar is missed.

    Examples:
      icelos evaluate injection --data corpora/ --output injection.md
      icelos evaluate injection --data corpora/ --train weights.npz
    """
    from icelos.evaluate import injection as measuring
    from icelos.evaluate import report as reports

    if train_to is not None:
        model = measuring.train(data, folds=folds, progress=output.note)
        model.save(train_to)
        output.note(f"{train_to}: {model.version}, threshold {model.threshold:.3f}")
        return
    found = measuring.measure(data, folds=folds, progress=output.note)
    if output_file is not None:
        reports.write(found, output_file)
    if json:
        output.json_line(found)
    else:
        output.table(reports.COLUMNS, reports.cells(found))
    if not found.met:
        raise typer.Exit(1)


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    app.add_typer(group, name="evaluate")
