"""`icelos findings`, what the jobs have said and what people do about it, and `icelos failures`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.data.casework.desk import Desk
    from icelos.data.casework.model import Case, State
    from icelos.data.sinks import SqliteSink
    from icelos.findings import Finding

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line")]
Limit = Annotated[int, typer.Option(min=1, help="Most rows")]


group = typer.Typer(invoke_without_command=True)


@group.callback()
def findings(
    context: typer.Context,
    job: Annotated[str, typer.Option(help="Only this job's")] = "",
    verdict: Annotated[str, typer.Option(help="Only alert, review, unknown or clear")] = "",
    state: Annotated[str, typer.Option(help="Only open or closed ones; what is clear is neither")] = "",
    assignee: Annotated[str, typer.Option(help="Only what this person has")] = "",
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List findings, the newest first, or work on one of them.

    Examples:
      icelos findings --job mail --verdict alert
      icelos findings --state open --assignee ann
      icelos findings close 3f9a1c02 --as false_positive --comment "newsletter"
    """
    if context.invoked_subcommand is not None:
        return
    with open_desk() as desk:
        wanted = _state(state)
        found = desk.listed(job=job, verdict=_checked(verdict), state=wanted, assignee=assignee, limit=limit)
        if json:
            for item, _ in found:
                output.json_line(item)
            return
        output.table(COLUMNS, [_row(f, case) for f, case in found])
        output.note(f"{len(found)} of {desk.findings.count('finding', job=job)} findings")


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
    app.add_typer(group, name="findings")
    app.command()(failures)


COLUMNS = ("id", "verdict", "job", "label", "score", "state", "source", "summary")
SHOWN = 12
"""Characters of an id in tables."""


def _row(finding: Finding, case: Case) -> tuple[str, ...]:
    state = "" if finding.verdict.value == "clear" else stands(case)
    return (
        finding.id[:SHOWN], finding.verdict.value, finding.job, finding.label, _score(finding.score), state,
        finding.source, finding.summary,
    )  # fmt: skip


def stands(case: Case) -> str:
    """Where a case stands, in a few words."""
    state = f"closed: {case.reason}" if case.reason else "open"
    return f"{state}, {case.assignee}" if case.assignee else state


def open_desk() -> Desk:
    """The workspace's findings with their cases."""
    from icelos.data.casework.desk import Desk
    from icelos.data.workspace import Workspace
    from icelos.settings import load

    return Desk.open(Workspace.of(load().settings))


def _state(state: str) -> State | None:
    from icelos.data.casework.model import State
    from icelos.errors import InputError

    if state and state not in list(State):
        raise InputError(f"no state {state!r}", hint="open or closed")
    return State(state) if state else None


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
