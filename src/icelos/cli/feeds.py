"""`icelos feeds`: update and status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.data.feeds.feeds import Status, Updated
    from icelos.settings import Settings

app = typer.Typer(help="Public feeds: fetch, refresh, show their age.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line")]


@app.command()
def update(
    names: Annotated[list[str], typer.Argument(help="attack, capec, cwe, kev, sigma")],
    mirror: Annotated[
        str, typer.Option(help="Folder or address laid out as NAME/FILE, for closed sites")
    ] = "",
    part: Annotated[
        list[str] | None, typer.Option(help="Only files that begin so (attack: enterprise, ics, mobile)")
    ] = None,
    index: Annotated[bool, typer.Option(help="Put what was fetched into the knowledge store")] = True,
    json: Json = False,
) -> None:
    """Fetch feeds and index them. Whatever goes wrong, the data from before stays in force.

    Examples:
      icelos feeds update attack kev
      icelos feeds update attack --part enterprise
      icelos feeds update kev --mirror /media/feeds
    """
    from icelos.data.feeds.feeds import feed_named
    from icelos.data.feeds.feeds import update as update_feed
    from icelos.data.workspace import Workspace
    from icelos.settings import load

    settings = load().settings
    for name in names:
        feed_named(name)
    for name in names:
        done = update_feed(name, Workspace.of(settings), mirror=mirror, parts=part or ())
        _report(done, json=json)
        if index:
            _index(name, settings)


@app.command()
def status(json: Json = False) -> None:
    """Show what is here of each feed: fetched, bundled or absent, how old, under which licence.

    Example: icelos feeds status
    """
    from icelos.data.feeds.feeds import statuses
    from icelos.data.workspace import Workspace
    from icelos.settings import load

    found = statuses(Workspace.of(load().settings))
    if json:
        for row in found:
            output.json_line(row)
        return
    columns = ("feed", "source", "age", "documents", "licence", "note")
    output.table(columns, [_row(row) for row in found])


def _row(row: Status) -> tuple[object, ...]:
    age = "" if row.age_days is None else f"{row.age_days} d"
    count = "" if row.documents is None else row.documents
    return row.name, row.source, age, count, row.licence.partition(" (")[0], row.detail or row.title


def _report(done: Updated, *, json: bool) -> None:
    if json:
        output.json_line(done)
        return
    what = f"fetched {', '.join(done.changed)}" if done.changed else "nothing new"
    output.note(f"{done.name}: {what}; {done.documents} documents")


def _index(name: str, settings: Settings) -> None:
    from icelos.knowledge.index import index_feed

    done = index_feed(name, settings)
    output.note(f"{name}: indexed; {done.changed} changed, {done.removed} removed, {done.failures} failures")
