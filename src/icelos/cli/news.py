"""`icelos news`: what is new and matters to us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.jobs.vulns.news.model import News, NewsItem


def news(
    since: Annotated[str, typer.Option(help="How long ago (24h, 7d), or a date")] = "24h",
    limit: Annotated[int, typer.Option(min=1, help="Most items")] = 50,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object an item, then one with the counts")
    ] = False,
) -> None:
    """Show what feeds have brought that concerns the organisation's own targets, the riskiest first.

    Joined are CISA's catalogue of exploited vulnerabilities, EPSS scores that rose, new and changed
    advisories, and news, with the kept inventories and the findings. Nothing is fetched.

    Examples:
      icelos news
      icelos news --since 7d --json
    """
    from icelos.data.durations import since as moment
    from icelos.jobs.copilot.job import principal_of
    from icelos.jobs.vulns.news.news import news as made
    from icelos.settings import load

    settings = load().settings
    found = made(settings, since=moment(since), principal=principal_of(settings))
    if json:
        for item in found.items[:limit]:
            output.json_line(item)
        output.json_line({
            "since": found.since, "items": len(found.items), "others": found.others,
            "ruled_out": found.ruled_out, "targets": found.targets, "notices": found.notices,
        })  # fmt: skip
        return
    rows = [_row(item) for item in found.items[:limit]]
    output.table(("risk", "what", "why it matters", "findings", "when"), rows)
    _tell(found, limit)


def add_to(app: typer.Typer) -> None:
    """Register the command of this file."""
    app.command()(news)


def _row(item: NewsItem) -> tuple[object, ...]:
    states = sorted({one.state or "not analysed since" for one in item.concerns if one.judged != "name"})
    what = item.title if item.name.startswith("news/") else item.name
    return "" if item.risk is None else f"{item.risk:.3f}", what, item.why, ", ".join(states), item.when[:10]


def _tell(found: News, limit: int) -> None:
    left = len(found.items) - limit
    if left > 0:
        output.note(f"{left} more: --limit {len(found.items)}")
    counts = ", ".join(f"{number} {_KINDS.get(kind, kind)}" for kind, number in found.others.items())
    output.note(
        f"{found.targets} targets; {found.ruled_out} vulnerabilities are ruled out by the version; "
        f"new, and not about you: {counts or 'nothing'}"
    )
    for notice in found.notices:
        output.note(notice)


_KINDS = {
    "exploited": "exploited vulnerabilities", "likelier": "raised EPSS scores", "advisory": "advisories",
    "told": "news entries",
}  # fmt: skip
