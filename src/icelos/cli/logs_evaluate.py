"""`icelos logs evaluate`: synthetic rows beside real ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.jobs.logs.evaluation.evaluate import Evaluation


def evaluate(
    real: Annotated[str, typer.Argument(help="File or folder of real rows")],
    synthetic: Annotated[str, typer.Argument(metavar="SYNTH", help="File or folder of synthetic rows, or -")],
    holdout: Annotated[
        str | None,
        typer.Option(help="Real rows that the generator has not seen; REAL is what it learnt from"),
    ] = None,
    gate: Annotated[bool, typer.Option("--gate", help="Exit with 1 where a check fails")] = False,
    output_file: Annotated[
        Path | None, typer.Option("--output", help="The report: FILE.html or FILE.json")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="auto, json, cef, leef, syslog or csv")] = "auto",
    rows: Annotated[
        int, typer.Option(min=100, help="Rows of a file to measure; above that a sample")
    ] = 10_000,
    target: Annotated[str, typer.Option(help="Field to be guessed by a model that learns from SYNTH")] = "",
    user: Annotated[str, typer.Option(help="Field that says who; found if not given")] = "",
    time: Annotated[str, typer.Option(help="Field that says when; found if not given")] = "",
    canaries: Annotated[
        Path | None, typer.Option(help="File of texts planted into REAL, one a line, that must not come out")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same rows")] = 0,
    json: Annotated[bool, typer.Option("--json", help="The result as one JSON object")] = False,
) -> None:
    """Measure synthetic log rows against real ones: texts, fields, bonds, times, usefulness, privacy.

    Every figure stands beside its ceiling: what other real rows reach in their place.

    Examples:
      icelos logs evaluate signins.jsonl synthetic.jsonl --gate
      icelos logs evaluate train.jsonl synthetic.jsonl --holdout later.jsonl --output report.html
    """
    from icelos.jobs.logs.evaluation.evaluate import Options
    from icelos.jobs.logs.evaluation.evaluate import evaluate as run
    from icelos.jobs.logs.profile.rows import RowSource

    options = Options(
        limit=rows, seed=seed, user=user, time=time, target=target, canaries=_canaries(canaries)
    )
    told = "nothing is kept, run it again; fewer --rows take less time"
    with output.if_stopped(told), output.console(stderr=True).status("reading") as status:
        found = run(
            RowSource(real, form),
            RowSource(synthetic, form),
            RowSource(holdout, form) if holdout else None,
            options=options,
            progress=status.update,
        )
    if output_file is not None:
        _write(found, output_file)
    if json:
        output.json_line(found)
    else:
        _tell(found)
    if gate and not found.passed:
        raise typer.Exit(1)


def _canaries(path: Path | None) -> tuple[str, ...]:
    from icelos.data.parse.limits import read_bounded
    from icelos.jobs.logs.evaluation.sample import read_canaries

    return tuple(read_canaries(read_bounded(path), str(path))) if path is not None else ()


def _write(found: Evaluation, path: Path) -> None:
    import msgspec

    from icelos.data.atomic import atomic_write
    from icelos.jobs.logs.evaluation.report import render

    as_json = path.suffix.lower() == ".json"
    data = msgspec.json.format(msgspec.json.encode(found), indent=2) if as_json else render(found).encode()
    with atomic_write(path) as file:
        file.write(data)


def _tell(found: Evaluation) -> None:
    for name, told in found.about.items():
        output.note(f"{name}: {told}")
    for told in found.notes:
        output.note(told)
    words = {True: "holds", False: "FAILS", None: "not measured"}
    output.table(
        ("measure", "value", "ceiling", "demand", "", "why"),
        [
            (one.measure, _number(one.value), _number(one.ceiling), one.demand, words[one.passed],
             f"{one.why} ({one.note})" if one.note else one.why)
            for one in found.checks
        ],
    )  # fmt: skip
    failed = [one.measure for one in found.checks if one.passed is False]
    output.note(f"{len(failed)} checks fail: {', '.join(failed)}" if failed else "no check fails")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
