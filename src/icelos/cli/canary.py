"""`icelos canary`: documents that nobody should be shown, and the alarm when one is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.llm.canary import Canary

group = typer.Typer(help="Markers that must never come out of an answer.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON object for each")]


@group.command()
def add(
    name: Annotated[str, typer.Argument(help="A name for the alert, such as 'board papers'")],
    group: Annotated[
        list[str] | None,
        typer.Option("--group", help="A group that may see it; none: nobody may. May be repeated"),
    ] = None,
    about: Annotated[str, typer.Option(help="What the document seems to be about, so that it is found")] = "",
    collection: Annotated[str, typer.Option(help="The collection that it stands in")] = "default",
    json: Json = False,
) -> None:
    """Put a document with a secret marker into the knowledge base.

    An answer that shows it to anybody outside of its groups is withheld, and an alert is found
    among the findings.

    Examples:
      icelos canary add "vpn passwords" --about "VPN access, credentials, network"
      icelos canary add "board papers" --group board
    """
    from icelos.errors import InputError
    from icelos.jobs.copilot.bait import plant
    from icelos.settings import load

    if not name.strip():
        raise InputError("a canary needs a name")
    canary = plant(load().settings, name.strip(), groups=group or (), about=about, collection=collection)
    _show([canary], json=json)


@group.command("list")
def list_(json: Json = False) -> None:
    """The canaries of this workspace, without their markers.

    Example: icelos canary list --json
    """
    from icelos.data.workspace import Workspace
    from icelos.llm.canary import Canaries
    from icelos.settings import load

    _show(Canaries(Workspace.of(load().settings).canaries).all(), json=json)


@group.command()
def remove(name: Annotated[str, typer.Argument(help="Its name")]) -> None:
    """Take a canary and its document out again.

    Example: icelos canary remove "board papers"
    """
    from icelos.jobs.copilot.bait import withdraw
    from icelos.settings import load

    withdraw(load().settings, name)
    output.note(f"removed: {name}")


def _show(canaries: list[Canary], *, json: bool) -> None:
    if json:
        for one in canaries:
            output.json_line(
                {"name": one.name, "groups": one.groups, "document": one.document, "created": one.created}
            )
        return
    output.table(
        ("name", "groups", "document", "created"),
        [
            (c.name, ", ".join(c.groups) or "nobody", c.document, f"{c.created:%Y-%m-%d %H:%M}")
            for c in canaries
        ],
    )


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    app.add_typer(group, name="canary")
