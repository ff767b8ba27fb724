"""`icelos logs keep`, `kept`, `search` and `drop`: logs that questions are asked of."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.data.query.findings import Answer

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line")]
_SHOWN = ("log", "time", "user", "source_ip", "host", "application", "action", "outcome", "source")
_CONDITION = re.compile(r"\s*([^\s!<>=~^]+)\s*(!=|<=|>=|=|<|>|~|\^)\s*(.*)", re.DOTALL)
_OPERATORS = {"~": "contains", "^": "starts_with"}


def keep(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help='Files or folders of rows; "-" for a pipe')
    ],
    name: Annotated[str, typer.Option("--as", help="Name of the log: small letters, digits, -, _ and .")],
    group: Annotated[
        list[str] | None, typer.Option(help="Who may see it, repeatable; everyone where it never had one")
    ] = None,
    everyone: Annotated[bool, typer.Option("--everyone", help="Let everyone see it from now on")] = False,
    days: Annotated[
        int | None, typer.Option(min=0, help="Forget rows that are older; 0 keeps them for good")
    ] = None,
    json: Json = False,
) -> None:
    """Keep rows of logs in the workspace, each once, to search them and to ask the copilot about them.

    JSON lines, CloudTrail and Graph arrays, CEF, LEEF, syslog and CSV, packed by gzip or zstd or not. The
    same command again keeps what is new; after a stop it brings the rest.

    Examples:
      icelos logs keep signins.jsonl.gz --as signins --group soc --days 90
      icelos logs keep /var/log/auth.log --as auth
    """
    from icelos.errors import InputError
    from icelos.jobs.logs.keep import keep as run

    if everyone and group:
        raise InputError("a log is for everyone, or for groups", hint="--everyone or --group")
    told = "what is kept stays; the same command brings the rest"
    with output.if_stopped(told), output.console(stderr=True).status("reading") as status:
        kept = run(
            files, _folder(), name, groups=[] if everyone else group, days=days,
            progress=lambda number: status.update(f"{number:,} rows"),
        )  # fmt: skip
    if json:
        output.json_line(kept)
        return
    output.note(f"{name}: {kept.rows:,} rows kept, {kept.known:,} were there, {kept.failed:,} cannot be read")
    for one in kept.failures[:5]:
        output.note(f"{one.source}: {one.error}")


def kept(json: Json = False) -> None:
    """List the logs that are kept, with their rows, times, groups and size.

    Example: icelos logs kept
    """
    from icelos.data.query.catalogue import Catalogue

    folder = _folder()
    found = []
    if (folder / "catalogue.sqlite").is_file():
        with Catalogue(folder) as catalogue:
            found = catalogue.logs()
    if json:
        for one in found:
            output.json_line(one)
        return
    output.table(
        ("log", "rows", "from", "to", "days", "groups", "MiB"),
        (
            (one.name, f"{one.rows:,}", one.first[:19], one.last[:19], one.days or "for good",
             ", ".join(one.groups) or "everyone", f"{one.bytes / 2**20:.1f}")
            for one in found
        ),
    )  # fmt: skip


def search(
    name: Annotated[str, typer.Argument(help='A kept log, or "all"')] = "all",
    where: Annotated[
        list[str] | None,
        typer.Option(help="FIELD=VALUE, also !=, <, <=, >, >=, ~ (contains), ^ (begins with); all must hold"),
    ] = None,
    group_by: Annotated[list[str] | None, typer.Option("--group-by", help="Count rows by this field")] = None,
    distinct: Annotated[list[str] | None, typer.Option(help="Each value of this field once")] = None,
    count: Annotated[bool, typer.Option("--count", help="Only how many there are")] = False,
    order_by: Annotated[str, typer.Option("--order-by", help="A field of the answer; the newest first")] = "",
    descending: Annotated[bool, typer.Option("--descending", help="The highest first")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most rows")] = 50,
    json: Json = False,
) -> None:
    """Search kept logs, as the principal of the command line (`copilot.user`, `copilot.groups`).

    Fields: log, row, time, user, source_ip, host, application, action, outcome, text, source, and a row's own
    as fields.NAME. Text is compared without regard to case; a date stands for its whole day.

    Examples:
      icelos logs search signins --where user=ann@corp.example --where outcome=failure
      icelos logs search all --where "time>=2026-11-01" --group-by source_ip
      icelos logs search signins --where fields.status.errorCode=50126 --count
    """
    from icelos.data.query.logs import LogsReader
    from icelos.jobs.copilot.job import principal_of
    from icelos.settings import load

    asked: dict[str, Any] = {
        "log": "" if name == "all" else name, "where": [_condition(one) for one in where or ()],
        "group_by": group_by or [], "distinct": distinct or [], "count": count, "order_by": order_by,
        "descending": descending, "limit": limit,
    }  # fmt: skip
    _tell(LogsReader(_folder()).ask(asked, principal=principal_of(load().settings)), json=json)


def drop(
    name: Annotated[str, typer.Argument(help="A kept log")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
) -> None:
    """Forget a kept log with all its rows.

    Example: icelos logs drop signins --yes
    """
    from icelos.data.query.keeping import drop as run

    if not yes:
        typer.confirm(f"Forget the log {name!r} and all its rows?", abort=True)
    run(_folder(), name)
    output.note(f"{name}: dropped")


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    for command in (keep, kept, search, drop):
        app.command()(command)


def _folder() -> Path:
    from icelos.settings import load

    return load().settings.home / "logs"


def _condition(given: str) -> dict[str, object]:
    from icelos.errors import InputError

    found = _CONDITION.fullmatch(given)
    if found is None:
        raise InputError(f"not a condition: {given!r}", hint="--where FIELD=VALUE")
    field, operator, value = found.groups()
    if not value and operator in ("=", "!="):
        return {"field": field, "is": "is_not_set" if operator == "=" else "is_set"}
    return {"field": field, "is": _OPERATORS.get(operator, operator), "value": value}


def _tell(found: Answer, *, json: bool) -> None:
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    if json:
        for row in rows:
            output.json_line(row)
        return
    names = (
        [one for one in _SHOWN if one in found.columns] if "text" in found.columns else list(found.columns)
    )
    output.table(names, ([row[one] if row[one] is not None else "" for one in names] for row in rows))
    if found.total is not None and found.total > len(rows):
        output.note(f"{len(rows):,} of {found.total:,}; --limit shows more")
