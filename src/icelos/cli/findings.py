"""`icelos findings` and `icelos failures`: what the jobs have said, and what could not be scored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.data.sinks import SqliteSink

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line")]
Limit = Annotated[int, typer.Option(min=1, help="Most rows")]


def findings(
    job: Annotated[str, typer.Option(help="Only this job's")] = "",
    verdict: Annotated[str, typer.Option(help="Only alert, review, unknown or clear")] = "",
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List findings, the newest first.

    Example: icelos findings --job mail --verdict alert
    """
    with _store() as store:
        found = store.findings(job=job, verdict=_checked(verdict), limit=limit)
        if json:
            for item in found:
                output.json_line(item)
            return
        rows = [(f.verdict.value, f.job, f.label, _score(f.score), f.source, f.summary) for f in found]
        output.table(("verdict", "job", "label", "score", "source", "summary"), rows)
        output.note(f"{len(found)} of {store.count('finding', job=job)} findings")


def failures(
    job: Annotated[str, typer.Option(help="Only this job's")] = "", limit: Limit = 50, json: Json = False
) -> None:
    """List records that could not be parsed or scored, with the reason.

    Example: icelos failures --job logs
    """
    with _store() as store:
        found = store.failures(job=job, limit=limit)
        if json:
            for item in found:
                output.json_line(item)
            return
        output.table(("job", "source", "error"), [(f.job, f.source, f.error) for f in found])
        output.note(f"{len(found)} of {store.count('failure', job=job)} failures")


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    app.command()(findings)
    app.command()(failures)


def _store() -> SqliteSink:
    from icelos.data.sinks import SqliteSink
    from icelos.data.workspace import Workspace
    from icelos.settings import load

    return SqliteSink(Workspace.of(load().settings).findings)


def _checked(verdict: str) -> str:
    from icelos.errors import InputError
    from icelos.findings import Verdict

    if verdict and verdict not in list(Verdict):
        raise InputError(f"no verdict {verdict!r}", hint="alert, review, unknown or clear")
    return verdict


def _score(score: float | None) -> str:
    return "" if score is None else f"{score:.2f}"
