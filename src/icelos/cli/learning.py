"""`icelos copilot`: feedback, and learning from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output
from icelos.cli.copilot import Groups, User

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icelos.jobs.copilot.learning.teaching import Outcome, Teaching

app = typer.Typer(help="Give feedback on answers, and learn from that of everyone.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line")]


@app.command()
def feedback(
    answer_id: Annotated[
        str, typer.Argument(help="`answer_id` of the answer, as `icelos ask --json` prints it")
    ],
    kind: Annotated[str, typer.Argument(help="up, down, corrected, wrong_citation or opened")],
    citation: Annotated[str, typer.Option(help="A handle of the answer, such as K7f2")] = "",
    text: Annotated[str, typer.Option(help="What the answer should have said, with `corrected`")] = "",
    user: User = "",
    group: Groups = None,
) -> None:
    """Say what an answer, or one of its sources, is worth. Identifiers in a correction name the right source.

    Examples:
      icelos copilot feedback 6f1c… up --citation K7f2
      icelos copilot feedback 6f1c… corrected --text "It is T1110.003"
    """
    from icelos.cli.audit import done
    from icelos.data.workspace import Workspace
    from icelos.jobs.copilot.history import History
    from icelos.jobs.copilot.job import principal_of
    from icelos.settings import load

    settings = load().settings
    principal = principal_of(settings, user=user, groups=group or ())
    done(settings, "feedback", answer_id, principal=principal, kind=kind, citation=citation)
    History(Workspace.of(settings).history).feedback(
        answer_id, kind, principal=principal, citation=citation, correction=text
    )


@app.command()
def learn(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; keep nothing")] = False,
    json: Json = False,
) -> None:
    """Learn from the feedback of each group, and bring into force what a replay shows to be better.

    What is not surely better on later feedback, or moves known items, stays a candidate.

    Example: icelos copilot learn --dry-run
    """
    from icelos.cli.audit import doing
    from icelos.settings import load

    with doing(load().settings, "learn", dry_run=dry_run):
        found = _teaching().learn(dry_run=dry_run)
    _print(found, json=json)


@app.command()
def rollback(
    group: Annotated[str, typer.Option(help="Only this group's")] = "",
    person: Annotated[str, typer.Option(help="Only this person's, who asks without a group")] = "",
) -> None:
    """Take what is in force out of force; the version before it is in force again.

    Example: icelos copilot rollback --group soc
    """
    from icelos.cli.audit import doing
    from icelos.errors import InputError
    from icelos.settings import load

    scope = f"group:{group}" if group else f"person:{person}" if person else ""
    with doing(load().settings, "learn.rollback", scope):
        gone = _teaching().rollback(scope)
    if not gone:
        raise InputError(f"nothing is in force{f' for {scope}' if scope else ''}")
    output.line(f"withdrawn: {', '.join(f'version {number}' for number in gone)}")


@app.command()
def versions(json: Json = False) -> None:
    """List what was learned, the newest first, with what its replay showed.

    Example: icelos copilot versions
    """
    from icelos.jobs.copilot.learning.versions import listed

    with _teaching().history.opened() as database:
        found = listed(database)
    if json:
        for one in found:
            output.json_line(one)
        return
    rows = [(v.version, v.scope, v.state, f"{v.made:%Y-%m-%d %H:%M}", v.report.why) for v in found]
    output.table(("version", "scope", "state", "made", "why"), rows)


def _teaching() -> Teaching:
    from icelos.data.workspace import Workspace
    from icelos.jobs.copilot.history import History
    from icelos.jobs.copilot.learning.teaching import Teaching
    from icelos.jobs.copilot.suspicion import hostile
    from icelos.knowledge.store import KnowledgeStore
    from icelos.settings import load

    settings = load().settings
    store = KnowledgeStore.open(settings)
    return Teaching(History(Workspace.of(settings).history), store, settings, flagged=hostile(store))


def _print(found: Sequence[Outcome], *, json: bool) -> None:
    if json:
        for one in found:
            output.json_line(one)
        return
    rows = [(o.scope, o.state, o.version or "", o.report.votes, o.report.people, o.report.why) for o in found]
    output.table(("scope", "state", "version", "votes", "people", "why"), rows)
    if not found:
        output.note("no feedback that is not known already")
