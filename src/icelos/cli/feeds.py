"""`icelos feeds`: update and status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output, schedule

if TYPE_CHECKING:
    from icelos.data.feeds.feeds import FeedStatus, Updated
    from icelos.settings import Settings

app = typer.Typer(help="Feeds: fetch, refresh, keep up to date, show their age.", no_args_is_help=True)
app.command()(schedule.watch)

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line")]


@app.command()
def update(
    names: Annotated[
        list[str],
        typer.Argument(
            help="One or more; `icelos feeds status` lists them; news:NAME, or news for all of those"
        ),
    ],
    mirror: Annotated[
        str, typer.Option(help="Folder or address laid out as NAME/FILE, for closed sites")
    ] = "",
    part: Annotated[
        list[str] | None,
        typer.Option(help="Only these files: attack: enterprise, ics, mobile; alpine: v3.20; nvd: 2024"),
    ] = None,
    ecosystem: Annotated[
        list[str] | None, typer.Option(help="Only these ecosystems of osv: PyPI, npm, Debian:12, …")
    ] = None,
    index: Annotated[bool, typer.Option(help="Put what was fetched into the knowledge store")] = True,
    analyze: Annotated[bool, typer.Option(help="Analyse kept inventories anew, by what was fetched")] = True,
    json: Json = False,
) -> None:
    """Fetch feeds; index them for the copilot, or put them into the database of vulnerabilities.

    Whatever goes wrong, the data from before stays in force, and the other feeds are still fetched.

    Examples:
      icelos feeds update attack kev
      icelos feeds update attack --part enterprise
      icelos feeds update kev --mirror /media/feeds
      icelos feeds update osv --ecosystem PyPI --ecosystem Debian:12
      icelos feeds update osv alpine kev epss nvd vulnrichment
      icelos feeds update news
    """
    from icelos.errors import IcelosError, RunError
    from icelos.settings import load

    settings = load().settings
    names = _checked(names, settings)
    failed: list[str] = []
    for name in names:
        parts = [*(part or ()), *((ecosystem or ()) if name == "osv" else ())]
        try:
            _update(name, settings, mirror=mirror, parts=parts, index=index, json=json)
        except IcelosError as error:
            if len(names) == 1:
                raise
            output.note(f"{name}: {error}")
            failed.append(name)
    if analyze:
        _renew(names, settings)
    if failed:
        raise RunError(f"not brought up to date: {', '.join(failed)}", hint="the old data stays in force")


def _renew(names: list[str], settings: Settings) -> None:
    """Kept inventories follow what fills the database; those whose data has not changed are passed over."""
    from icelos.data.feeds.feeds import FEEDS
    from icelos.data.inventories import Inventories
    from icelos.data.workspace import Workspace
    from icelos.engine.upkeep import analyse

    fills = any(name in FEEDS and FEEDS[name].items is not None for name in names)
    if not fills or not Inventories(Workspace.of(settings)).all():
        return
    done = [one for one in analyse(settings) if not one.unchanged]
    if done:
        new, gone = sum(one.new for one in done), sum(one.gone for one in done)
        output.note(f"{len(done)} kept inventories analysed: {new} findings new, {gone} no longer there")


def _checked(names: list[str], settings: Settings) -> list[str]:
    """Each a feed that is known; "news" stands for every news feed. Raises SettingsError."""
    from icelos.data.feeds.feeds import feed_named
    from icelos.data.feeds.news import news_feed, news_feeds

    found: list[str] = []
    for name in names:
        if name == "news":
            found += [f"{NEWS}{one}" for one in news_feeds(settings)]
            continue
        if name.startswith(NEWS):
            news_feed(name.removeprefix(NEWS), settings)
        else:
            feed_named(name)
        found.append(name)
    return found


NEWS = "news:"


def _update_news(name: str, settings: Settings, *, index: bool, json: bool) -> None:
    from icelos.data.feeds.news import fetch_news
    from icelos.knowledge.news import index_news

    changed = fetch_news(name, settings)
    done = index_news(name, settings) if index else None
    if json:
        output.json_line(
            {"name": f"{NEWS}{name}", "changed": changed, "documents": done.changed if done else 0}
        )
        return
    told = f"; {done.changed} entries new or changed, {done.failures} failures" if done else ""
    output.note(f"{NEWS}{name}: {'fetched' if changed else 'nothing new'}{told}")


def _update(name: str, settings: Settings, *, mirror: str, parts: list[str], index: bool, json: bool) -> None:
    from icelos.data.feeds.feeds import feed_named, update
    from icelos.data.workspace import Workspace

    if name.startswith(NEWS):
        _update_news(name.removeprefix(NEWS), settings, index=index, json=json)
        return
    workspace = Workspace.of(settings)
    done = update(name, workspace, mirror=mirror, parts=parts, settings=settings.feeds)
    _report(done, json=json)
    if index and feed_named(name).documents is not None:
        _index(name, settings)


@app.command()
def status(json: Json = False) -> None:
    """Show what is here of each feed, how old and under which licence, and how the schedule stands.

    Example: icelos feeds status
    """
    from icelos.data.feeds.feeds import statuses
    from icelos.data.workspace import Workspace
    from icelos.settings import load

    settings = load().settings
    found = statuses(Workspace.of(settings))
    if json:
        for row in found:
            output.json_line(row)
    else:
        columns = ("feed", "source", "age", "holds", "licence", "note")
        output.table(columns, [_row(row) for row in found])
    schedule.show(settings, json=json)


def _row(row: FeedStatus) -> tuple[object, ...]:
    age = "" if row.age_days is None else f"{row.age_days} d"
    return row.name, row.source, age, _holds(row), row.licence.partition(" (")[0], row.detail or row.title


def _holds(row: FeedStatus | Updated) -> str:
    counts = ((row.documents, "documents"), (row.advisories, "advisories"), (row.facts, "facts"))
    return ", ".join(f"{number} {what}" for number, what in counts if number)


def _report(done: Updated, *, json: bool) -> None:
    if json:
        output.json_line(done)
        return
    what = f"fetched {', '.join(done.changed)}" if done.changed else "nothing new"
    gone = f"; {', '.join(done.removed)} no longer in it" if done.removed else ""
    output.note(f"{done.name}: {what}{gone}; {_holds(done) or 'empty'}")


def _index(name: str, settings: Settings) -> None:
    from icelos.knowledge.index import index_feed

    done = index_feed(name, settings)
    output.note(f"{name}: indexed; {done.changed} changed, {done.removed} removed, {done.failures} failures")
