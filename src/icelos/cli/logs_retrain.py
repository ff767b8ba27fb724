"""`icelos logs detect retrain|rollback`: which version of a detector is in force."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.jobs.logs.detect.versions import Change

Json = Annotated[bool, typer.Option("--json", help="The result as one JSON object")]
ModelFolder = Annotated[Path, typer.Option(help="Folder of the detector")]


def add_to(app: typer.Typer) -> None:
    """Put the commands into `icelos logs detect`."""
    app.command()(retrain)
    app.command()(rollback)


def retrain(
    source: Annotated[str, typer.Argument(help="File or folder of rows, oldest first, the latest days too")],
    model: ModelFolder,
    held_out_days: Annotated[
        int | None, typer.Option(min=1, help="Last days to compare on; a fifth of all days if not given")
    ] = None,
    attacks: Annotated[
        list[str] | None,
        typer.Option(
            "--attacks",
            help="Scenarios to learn from, names or files; all if not given, none: takeovers alone",
        ),
    ] = None,
    episodes: Annotated[int, typer.Option(min=1, help="Times that each scenario is played")] = 12,
    budget: Annotated[
        float | None, typer.Option(min=0.01, help="Alerts a day; as before if not given")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same detector")] = 0,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the detector even by one no better")
    ] = False,
    json: Json = False,
) -> None:
    """Train again on all but the last days of a log; replace the detector only if the new one is better on
    those days, with attacks played into them. What is replaced is kept, and so is what analysts said.

    Example: icelos logs detect retrain latest.jsonl.gz --model models/watch --held-out-days 3
    """
    from icelos.jobs.logs.detect.retraining import Retraining
    from icelos.jobs.logs.detect.retraining import retrain as run

    options = Retraining(held_out_days, episodes, budget, seed, force)
    told = "the detector is as it was, run it again"
    with output.if_stopped(told), counting() as progress:
        found = run(source, model, attacks or ["all"], options, progress=progress)
    if json:
        output.json_line(found)
        return
    if found.left_out:
        output.note(f"not played, their logs or files are not here: {', '.join(found.left_out)}")
    compared = found.compared
    output.note(f"compared on {found.held_out[0]} to {found.held_out[1]}, by {compared.episodes} episodes")
    for name, one in (("old", compared.champion), ("new", compared.challenger)):
        output.note(
            f"{name}: recall {one.recall:.1%} at the budget; {one.alerts_per_day:g} false alerts a day, "
            f"{one.drift:g} times what it should be"
        )
    told = (
        f"version {found.before} is kept" if found.what == "kept" else f"version {found.in_force} is in force"
    )
    output.note(f"{told}: {found.why}")


def rollback(
    model: ModelFolder,
    to: Annotated[
        int | None, typer.Option(help="Version; the one that this one replaced if not given")
    ] = None,
    only_list: Annotated[
        bool, typer.Option("--list", help="Tell what became of it, and change nothing")
    ] = False,
    json: Json = False,
) -> None:
    """Put an earlier version of a detector in force, as it was when it was replaced. What analysts said
    stays.

    Example: icelos logs detect rollback --model models/watch --to 1
    """
    from icelos.jobs.logs.detect.versions import history, kept, roll_back

    if only_list:
        _tell(kept(model), history(model), json=json)
        return
    change = roll_back(model, to)
    if json:
        output.json_line(change)
    else:
        output.note(f"version {change.in_force} is in force, version {change.before} is kept")


def _tell(there: list[int], changes: list[Change], *, json: bool) -> None:
    """The history, oldest first, and which versions can be put in force."""
    now = changes[-1].in_force if changes else there[-1]
    if json:
        output.json_line({"in_force": now, "kept": there, "history": changes})
        return
    rows = [(one.at, one.what, one.before, one.in_force, one.detector, one.why) for one in changes]
    output.table(("at", "what", "before", "in force", "detector", "why"), rows)
    output.note(f"version {now} is in force; kept: {', '.join(map(str, there))}")


@contextmanager
def counting() -> Iterator[Callable[[str, int], None]]:
    """A line on stderr with what is done and how many rows."""
    counts: dict[str, int] = {}
    with output.console(stderr=True).status("reading") as status:

        def progress(what: str, rows: int) -> None:
            counts[what] = counts.get(what, 0) + rows
            status.update(f"{what}: {counts[what]:,} rows")

        yield progress
